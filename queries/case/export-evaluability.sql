/* ---
name = "export-evaluability"
title = "Which detections the last hunt could not evaluate on the case as a whole"
kind = "case"
--- */
SELECT detection, state, missing
FROM evaluability
WHERE run_id IS NULL
ORDER BY detection
