/* ---
name = "report-evaluability"
title = "Detections that could not be evaluated, in the case or in some runs"
kind = "case"
--- */
SELECT detection,
    bool_or(run_id IS NULL AND state <> 'evaluable') AS nowhere,
    string_agg(DISTINCT missing, '; ' ORDER BY missing) AS missing,
    list_sort(list(DISTINCT run_id) FILTER (run_id IS NOT NULL AND state = 'not evaluable')) AS runs
FROM evaluability
GROUP BY detection
HAVING bool_or(state = 'not evaluable')
ORDER BY nowhere DESC, detection
