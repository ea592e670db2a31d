/* ---
name = "mappings"
title = "Address translations as intervals, whatever recorded them, in the shape in which un-NAT looks them up"
kind = "build"
--- */
-- A mapping is told by several records (its beginning, its end). Those of one device and one set of ends are one mapping
-- from a beginning to the end that follows; the same ends used again are the next one.
CREATE OR REPLACE TEMP TABLE mappings AS
WITH told AS (
    SELECT sensor, protocol, orig_src_ip, orig_src_port, orig_dst_ip, orig_dst_port,
        coalesce(new_src_ip, orig_src_ip) AS new_src_ip, coalesce(new_src_port, orig_src_port) AS new_src_port,
        coalesce(new_dst_ip, orig_dst_ip) AS new_dst_ip, coalesce(new_dst_port, orig_dst_port) AS new_dst_port,
        started_at, ended_at
    FROM translations
    WHERE orig_src_ip IS NOT NULL AND new_src_ip IS DISTINCT FROM orig_src_ip AND new_src_ip IS NOT NULL
    UNION ALL
    SELECT sensor, protocol, src_ip, src_port, dst_ip, dst_port,
        src_nat_ip, coalesce(src_nat_port, src_port), coalesce(dst_nat_ip, dst_ip), coalesce(dst_nat_port, dst_port),
        ts, greatest(ts, coalesce(ts_end, ts))
    FROM events AS e
    WHERE src_nat_ip IS NOT NULL AND src_ip IS NOT NULL
      AND e.source_id NOT IN (SELECT source_id FROM translations WHERE orig_dst_ip IS NOT NULL)
),
numbered AS (
    SELECT *, sum(fresh) OVER (ends ROWS UNBOUNDED PRECEDING) AS nth
    FROM (
        SELECT *, CAST(started_at IS NOT NULL AND coalesce(lag(ended_at) OVER ends < started_at, lag(started_at) OVER ends < started_at AND lag(ended_at) OVER ends IS NULL, true) AS INTEGER) AS fresh
        FROM told
        WINDOW ends AS (PARTITION BY sensor, protocol, orig_src_ip, orig_src_port, orig_dst_ip, orig_dst_port, new_src_ip, new_src_port, new_dst_ip, new_dst_port
                        ORDER BY coalesce(started_at, ended_at), ended_at NULLS FIRST)
    )
    WINDOW ends AS (PARTITION BY sensor, protocol, orig_src_ip, orig_src_port, orig_dst_ip, orig_dst_port, new_src_ip, new_src_port, new_dst_ip, new_dst_port
                    ORDER BY coalesce(started_at, ended_at), ended_at NULLS FIRST)
)
SELECT
    sensor, protocol, orig_src_ip, orig_src_port, orig_dst_ip, orig_dst_port, new_src_ip, new_src_port, new_dst_ip, new_dst_port,
    min(started_at) + to_microseconds(CAST(1000000 * coalesce(any_value(k.offset_s), 0) AS BIGINT)) AS low,
    max(ended_at) + to_microseconds(CAST(1000000 * coalesce(any_value(k.offset_s), 0) AS BIGINT)) AS high,
    CASE WHEN new_src_port IS NULL AND coalesce(protocol, 'tcp') IN ('tcp', 'udp', 'sctp', 'dccp') THEN 'addresses'
         WHEN new_dst_ip IS NULL THEN 'source' ELSE 'whole' END AS shape
FROM numbered
LEFT JOIN (SELECT sensor, offset_s FROM clocks WHERE basis = 'declared' AND host IS NULL) AS k USING (sensor)
GROUP BY sensor, protocol, orig_src_ip, orig_src_port, orig_dst_ip, orig_dst_port, new_src_ip, new_src_port, new_dst_ip, new_dst_port, nth;
