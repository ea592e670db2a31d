/* ---
name = "remarked"
title = "The connections of the violations that the last hunt found"
kind = "build"
--- */
CREATE OR REPLACE TEMP TABLE marked AS
SELECT DISTINCT v.violation_id, v.detection, o.connection_id
FROM violations AS v
JOIN violation_events AS e ON e.violation_id = v.violation_id
JOIN connection_events AS o ON o.source_id = e.source_id AND o.line_no = e.line_no AND o.record_no = e.record_no;
