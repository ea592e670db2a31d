/* ---
name = "mining-port"
title = "Ports that mining pools listen on, outside"
question = "Who tried to reach, or reached, an external address on a port that pools use?"
kind = "detection"
severity = "medium"
category = "mining"
evidence = "service"
technique = ["T1496.001", "T1571"]
needs = ["connections.server_port"]
false_positives = [
    "other software on the same ports: development servers, games, ADB, data distribution; internal targets are left out",
    "peer-to-peer programs, which use any port",
]
next = "deny-then-allow"
columns = { connection_id = "connection", severity = "low where the client has many peers, else medium", reason = "the port, and what uses it" }
--- */
-- Clients with many peers reach any port sooner or later: there one port says little.
WITH ports AS (
    SELECT CAST(value AS USMALLINT) AS port, min(label) AS label FROM indicators WHERE kind = 'port' AND category = 'mining' GROUP BY value
)
SELECT e.connection_id, CASE WHEN b.client_ip IS NULL THEN 'medium' ELSE 'low' END AS severity,
    concat_ws(' ', e.server_port || '/tcp:', p.label || ',', e.outcome, 'at', coalesce(e.target_name, e.server_ip)) AS reason
FROM egress AS e
JOIN ports AS p ON p.port = e.server_port
LEFT JOIN busy_clients AS b ON b.client_ip = e.client_ip
WHERE e.protocol = 'tcp'
  AND e.server_ip NOT IN (SELECT s.server_ip FROM common_servers AS s)
