/* ---
name = "made-by"
title = "Hunt, rule version, parameters and fingerprint behind the current findings of a detection"
kind = "case"
[params.rule]
type = "text"
help = "detection"
--- */
SELECT h.hunt_id, h.started_at, h.fingerprint,
    json_extract_string(h.versions, '$.fwforensics') AS tool,
    json_extract_string(json_extract(h.versions, '$.detections'), '$."' || $rule || '"') AS version,
    json_extract_string(json_extract(h.parameters, '$.detection_parameters'), '$."' || $rule || '"') AS parameters
FROM hunts AS h
ORDER BY h.hunt_id DESC
LIMIT 1
