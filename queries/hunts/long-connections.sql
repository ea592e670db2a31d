/* ---
name = "long-connections"
title = "Long connections, added up"
question = "Which client kept connections to one service open longest, all of them together?"
kind = "hunt"
technique = ["T1572"]
needs = ["connections.duration"]
false_positives = [
    "Monitoring agents, message queues, database pools and administrators' sessions.",
    "A log of first packets has no durations: its connections look short. Flow exports and session logs have them.",
]
next = "recurring-violations"

[columns]
client_ip = "who opened the connections"
server_ip = "to whom"
server_name = "its name, where it has exactly one in the case"
server_scope = "internal, external or special"
server_port = "port"
protocol = "protocol"
hours = "hours of all connections together"
longest_hours = "hours of the longest"
connections = "connections that were not denied"
still_open = "those of them whose start was logged and whose end was not"
bytes_out = "bytes from client to server"
bytes_in = "bytes from server to client"
runs_hit = "runs that they certainly belong to"
first_ts = "start of the first"
last_ts = "end of the last"

[params]
min_hours = { type = "float", default = 1.0, help = "least number of hours together" }
--- */
SELECT *
FROM (
    SELECT
        c.client_ip, c.server_ip, any_value(a.name) AS server_name, any_value(a.scope) AS server_scope, c.server_port, c.protocol,
        sum(c.duration) / 3600 AS hours,
        max(c.duration) / 3600 AS longest_hours,
        count(*) AS connections,
        count(*) FILTER (c.is_open) AS still_open,
        CAST(sum(c.bytes_out) AS UBIGINT) AS bytes_out,
        CAST(sum(c.bytes_in) AS UBIGINT) AS bytes_in,
        count(DISTINCT c.run_id) AS runs_hit,
        min(c.first_ts) AS first_ts,
        max(c.last_ts) AS last_ts
    FROM connections AS c
    LEFT JOIN addresses AS a ON a.ip = c.server_ip
    WHERE c.action IS DISTINCT FROM 'deny'
    GROUP BY c.client_ip, c.server_ip, c.server_port, c.protocol
)
WHERE hours >= $min_hours
ORDER BY hours DESC, client_ip, server_ip, server_port, protocol
