/* ---
name = "addresses-to-ask"
title = "External addresses, those in findings first, and whether a provider has a fresh answer on each"
kind = "case"
[params.provider]
type = "text"
help = "provider"
[params.moment]
type = "time"
help = "now"
[params.again]
type = "bool"
default = false
help = "no answer counts as fresh"
--- */
WITH found AS (
    SELECT ip, max(weight) AS weight
    FROM (
        SELECT dst_ip AS ip, severity FROM violations
        UNION ALL
        SELECT src_ip, severity FROM violations
        UNION ALL
        SELECT unnest(destinations), severity FROM patterns
        UNION ALL
        SELECT unnest(hosts), severity FROM patterns
    ) AS v
    JOIN (SELECT unnest(['informational', 'low', 'medium', 'high', 'critical']) AS severity, unnest([1, 2, 3, 4, 5]) AS weight) AS w
        ON w.severity = v.severity
    GROUP BY ip
),
talks AS (
    SELECT ip, count(*) AS n
    FROM (SELECT server_ip AS ip FROM connections UNION ALL SELECT client_ip FROM connections)
    GROUP BY ip
)
SELECT a.ip,
    NOT $again AND EXISTS (
        SELECT 1 FROM lookups AS l WHERE l.provider = $provider AND l.ip = a.ip AND l.expires_at > $moment
    ) AS is_fresh
FROM addresses AS a
LEFT JOIN found AS f ON f.ip = a.ip
LEFT JOIN talks AS t ON t.ip = a.ip
WHERE a.scope = 'external'
ORDER BY f.weight DESC NULLS LAST, t.n DESC NULLS LAST, a.ip_key
