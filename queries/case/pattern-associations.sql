/* ---
name = "pattern-associations"
title = "What a pattern was tested against, clearest first"
kind = "case"
--- */
SELECT subject, k, round(e, 2) AS e, p, q FROM associations WHERE pattern_id = $finding ORDER BY p, e - k, subject
