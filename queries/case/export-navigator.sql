/* ---
name = "export-navigator"
title = "What was found of each ATT&CK technique, pattern by pattern"
kind = "case"
--- */
SELECT
    unnest(string_split(technique, ', ')) AS technique, pattern_id, target, service, detections, severity, runs_hit, runs_exposed, n_bouts, first_ts, last_ts,
    verdict
FROM patterns
WHERE technique IS NOT NULL AND suppressed_by IS NULL
ORDER BY technique, runs_hit DESC, n_bouts DESC, pattern_id
