/* ---
name = "report-hours"
title = "Bouts of patterns by hour of day, UTC"
kind = "case"
[params.chosen]
type = "list"
help = "patterns"
--- */
SELECT pattern_id, CAST(hour(ts) AS INTEGER) AS clock, count(*) AS n
FROM pattern_bouts
WHERE pattern_id IN (SELECT unnest($chosen))
GROUP BY pattern_id, clock
ORDER BY pattern_id, clock
