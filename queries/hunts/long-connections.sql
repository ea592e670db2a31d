/* ---
name = "long-connections"
title = "Long connections, added up"
question = "Which client kept connections to one service open longest, all of them together?"
kind = "hunt"
technique = ["T1572"]
needs = ["connections.duration"]
false_positives = [
    "Monitoring agents, message queues, database pools and administrators' sessions.",
    "An end that was not logged or got lost makes a connection look open: open_hours says what it may have lasted, not what it did.",
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
connections = "connections that were not denied, and lasted or are open"
still_open = "those of them whose start was logged and whose end was not"
open_hours = "hours from the start of the oldest of these to the sensor's last record: what it may have lasted"
bytes_out = "bytes from client to server"
bytes_in = "bytes from server to client"
runs_hit = "runs that they certainly belong to"
first_ts = "start of the first"
last_ts = "end of the last"

[params]
min_hours = { type = "float", default = 1.0, help = "least number of hours together, or that an open one may have lasted" }
--- */
WITH ends AS (
    SELECT sensor, max(bucket) + INTERVAL 1 MINUTE AS ended_at FROM source_coverage GROUP BY sensor
),
pairs AS (
    SELECT
        c.client_ip, c.server_ip, c.server_port, c.protocol,
        sum(c.duration) / 3600 AS hours,
        max(c.duration) / 3600 AS longest_hours,
        count(*) AS connections,
        count(*) FILTER (c.is_open) AS still_open,
        max(epoch(e.ended_at - c.first_ts)) FILTER (c.is_open) / 3600 AS open_hours,
        CAST(sum(c.bytes_out) AS UBIGINT) AS bytes_out,
        CAST(sum(c.bytes_in) AS UBIGINT) AS bytes_in,
        count(DISTINCT c.run_id) AS runs_hit,
        min(c.first_ts) AS first_ts,
        max(c.last_ts) AS last_ts
    FROM connections AS c
    LEFT JOIN ends AS e ON e.sensor = c.sensors[1]
    WHERE c.action IS DISTINCT FROM 'deny' AND (c.duration > 0 OR c.is_open)
    GROUP BY c.client_ip, c.server_ip, c.server_port, c.protocol
)
SELECT
    p.client_ip, p.server_ip, a.name AS server_name, a.scope AS server_scope, p.server_port, p.protocol,
    p.hours, p.longest_hours, p.connections, p.still_open, p.open_hours, p.bytes_out, p.bytes_in, p.runs_hit, p.first_ts, p.last_ts
FROM pairs AS p
LEFT JOIN addresses AS a ON a.ip = p.server_ip
WHERE greatest(p.hours, p.open_hours) >= $min_hours
ORDER BY greatest(p.hours, p.open_hours) DESC, p.client_ip, p.server_ip, p.server_port, p.protocol
