/* ---
name = "report-presence"
title = "Bouts of each pattern in each run"
kind = "case"
[params.chosen]
type = "list"
help = "patterns"
--- */
SELECT pattern_id, run_id, count(*) AS n_bouts, min(ts) AS first_ts
FROM pattern_bouts
WHERE run_id IS NOT NULL AND pattern_id IN (SELECT unnest($chosen))
GROUP BY pattern_id, run_id
ORDER BY pattern_id, run_id
