/* ---
name = "exposure-list"
title = "When each run could have been seen"
kind = "case"
--- */
SELECT * FROM exposures ORDER BY run_id, sensor, started_at
