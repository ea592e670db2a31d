/* ---
name = "run-list"
title = "Runs with what is known of them and how much of each was observed"
kind = "case"
--- */
SELECT
    r.run_id, r.name, r.started_at, r.ended_at, r.basis,
    (SELECT count(DISTINCT ip) FROM run_addresses AS a WHERE a.run_id = r.run_id) AS addresses,
    (SELECT count(*) FROM activity AS a WHERE a.run_id = r.run_id AND a.kind = 'tool_call') AS tool_calls,
    (SELECT list_sort(list(DISTINCT sensor)) FROM exposures AS e WHERE e.run_id = r.run_id) AS sensors,
    (
        SELECT round(max(s) / epoch(r.ended_at - r.started_at), 3)
        FROM (SELECT sum(seconds) AS s FROM exposures AS e WHERE e.run_id = r.run_id GROUP BY sensor)
    ) AS observed_share
FROM runs AS r
ORDER BY r.started_at, r.run_id
