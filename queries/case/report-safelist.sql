/* ---
name = "report-safelist"
title = "What each entry of the safelist hides of the last hunt, and why"
kind = "case"
[params.moment]
type = "time"
help = "what counts as now"
--- */
SELECT s.entry_id, s.kind, s.value, s.side, s.port, s.detection, s.reason, s.owner, s.expires_at,
    s.expires_at IS NOT NULL AND s.expires_at <= $moment AS expired,
    (SELECT count(*) FROM violations AS v WHERE v.suppressed_by = s.entry_id) AS violations,
    (SELECT count(*) FROM patterns AS p WHERE p.suppressed_by = s.entry_id) AS patterns
FROM safelist AS s
ORDER BY violations DESC, s.entry_id
