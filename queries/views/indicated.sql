/* ---
name = "indicated"
title = "Connections whose server or application indicators or warning lists know"
kind = "view"

[columns]
connection_id = "connection"
category = "category of the indicator"
label = "what it is"
basis = "what of the connection was known: address, name or app"
known_as = "that address, name or application"
source = "who says so"
--- */
SELECT c.connection_id, h.category, h.label, 'address' AS basis, h.value AS known_as, h.source
FROM connections AS c
JOIN indicator_hits AS h ON h.kind = 'ip' AND h.value = c.server_ip
UNION ALL
SELECT c.connection_id, h.category, h.label, 'name', h.value, h.source
FROM connections AS c
JOIN indicator_hits AS h ON h.kind = 'name' AND h.value = c.server_name
UNION ALL
SELECT c.connection_id, h.category, h.label, 'name', h.value, h.source
FROM connections AS c
JOIN addresses AS s ON s.ip = c.server_ip
JOIN indicator_hits AS h ON h.kind = 'name' AND h.value = s.name
WHERE c.server_name IS NULL
UNION ALL
SELECT c.connection_id, h.category, h.label, 'app', h.value, h.source
FROM connections AS c
JOIN indicator_hits AS h ON h.kind = 'app' AND h.value = c.app
