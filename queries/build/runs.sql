/* ---
name = "runs"
title = "Runs that no manifest names: from activity, and from sources that the analyst tied to a run"
kind = "build"
--- */
DELETE FROM runs WHERE basis = 'derived';

INSERT INTO runs (run_id, started_at, ended_at, basis)
SELECT run_id, min(started_at), max(ended_at), 'derived'
FROM (
    SELECT run_id, started_at, coalesce(ended_at, started_at) AS ended_at FROM activity
    UNION ALL SELECT run_id, first_ts, last_ts FROM sources
)
WHERE run_id IS NOT NULL AND run_id NOT IN (SELECT run_id FROM runs)
GROUP BY run_id
ORDER BY run_id;
