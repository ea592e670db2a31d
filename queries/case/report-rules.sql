/* ---
name = "report-rules"
title = "The SQL of detections, in the version that the last hunt ran"
kind = "case"
[params.chosen]
type = "list"
help = "detections"
--- */
SELECT r.name, r.version, r.sql
FROM rules AS r
CROSS JOIN (SELECT versions FROM hunts ORDER BY hunt_id DESC LIMIT 1) AS h
WHERE r.name IN (SELECT unnest($chosen)) AND r.version = json_extract_string(json_extract(h.versions, '$.detections'), '$."' || r.name || '"')
ORDER BY r.name
