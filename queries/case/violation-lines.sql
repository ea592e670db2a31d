/* ---
name = "violation-lines"
title = "Lines of evidence of a violation"
kind = "case"
--- */
SELECT DISTINCT source_id, line_no FROM violation_events WHERE violation_id = $finding ORDER BY ALL
