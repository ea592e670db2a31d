/* ---
name = "anonymizer"
title = "Tor, VPN, SOCKS and proxies"
question = "Who hid where a connection goes?"
kind = "detection"
severity = "medium"
category = "tunnel"
evidence = "service"
technique = ["T1090.003", "T1572"]
needs = ["connections.server_port|events.dst_name|events.app"]
false_positives = [
    "the company's own VPN gateway or proxy, where fewer than half of the machines use it",
    "Wi-Fi calling, which uses IPsec's ports",
]
next = "long-connections"
columns = { connection_id = "connection", severity = "high for what is known by name or application, by port medium, or low where the client has many peers", reason = "what it is known as" }
--- */
WITH ports AS (
    SELECT CAST(value AS USMALLINT) AS port, min(label) AS label FROM indicators WHERE kind = 'port' AND category IN ('tor', 'vpn', 'proxy') GROUP BY value
),
known AS (
    SELECT connection_id, string_agg(DISTINCT concat_ws(' ', label, '(' || basis, known_as || ')'), '; ' ORDER BY concat_ws(' ', label, '(' || basis, known_as || ')')) AS reason
    FROM indicated
    WHERE category IN ('tor', 'vpn', 'proxy')
    GROUP BY connection_id
)
SELECT connection_id, 'high' AS severity, reason FROM known
UNION ALL
SELECT e.connection_id, CASE WHEN b.client_ip IS NULL THEN 'medium' ELSE 'low' END,
    concat_ws(' ', p.label, 'on', concat_ws('/', e.server_port, e.protocol) || ',', e.outcome)
FROM egress AS e
JOIN ports AS p ON p.port = e.server_port
LEFT JOIN busy_clients AS b ON b.client_ip = e.client_ip
WHERE e.protocol IN ('tcp', 'udp')
  AND e.connection_id NOT IN (SELECT k.connection_id FROM known AS k)
  AND e.server_ip NOT IN (SELECT s.server_ip FROM common_servers AS s)
