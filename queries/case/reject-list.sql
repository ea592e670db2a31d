/* ---
name = "reject-list"
title = "Rejected lines"
kind = "case"
--- */
SELECT r.source_id, s.path, r.line_no, r.reason, r.raw
FROM rejects AS r JOIN sources AS s USING (source_id)
WHERE $only IS NULL OR r.source_id = $only
ORDER BY r.source_id, r.line_no
