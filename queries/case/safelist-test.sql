/* ---
name = "safelist-test"
title = "What an entry would have hidden: for each pattern, how many of its violations, and in which runs"
kind = "case"
--- */
SELECT p.pattern_id, p.severity, p.category, p.target, p.service,
    count(*) FILTER (f.entry_id IS NOT NULL) AS would_hide,
    count(*) AS violations,
    count(*) = count(f.entry_id) AS whole_pattern,
    coalesce(list_sort(list(DISTINCT v.run_id) FILTER (f.entry_id IS NOT NULL AND v.run_id IS NOT NULL)), []) AS runs
FROM patterns AS p
JOIN pattern_violations AS o ON o.pattern_id = p.pattern_id
JOIN violations AS v ON v.violation_id = o.violation_id
JOIN (
    SELECT m.violation_id, CASE WHEN count(*) = count(a.entry_id) THEN min(a.entry_id) END AS entry_id
    FROM marked AS m
    LEFT JOIN accepted AS a ON a.connection_id = m.connection_id AND a.detection = m.detection
    GROUP BY m.violation_id
) AS f ON f.violation_id = v.violation_id
GROUP BY p.pattern_id, p.severity, p.category, p.target, p.service
HAVING count(f.entry_id) > 0
ORDER BY list_position(['informational', 'low', 'medium', 'high', 'critical'], p.severity) DESC, would_hide DESC, p.pattern_id
