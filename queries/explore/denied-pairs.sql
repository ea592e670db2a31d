/* ---
name = "denied-pairs"
title = "Who was denied what"
question = "Which clients were denied which services, how often, and in how many runs?"
kind = "explore"
needs = ["connections.action"]
false_positives = ["Scans from the internet are denied all day: client_scope tells them from your own machines."]
next = "deny-then-allow"

[columns]
client_ip = "address that opened the connections"
client_scope = "internal, external or special"
server_ip = "address that they were opened to"
server_name = "its name, where it has exactly one in the case"
server_scope = "internal, external or special"
server_port = "port"
protocol = "protocol"
connections = "connections that no sensor let through"
attempts = "records of them, retransmissions included"
runs_hit = "runs that they certainly belong to"
first_ts = "first"
last_ts = "last"
--- */
SELECT
    c.client_ip, any_value(o.scope) AS client_scope,
    c.server_ip, any_value(a.name) AS server_name, any_value(a.scope) AS server_scope, c.server_port, c.protocol,
    count(*) AS connections,
    CAST(sum(c.n_events) AS UBIGINT) AS attempts,
    count(DISTINCT c.run_id) AS runs_hit,
    min(c.first_ts) AS first_ts,
    max(c.last_ts) AS last_ts
FROM connections AS c
LEFT JOIN addresses AS a ON a.ip = c.server_ip
LEFT JOIN addresses AS o ON o.ip = c.client_ip
WHERE c.action = 'deny'
GROUP BY c.client_ip, c.server_ip, c.server_port, c.protocol
ORDER BY connections DESC, c.client_ip, c.server_ip, c.server_port, c.protocol
