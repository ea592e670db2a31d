/* ---
name = "deny-then-allow"
title = "Denied, then let through another way"
question = "Who was denied, and soon after got through to the same target on another port, or on the same port to another address?"
kind = "hunt"
needs = ["connections.action"]
false_positives = [
    "Software that tries several mirrors or ports in turn.",
    "A service that falls back from IPv6 to IPv4 or from QUIC (443/udp) to TLS (443/tcp).",
]
next = "timeline"

[columns]
client_ip = "who"
denied_ip = "address that it was denied"
denied_port = "port that it was denied"
denied_protocol = "protocol that it was denied"
allowed_ip = "address that it got through to"
allowed_port = "port that it got through on"
allowed_protocol = "protocol that it got through with"
changed = "port (the same address), address (the same port and protocol), or both (within one name, or one external /24 or /48)"
target_name = "name of the address that it got through to"
times = "how often that happened"
runs_hit = "runs that it certainly happened in"
shortest_seconds = "shortest time from the denial to the connection that got through"
first_ts = "first connection that got through this way"
last_ts = "last one"

[params]
window_minutes = { type = "int", default = 10, help = "longest time from a denial to what got through; what the client already used in this time before the denial does not count" }
--- */
WITH spoken AS (
    SELECT c.connection_id, c.client_ip, c.server_ip, c.server_port, c.protocol, c.first_ts, c.run_id, c.action,
        CASE
            WHEN a.name IS NOT NULL THEN a.name
            WHEN a.scope = 'external' THEN substr(a.ip_key, 1, CASE a.version WHEN 4 THEN 30 ELSE 12 END)
            ELSE c.server_ip
        END AS target
    FROM connections AS c
    JOIN addresses AS a ON a.ip = c.server_ip
    WHERE c.client_ip IN (SELECT d.client_ip FROM connections AS d WHERE d.action = 'deny')
      AND (c.action IS NOT NULL OR c.bytes_in > 0 OR c.packets_in > 0)
),
-- What got through, with the time that the same client last got through to the same place.
passed AS (
    SELECT *, lag(first_ts) OVER (PARTITION BY client_ip, server_ip, server_port, protocol ORDER BY first_ts) AS before_ts
    FROM spoken
    WHERE action IS DISTINCT FROM 'deny' AND server_port IS NOT NULL
    QUALIFY before_ts IS NULL OR before_ts < first_ts - to_minutes($window_minutes)
),
refused AS (
    SELECT client_ip, server_ip, server_port, protocol, target, first_ts, (server_ip, server_port, protocol) AS what
    FROM spoken
    WHERE action = 'deny'
),
refused_address AS (
    SELECT client_ip, server_ip, first_ts, min(what) AS what FROM refused GROUP BY client_ip, server_ip, first_ts
),
refused_port AS (
    SELECT client_ip, server_port, protocol, first_ts, min(what) AS what FROM refused GROUP BY client_ip, server_port, protocol, first_ts
),
refused_target AS (
    SELECT client_ip, target, first_ts, min(what) AS what FROM refused GROUP BY client_ip, target, first_ts
),
turned AS (
    SELECT p.*, d.what, d.first_ts AS denied_ts, 'port' AS changed
    FROM passed AS p
    ASOF JOIN refused_address AS d ON d.client_ip = p.client_ip AND d.server_ip = p.server_ip AND d.first_ts <= p.first_ts
    WHERE (d.what[2], d.what[3]) IS DISTINCT FROM (p.server_port, p.protocol)
    UNION ALL
    SELECT p.*, d.what, d.first_ts, 'address'
    FROM passed AS p
    ASOF JOIN refused_port AS d
        ON d.client_ip = p.client_ip AND d.server_port = p.server_port AND d.protocol = p.protocol AND d.first_ts <= p.first_ts
    WHERE d.what[1] <> p.server_ip
    UNION ALL
    SELECT p.*, d.what, d.first_ts, 'both'
    FROM passed AS p
    ASOF JOIN refused_target AS d ON d.client_ip = p.client_ip AND d.target = p.target AND d.first_ts <= p.first_ts
    WHERE d.what[1] <> p.server_ip AND (d.what[2], d.what[3]) IS DISTINCT FROM (p.server_port, p.protocol)
),
-- That both changed is said only where nothing nearer was denied.
nearest AS (
    SELECT *
    FROM turned
    WHERE first_ts <= denied_ts + to_minutes($window_minutes)
      AND (before_ts IS NULL OR before_ts < denied_ts - to_minutes($window_minutes))
    QUALIFY changed <> 'both' OR count(*) FILTER (changed <> 'both') OVER (PARTITION BY connection_id) = 0
)
SELECT
    t.client_ip, t.what[1] AS denied_ip, t.what[2] AS denied_port, t.what[3] AS denied_protocol,
    t.server_ip AS allowed_ip, t.server_port AS allowed_port, t.protocol AS allowed_protocol,
    t.changed, any_value(a.name) AS target_name,
    count(*) AS times, count(DISTINCT t.run_id) AS runs_hit,
    min(epoch(t.first_ts - t.denied_ts)) AS shortest_seconds,
    min(t.first_ts) AS first_ts, max(t.first_ts) AS last_ts
FROM nearest AS t
JOIN addresses AS a ON a.ip = t.server_ip
GROUP BY t.client_ip, t.what, t.server_ip, t.server_port, t.protocol, t.changed
ORDER BY runs_hit DESC, times DESC, first_ts, client_ip, denied_ip, denied_port, denied_protocol, allowed_ip, allowed_port, allowed_protocol, changed
