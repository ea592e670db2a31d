/* ---
name = "internal-fan-out"
title = "Who tries many internal hosts or ports"
question = "Which source reached for many different internal hosts, or many different ports, in a short time, and how much of it was denied?"
kind = "hunt"
technique = ["T1046"]
needs = ["connections.server_ip", "addresses.scope"]
false_positives = [
    "Monitoring, vulnerability scanners, service discovery and resolvers reach many hosts by design: their denied share is near zero.",
    "A scan slower than the window, or one that a border of windows cuts, shows with a longer window only.",
]
next = "denied-pairs"

[columns]
client_ip = "source"
window_start = "start of the window"
hosts = "different internal hosts"
ports = "different ports and protocols"
targets = "different host and port pairs"
connections = "connections"
denied = "those of them that were denied"
denied_share = "denied ÷ those that a firewall decided on; NULL where none did"
run_id = "run, where all of it certainly belongs to one"
first_ts = "first"
last_ts = "last"

[params]
min_hosts = { type = "int", default = 5, help = "least number of hosts; either this or min_ports is enough" }
min_ports = { type = "int", default = 10, help = "least number of ports; either this or min_hosts is enough" }
window_minutes = { type = "int", default = 60, help = "length of the windows that hosts and ports are counted in" }
--- */
WITH inside AS (
    SELECT c.client_ip, time_bucket(to_minutes($window_minutes), c.first_ts) AS window_start,
        c.server_ip, c.server_port, c.protocol,
        count(*) AS n,
        count(*) FILTER (c.action = 'deny') AS denied,
        count(c.action) AS decided,
        count(c.run_id) AS n_run, min(c.run_id) AS run_low, max(c.run_id) AS run_high,
        min(c.first_ts) AS first_ts, max(c.last_ts) AS last_ts
    FROM connections AS c
    WHERE c.server_ip <> c.client_ip AND c.server_ip IN (SELECT a.ip FROM addresses AS a WHERE a.scope = 'internal')
    GROUP BY c.client_ip, window_start, c.server_ip, c.server_port, c.protocol
)
SELECT client_ip, window_start, hosts, ports, targets, connections, denied, denied_share, run_id, first_ts, last_ts
FROM (
    SELECT
        client_ip, window_start,
        count(DISTINCT server_ip) AS hosts,
        count(DISTINCT (server_port, protocol)) FILTER (server_port IS NOT NULL) AS ports,
        count(*) AS targets,
        CAST(sum(n) AS BIGINT) AS connections,
        CAST(sum(inside.denied) AS BIGINT) AS denied,
        sum(inside.denied) / nullif(sum(decided), 0) AS denied_share,
        CASE WHEN sum(n_run) = sum(n) AND min(run_low) = max(run_high) THEN min(run_low) END AS run_id,
        min(inside.first_ts) AS first_ts, max(inside.last_ts) AS last_ts
    FROM inside
    GROUP BY client_ip, window_start
)
WHERE hosts >= $min_hosts OR ports >= $min_ports
ORDER BY targets DESC, window_start, client_ip
