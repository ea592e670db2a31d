/* ---
name = "suspects"
title = "Which owners each violation's origin had: sandboxes and pods, else hosts, else anybody"
kind = "build"
[params.skew_s]
type = "float"
default = 2.0
help = "seconds by which the clocks of a sensor and of a trace may differ"
--- */
-- When each violation began, by the one sensor that tells it best: not cut to whole seconds, then the earliest.
CREATE OR REPLACE TEMP TABLE sighted AS
SELECT g.violation_id, e.sensor,
    min(CASE WHEN k.offset_s IS NULL THEN e.ts ELSE e.ts + to_microseconds(CAST(k.offset_s * 1000000 AS BIGINT)) END) AS began,
    bool_and(epoch_us(e.ts) % 1000000 = 0) AS coarse
FROM (SELECT DISTINCT violation_id, connection_id FROM grouped) AS g
JOIN connection_events AS c USING (connection_id)
JOIN events AS e ON e.source_id = c.source_id AND e.line_no = c.line_no AND e.record_no = c.record_no
LEFT JOIN (SELECT sensor, offset_s FROM clocks WHERE basis = 'declared' AND host IS NULL) AS k ON k.sensor = e.sensor
GROUP BY g.violation_id, e.sensor
QUALIFY row_number() OVER (PARTITION BY g.violation_id ORDER BY coarse, began, e.sensor) = 1;

CREATE OR REPLACE TEMP TABLE suspects AS
SELECT
    row_number() OVER () AS suspect, violation_id, any_value(category) AS category, ip, scopes, any_value(sensor) AS sensor,
    any_value(via) AS via, bool_or(is_translator) AS is_translator,
    any_value(began) AS low, greatest(any_value(began), max(high)) AS high,
    list(DISTINCT server_ip)[:64] AS server_ips,
    list_filter(list_distinct(list_concat(list(DISTINCT server_name)[:64], list(DISTINCT name)[:64])), lambda n: n IS NOT NULL) AS server_names,
    list(DISTINCT server_port)[:64] AS server_ports,
    list(DISTINCT ip_key)[:64] AS server_keys,
    bool_and(client_scope = 'external' AND server_scope = 'external') AS passes_by,
    bool_and(client_scope = 'external') AS from_outside
FROM (
    SELECT DISTINCT g.violation_id, g.connection_id, g.category, t.sensor, t.began, g.server_ip, g.server_name, g.server_port,
        o.ip, o.scopes, o.via, o.is_translator, o.low, o.high, s.name, s.ip_key, c.scope AS client_scope, s.scope AS server_scope
    FROM grouped AS g
    JOIN origins AS o USING (connection_id)
    JOIN sighted AS t ON t.violation_id = g.violation_id
    LEFT JOIN addresses AS s ON s.ip = g.server_ip
    LEFT JOIN addresses AS c ON c.ip = o.ip
)
GROUP BY violation_id, ip, scopes
ORDER BY violation_id, ip;

-- Offsets that were estimated, sensor against trace: where packets seem to come before the calls that make them, or so long
-- after them as no call takes to make its first packet. Those that the analyst declared are in the connections' times already.
CREATE OR REPLACE TEMP TABLE shifts AS
SELECT sensor, host, to_microseconds(CAST(1000000 * offset_s AS BIGINT)) AS shift
FROM clocks
WHERE basis = 'estimated' AND NOT offset_s BETWEEN -3 AND 0.5 AND sensor NOT IN (SELECT sensor FROM clocks WHERE basis = 'declared');

-- `low` and `high` are when it was by the trace's clock.
CREATE OR REPLACE TEMP TABLE owned AS
WITH near AS (
    SELECT s.suspect, s.low + coalesce(k.shift, INTERVAL 0 SECONDS) AS low, s.high + coalesce(k.shift, INTERVAL 0 SECONDS) AS high,
        o.key, o.own, o.owner_kind, o.owner_id, o.scope AS o_scope,
        o.scope IS NULL OR list_contains(s.scopes, o.scope) AS in_view
    FROM suspects AS s
    JOIN owners AS o ON o.ip = s.ip
    LEFT JOIN shifts AS k ON k.sensor = s.sensor AND k.host = coalesce(o.scope, o.owner_id)
    WHERE coalesce(o.low <= s.low + coalesce(k.shift, INTERVAL 0 SECONDS) + to_microseconds(CAST($skew_s * 1000000 AS BIGINT)), true)
      AND coalesce(o.high >= s.low + coalesce(k.shift, INTERVAL 0 SECONDS) - to_microseconds(CAST($skew_s * 1000000 AS BIGINT)), true)
)
-- The sensor's own view of the address goes before that of others, and a sandbox before its host.
SELECT DISTINCT suspect, key, own, owner_kind, owner_id, low, high
FROM (SELECT * FROM near QUALIFY in_view OR NOT coalesce(bool_or(in_view) FILTER (o_scope IS NOT NULL) OVER (PARTITION BY suspect), false))
QUALIFY own = bool_or(own) OVER (PARTITION BY suspect);

-- Where nobody is known to have had the address, but it is ours: a translator's, or one that talks from the outside of our
-- firewall to the outside. Then anybody may be behind it. Of an inner address only what names its destination is asked.
INSERT INTO owned
SELECT suspect, 'any', false, CASE WHEN is_translator OR passes_by THEN 'any' ELSE 'unknown' END, NULL, low, high
FROM suspects
WHERE suspect NOT IN (SELECT suspect FROM owned) AND (is_translator OR passes_by OR NOT coalesce(from_outside, false));
