/* ---
name = "violation-candidates"
title = "Tool calls that a violation coincides with, best first"
kind = "case"
--- */
SELECT c.rank, least(round(c.score, 3), 0.999) AS score, c.basis, c.run_id, c.episode_id, c.step, c.tool, a.command, a.started_at, a.ended_at, c.activity_id, c.reason
FROM candidates AS c
LEFT JOIN (
    SELECT activity_id, run_id, episode_id, any_value(command) AS command, min(started_at) AS started_at, max(ended_at) AS ended_at
    FROM activity GROUP BY activity_id, run_id, episode_id
) AS a ON a.activity_id = c.activity_id AND a.run_id IS NOT DISTINCT FROM c.run_id AND a.episode_id IS NOT DISTINCT FROM c.episode_id
WHERE c.violation_id = $finding
ORDER BY c.rank
