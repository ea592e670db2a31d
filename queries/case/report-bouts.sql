/* ---
name = "report-bouts"
title = "When the bouts of patterns began, in runs"
kind = "case"
[params.chosen]
type = "list"
help = "patterns"
--- */
SELECT pattern_id, run_id, epoch_us(ts) / 1000000 AS began
FROM pattern_bouts
WHERE run_id IS NOT NULL AND pattern_id IN (SELECT unnest($chosen))
ORDER BY pattern_id, run_id, ts, bout_no
