/* ---
name = "pattern-lines"
title = "Lines of evidence of a pattern"
kind = "case"
--- */
SELECT DISTINCT e.source_id, e.line_no
FROM pattern_violations AS p JOIN violation_events AS e USING (violation_id)
WHERE p.pattern_id = $finding
ORDER BY ALL
