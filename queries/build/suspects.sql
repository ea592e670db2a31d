/* ---
name = "suspects"
title = "Which owners each violation's origin had: sandboxes and pods, else hosts, else anybody"
kind = "build"
[params.skew_s]
type = "float"
default = 2.0
help = "seconds by which the clocks of a sensor and of a trace may differ"
--- */
CREATE OR REPLACE TEMP TABLE suspects AS
SELECT
    row_number() OVER () AS suspect, violation_id, any_value(category) AS category, ip, scopes, list_distinct(flatten(list(sensors))) AS sensors,
    any_value(via) AS via, bool_or(is_translator) AS is_translator,
    min(low) AS low, max(high) AS high,
    list(DISTINCT server_ip)[:64] AS server_ips,
    list_filter(list_distinct(list_concat(list(DISTINCT server_name)[:64], list(DISTINCT name)[:64])), lambda n: n IS NOT NULL) AS server_names,
    list(DISTINCT server_port)[:64] AS server_ports,
    list(DISTINCT ip_key)[:64] AS server_keys,
    bool_and(client_scope = 'external' AND server_scope = 'external') AS passes_by,
    bool_and(client_scope = 'external') AS from_outside
FROM (
    SELECT DISTINCT g.violation_id, g.connection_id, g.category, g.sensors, g.server_ip, g.server_name, g.server_port,
        o.ip, o.scopes, o.via, o.is_translator, o.low, o.high, s.name, s.ip_key, c.scope AS client_scope, s.scope AS server_scope
    FROM grouped AS g
    JOIN origins AS o USING (connection_id)
    LEFT JOIN addresses AS s ON s.ip = g.server_ip
    LEFT JOIN addresses AS c ON c.ip = o.ip
)
GROUP BY violation_id, ip, scopes
ORDER BY violation_id, ip;

-- Offsets that were estimated, sensor against trace, and are more than a call takes to make its first packet. Those that the
-- analyst declared are in the times of the connections already.
CREATE OR REPLACE TEMP TABLE shifts AS
SELECT s.suspect, k.host, to_microseconds(CAST(1000000 * any_value(k.offset_s) AS BIGINT)) AS shift
FROM suspects AS s JOIN clocks AS k ON list_contains(s.sensors, k.sensor)
WHERE k.basis = 'estimated' AND abs(k.offset_s) >= 3 AND k.sensor NOT IN (SELECT sensor FROM clocks WHERE basis = 'declared')
GROUP BY s.suspect, k.host, len(s.sensors)
HAVING count(*) = len(s.sensors) AND max(k.offset_s) - min(k.offset_s) < 3;

-- `low` and `high` are when it was by the trace's clock.
CREATE OR REPLACE TEMP TABLE owned AS
WITH near AS (
    SELECT s.suspect, s.low + coalesce(k.shift, INTERVAL 0 SECONDS) AS low, s.high + coalesce(k.shift, INTERVAL 0 SECONDS) AS high,
        o.key, o.own, o.owner_kind, o.owner_id, o.scope AS o_scope,
        o.scope IS NULL OR list_contains(s.scopes, o.scope) AS in_view
    FROM suspects AS s
    JOIN owners AS o ON o.ip = s.ip
    LEFT JOIN shifts AS k ON k.suspect = s.suspect AND k.host = coalesce(o.scope, o.owner_id)
    WHERE coalesce(o.low <= s.low + coalesce(k.shift, INTERVAL 0 SECONDS) + to_microseconds(CAST($skew_s * 1000000 AS BIGINT)), true)
      AND coalesce(o.high >= s.low + coalesce(k.shift, INTERVAL 0 SECONDS) - to_microseconds(CAST($skew_s * 1000000 AS BIGINT)), true)
)
-- The sensor's own view of the address goes before that of others, and a sandbox before its host.
SELECT DISTINCT suspect, key, own, owner_kind, owner_id, low, high
FROM (SELECT * FROM near QUALIFY in_view OR NOT coalesce(bool_or(in_view) FILTER (o_scope IS NOT NULL) OVER (PARTITION BY suspect), false))
QUALIFY own = bool_or(own) OVER (PARTITION BY suspect);

-- Where nobody is known to have had the address, but it is ours: a translator's, or one that talks from the outside of our
-- firewall to the outside. Then anybody may be behind it.
INSERT INTO owned
SELECT suspect, 'any', false, 'any', NULL, low, high
FROM suspects
WHERE suspect NOT IN (SELECT suspect FROM owned) AND (is_translator OR passes_by);
