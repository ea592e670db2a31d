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
columns = { connection_id = "connection", reason = "the port or name, and what uses it" }
--- */
WITH ports AS (
    SELECT CAST(value AS USMALLINT) AS port, min(label) AS label FROM indicators WHERE kind = 'port' AND category = 'blockchain' GROUP BY value
)
SELECT e.connection_id, concat_ws(' ', concat_ws('/', e.server_port, e.protocol) || ':', p.label || ',', e.outcome, 'at', coalesce(e.target_name, e.server_ip)) AS reason
FROM egress AS e
JOIN ports AS p ON p.port = e.server_port
WHERE e.protocol IN ('tcp', 'udp')
  AND e.server_ip NOT IN (SELECT s.server_ip FROM common_servers AS s)
  AND e.client_ip NOT IN (SELECT b.client_ip FROM busy_clients AS b)
UNION ALL
SELECT i.connection_id, string_agg(DISTINCT i.label, '; ' ORDER BY i.label)
FROM indicated AS i
WHERE i.category = 'blockchain'
GROUP BY i.connection_id
