/* ---
name = "pattern-bouts"
title = "The bouts of a pattern"
kind = "case"
--- */
SELECT bout_no, host, run_id, ts, ts_end, n_attempts, n_events
FROM pattern_bouts
WHERE pattern_id = $finding
ORDER BY bout_no
