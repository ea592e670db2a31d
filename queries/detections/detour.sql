/* ---
name = "detour"
title = "Denied, then let through another way"
question = "Which connection got through soon after the same client was denied the same target on another port?"
kind = "detection"
severity = "medium"
category = "policy"
evidence = "shape"
technique = ["T1571", "T1090"]
needs = ["connections.action"]
thresholds = ["detour_s", "detour_before_s"]
false_positives = [
    "software that tries several ports in turn by design",
    "HTTP/3 (443/udp) that falls back to HTTPS (443/tcp) is left out",
]
next = "deny-then-allow"
columns = { connection_id = "connection that got through", reason = "what was denied before" }
--- */
-- What the client used in the time before the denial anyway is no way round.
WITH denied_ends AS (
    SELECT DISTINCT client_ip, server_ip FROM connections WHERE action = 'deny'
),
spoken AS (
    SELECT e.connection_id, e.client_ip, e.server_ip, e.server_port, e.protocol, e.first_ts, e.outcome
    FROM egress AS e SEMI JOIN denied_ends AS d ON d.client_ip = e.client_ip AND d.server_ip = e.server_ip
    WHERE e.server_port IS NOT NULL
    UNION ALL
    SELECT e.connection_id, e.client_ip, e.server_ip, e.server_port, e.protocol, e.first_ts, e.outcome
    FROM lateral_traffic AS e SEMI JOIN denied_ends AS d ON d.client_ip = e.client_ip AND d.server_ip = e.server_ip
    WHERE e.server_port IS NOT NULL
),
refused AS (
    SELECT client_ip, server_ip, first_ts, min((server_port, protocol)) AS what
    FROM spoken WHERE outcome = 'denied'
    GROUP BY client_ip, server_ip, first_ts
),
passed AS (
    SELECT *, lag(first_ts) OVER (PARTITION BY client_ip, server_ip, server_port, protocol ORDER BY first_ts, connection_id) AS before_ts
    FROM spoken WHERE outcome IN ('answered', 'unknown')
)
SELECT p.connection_id, printf('%s was denied %.0f s before', concat_ws('/', r.what[1], r.what[2]), epoch(p.first_ts - r.first_ts)) AS reason
FROM passed AS p
ASOF JOIN refused AS r ON r.client_ip = p.client_ip AND r.server_ip = p.server_ip AND r.first_ts <= p.first_ts
WHERE r.what IS DISTINCT FROM (p.server_port, p.protocol)
  AND NOT (r.what[1] = p.server_port AND r.what[2] = 'udp')
  AND p.first_ts <= r.first_ts + to_seconds($detour_s)
  AND (p.before_ts IS NULL OR p.before_ts < r.first_ts - to_seconds($detour_before_s))
