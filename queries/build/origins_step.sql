/* ---
name = "origins_step"
title = "One step back through address translations"
kind = "build"
[params.hop]
type = "int"
default = 0
help = "steps gone so far"
[params.slack_s]
type = "float"
default = 2.0
help = "seconds by which a translation may miss the connection, since clocks differ and logs cut to whole seconds"
--- */
-- A port is used again soon: what holds at the time itself goes before what misses it by the slack, a translation of the
-- whole 5-tuple before one that says less, and one with times before one without. What is equally good stays ambiguous.
CREATE OR REPLACE TEMP TABLE stepped AS
WITH here AS (SELECT * FROM trail WHERE hop = $hop),
hits AS (
    SELECT t.*, m.* EXCLUDE (protocol, low, high), m.low AS m_low, m.high AS m_high
    FROM here AS t
    JOIN mappings AS m
        ON m.shape = 'whole' AND m.protocol IS NOT DISTINCT FROM t.protocol AND m.new_src_ip = t.ip
        AND m.new_src_port IS NOT DISTINCT FROM t.port AND m.new_dst_ip = t.dst_ip AND m.new_dst_port IS NOT DISTINCT FROM t.dst_port
    UNION ALL
    -- Seen before the destination was translated.
    SELECT t.*, m.* EXCLUDE (protocol, low, high), m.low, m.high
    FROM here AS t
    JOIN mappings AS m
        ON m.shape = 'whole' AND m.protocol IS NOT DISTINCT FROM t.protocol AND m.new_src_ip = t.ip
        AND m.new_src_port IS NOT DISTINCT FROM t.port AND m.orig_dst_ip = t.dst_ip AND m.orig_dst_port IS NOT DISTINCT FROM t.dst_port
        AND (m.new_dst_ip, m.new_dst_port) IS DISTINCT FROM (m.orig_dst_ip, m.orig_dst_port)
    UNION ALL
    SELECT t.*, m.* EXCLUDE (protocol, low, high), m.low, m.high
    FROM here AS t
    JOIN mappings AS m
        ON m.shape = 'source' AND m.new_src_ip = t.ip AND m.new_src_port IS NOT DISTINCT FROM t.port
        AND coalesce(m.protocol, t.protocol) IS NOT DISTINCT FROM t.protocol
    UNION ALL
    SELECT t.*, m.* EXCLUDE (protocol, low, high), m.low, m.high
    FROM here AS t
    JOIN mappings AS m
        ON m.shape = 'addresses' AND m.new_src_ip = t.ip AND coalesce(m.new_dst_ip, t.dst_ip) = t.dst_ip
        AND coalesce(m.new_dst_port, t.dst_port) IS NOT DISTINCT FROM t.dst_port
        AND coalesce(m.protocol, t.protocol) IS NOT DISTINCT FROM t.protocol
),
judged AS (
    SELECT *,
        coalesce(m_low, m_high) IS NULL AS untimed,
        coalesce(low >= m_low, true) AND coalesce(low <= m_high, true) AS inside,
        (CASE shape WHEN 'whole' THEN 0 WHEN 'source' THEN 1 ELSE 2 END) + (CASE WHEN untimed THEN 20 WHEN inside THEN 0 ELSE 10 END) AS worse
    FROM hits
    WHERE coalesce(m_low <= high + to_microseconds(CAST($slack_s * 1000000 AS BIGINT)), true)
      AND coalesce(m_high >= low - to_microseconds(CAST($slack_s * 1000000 AS BIGINT)), true)
      AND orig_src_ip <> ip
)
SELECT DISTINCT trail_id AS parent_id, connection_id, protocol, orig_src_ip AS ip, orig_src_port AS port,
    coalesce(orig_dst_ip, dst_ip) AS dst_ip, coalesce(orig_dst_port, dst_port) AS dst_port, low, high,
    list_distinct([sensor, split_part(sensor, '.', 1)]) AS scopes,
    concat_ws(', ', via, sensor) AS via
FROM judged
QUALIFY worse = min(worse) OVER (PARTITION BY trail_id);

INSERT INTO trail BY NAME
SELECT row_number() OVER () + (SELECT max(trail_id) FROM trail) AS trail_id, $hop + 1 AS hop, * FROM stepped;
