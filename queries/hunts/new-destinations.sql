/* ---
name = "new-destinations"
title = "Destinations that no earlier run had"
question = "What did each run talk to, or try to, that no run which began before it had talked to?"
kind = "hunt"
needs = ["connections.run_id", "runs.started_at"]
false_positives = [
    "Content networks and cloud services change their addresses: compare names.",
    "An earlier run that was not observed may have had the destination too: earlier_observed says how many there were.",
]
next = "recurring-violations"

[columns]
run_id = "run"
started_at = "start of the run"
server_ip = "destination"
server_name = "its name, where it has exactly one in the case"
server_scope = "internal, external or special"
server_port = "port"
protocol = "protocol"
is_new = "address (no earlier run had it) or port (an earlier run had the address, none this port)"
connections = "connections in the run"
denied = "those of them that were denied"
clients = "addresses that opened them"
earlier_observed = "earlier runs that a sensor could have shown"
first_ts = "first"
last_ts = "last"

[params]
include_ports = { type = "bool", default = false, help = "also new ports of addresses that an earlier run had" }
min_earlier = { type = "int", default = 1, help = "least number of earlier runs that were observed: without one, everything is new" }
--- */
WITH numbered AS (
    SELECT r.run_id, r.started_at, count(*) FILTER (r.run_id IN (SELECT x.run_id FROM exposures AS x UNION SELECT c.run_id FROM connections AS c WHERE c.run_id IS NOT NULL))
        OVER (ORDER BY r.started_at, r.run_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS earlier_observed,
        row_number() OVER (ORDER BY r.started_at, r.run_id) AS nth
    FROM runs AS r
),
had AS (
    SELECT n.run_id, n.started_at, n.nth, n.earlier_observed, c.server_ip, c.server_port, c.protocol,
        count(*) AS connections,
        count(*) FILTER (c.action = 'deny') AS denied,
        count(DISTINCT c.client_ip) AS clients,
        min(c.first_ts) AS first_ts,
        max(c.last_ts) AS last_ts
    FROM connections AS c
    JOIN numbered AS n ON n.run_id = c.run_id
    GROUP BY n.run_id, n.started_at, n.nth, n.earlier_observed, c.server_ip, c.server_port, c.protocol
),
ranked AS (
    SELECT *,
        nth = min(nth) OVER (PARTITION BY server_ip) AS is_new_address,
        nth = min(nth) OVER (PARTITION BY server_ip, server_port, protocol) AS is_new_port
    FROM had
)
SELECT
    h.run_id, h.started_at, h.server_ip, a.name AS server_name, a.scope AS server_scope, h.server_port, h.protocol,
    CASE WHEN h.is_new_address THEN 'address' ELSE 'port' END AS is_new,
    h.connections, h.denied, h.clients, h.earlier_observed, h.first_ts, h.last_ts
FROM ranked AS h
LEFT JOIN addresses AS a ON a.ip = h.server_ip
WHERE h.earlier_observed >= $min_earlier AND (h.is_new_address OR (h.is_new_port AND $include_ports))
ORDER BY h.started_at, h.run_id, h.first_ts, h.server_ip, h.server_port, h.protocol
