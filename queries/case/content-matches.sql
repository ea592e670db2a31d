/* ---
name = "content-matches"
title = "Violations of each pattern whose best candidate's command names their destination: evidence beside the statistics"
kind = "case"
--- */
SELECT p.pattern_id, count(DISTINCT c.violation_id) AS content_matches
FROM candidates AS c
JOIN weighed AS w ON w.violation_id = c.violation_id AND w.activity_id = c.activity_id AND w.names_it
JOIN pattern_violations AS p ON p.violation_id = c.violation_id
WHERE c.rank = 1
GROUP BY p.pattern_id
ORDER BY p.pattern_id
