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
WITH pairs AS (
    SELECT
        client_ip, server_ip, server_port, protocol,
        count(*) AS connections,
        CAST(sum(n_events) AS UBIGINT) AS attempts,
        count(DISTINCT run_id) AS runs_hit,
        min(first_ts) AS first_ts,
        max(last_ts) AS last_ts
    FROM connections
    WHERE action = 'deny'
    GROUP BY client_ip, server_ip, server_port, protocol
)
SELECT
    p.client_ip, c.scope AS client_scope, p.server_ip, s.name AS server_name, s.scope AS server_scope, p.server_port, p.protocol,
    p.connections, p.attempts, p.runs_hit, p.first_ts, p.last_ts
FROM pairs AS p
LEFT JOIN addresses AS s ON s.ip = p.server_ip
LEFT JOIN addresses AS c ON c.ip = p.client_ip
ORDER BY p.connections DESC, p.client_ip, p.server_ip, p.server_port, p.protocol
