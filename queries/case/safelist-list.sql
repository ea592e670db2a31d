/* ---
name = "safelist-list"
title = "What has been accepted, and what each entry hides of the last hunt"
kind = "case"
--- */
SELECT s.entry_id, s.kind, s.value, s.side, s.port, s.detection, s.reason, s.owner, s.expires_at,
    s.expires_at IS NOT NULL AND s.expires_at <= CAST(now() AT TIME ZONE 'UTC' AS TIMESTAMP) AS expired,
    (SELECT count(*) FROM violations AS v WHERE v.suppressed_by = s.entry_id) AS violations,
    (SELECT count(*) FROM patterns AS p WHERE p.suppressed_by = s.entry_id) AS patterns,
    s.added_at
FROM safelist AS s
ORDER BY s.kind, s.value, s.entry_id
