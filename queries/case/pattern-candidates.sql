/* ---
name = "pattern-candidates"
title = "Tool calls that a pattern's violations coincide with: for each call, how many of them it is the best candidate of"
kind = "case"
--- */
SELECT count(DISTINCT c.violation_id) AS best_of, least(round(max(c.score), 3), 0.999) AS score, min(c.basis) AS basis, c.run_id, c.episode_id, c.step, c.tool,
    any_value(a.command) AS command, min(a.started_at) AS started_at, arg_max(c.reason, c.score) AS reason
FROM pattern_violations AS p
JOIN candidates AS c ON c.violation_id = p.violation_id AND c.rank = 1
LEFT JOIN activity AS a
    ON a.activity_id = c.activity_id AND a.run_id IS NOT DISTINCT FROM c.run_id AND a.episode_id IS NOT DISTINCT FROM c.episode_id
WHERE p.pattern_id = $finding
GROUP BY c.run_id, c.episode_id, c.step, c.tool, c.activity_id
ORDER BY best_of DESC, score DESC, started_at
