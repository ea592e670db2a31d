/* ---
name = "blockchain-port"
title = "Peers and RPC of block chains, by port or name"
question = "Who talked to a block chain: peers of a network, or somebody's RPC?"
kind = "detection"
severity = "medium"
category = "mining"
evidence = "service"
technique = ["T1496.001"]
needs = ["connections.server_port"]
false_positives = ["other software on the same ports", "projects that work with block chains"]
next = "new-destinations"
columns = { connection_id = "connection", severity = "low by port where the client has many peers, else medium", reason = "the port or name, and what uses it" }
--- */
WITH ports AS (
    SELECT CAST(value AS USMALLINT) AS port, min(label) AS label FROM indicators WHERE kind = 'port' AND category = 'blockchain' GROUP BY value
),
known AS (
    SELECT connection_id, string_agg(DISTINCT label, '; ' ORDER BY label) AS reason FROM indicated WHERE category = 'blockchain' GROUP BY connection_id
)
SELECT connection_id, 'medium' AS severity, reason FROM known
UNION ALL
SELECT e.connection_id, CASE WHEN b.client_ip IS NULL THEN 'medium' ELSE 'low' END,
    concat_ws(' ', concat_ws('/', e.server_port, e.protocol) || ':', p.label || ',', e.outcome, 'at', coalesce(e.target_name, e.server_ip))
FROM egress AS e
JOIN ports AS p ON p.port = e.server_port
LEFT JOIN busy_clients AS b ON b.client_ip = e.client_ip
WHERE e.protocol IN ('tcp', 'udp')
  AND e.server_ip NOT IN (SELECT s.server_ip FROM common_servers AS s)
  AND e.connection_id NOT IN (SELECT k.connection_id FROM known AS k)
