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
        SELECT *,
            CAST(CASE
                WHEN coalesce(started_at, ended_at) IS NULL THEN false
                WHEN lag(ended_at) OVER ends IS NOT NULL THEN lag(ended_at) OVER ends < coalesce(started_at, ended_at)
                WHEN lag(started_at) OVER ends IS NULL THEN true
                -- An end belongs to the beginning before it. A start that was worked out of a duration may be a minute late.
                WHEN ended_at IS NOT NULL THEN coalesce(started_at > lag(started_at) OVER ends + INTERVAL 62 SECONDS, false)
                ELSE started_at > lag(started_at) OVER ends
            END AS INTEGER) AS fresh
        FROM told
        WINDOW ends AS (PARTITION BY sensor, protocol, orig_src_ip, orig_src_port, orig_dst_ip, orig_dst_port, new_src_ip, new_src_port, new_dst_ip, new_dst_port
                        ORDER BY coalesce(started_at, ended_at), ended_at NULLS FIRST)
    )
    WINDOW ends AS (PARTITION BY sensor, protocol, orig_src_ip, orig_src_port, orig_dst_ip, orig_dst_port, new_src_ip, new_src_port, new_dst_ip, new_dst_port
                    ORDER BY coalesce(started_at, ended_at), ended_at NULLS FIRST)
),
single AS (
    SELECT
        sensor, protocol, orig_src_ip, orig_src_port, orig_dst_ip, orig_dst_port, new_src_ip, new_src_port, new_dst_ip, new_dst_port,
        min(started_at) AS low, max(ended_at) AS high, (low IS NULL) <> (high IS NULL) AS half
    FROM numbered
    GROUP BY sensor, protocol, orig_src_ip, orig_src_port, orig_dst_ip, orig_dst_port, new_src_ip, new_src_port, new_dst_ip, new_dst_port, nth
),
-- A device gives translated ends with ports to one connection at a time: where only an end is told, the mapping began no
-- earlier than the one before it ended, and where only a beginning is, it ended when the next one began.
bounded AS (
    SELECT * EXCLUDE (half) FROM single WHERE sensor NOT IN (SELECT sensor FROM single WHERE half AND sensor IS NOT NULL) OR sensor IS NULL
    UNION ALL BY NAME
    SELECT * EXCLUDE (half) REPLACE (
        CASE WHEN half AND new_src_port IS NOT NULL AND new_dst_ip IS NOT NULL THEN coalesce(low, lag(coalesce(high, low)) OVER uses) ELSE low END AS low,
        CASE WHEN half AND new_src_port IS NOT NULL AND new_dst_ip IS NOT NULL THEN coalesce(high, lead(low) OVER uses) ELSE high END AS high
    )
    FROM single
    WHERE sensor IN (SELECT sensor FROM single WHERE half)
    WINDOW uses AS (PARTITION BY sensor, protocol, new_src_ip, new_src_port, new_dst_ip, new_dst_port ORDER BY coalesce(low, high), high NULLS LAST)
)
SELECT
    b.* REPLACE (
        low + to_microseconds(CAST(1000000 * coalesce(k.offset_s, 0) AS BIGINT)) AS low,
        high + to_microseconds(CAST(1000000 * coalesce(k.offset_s, 0) AS BIGINT)) AS high
    ),
    CASE WHEN new_src_port IS NULL AND coalesce(protocol, 'tcp') IN ('tcp', 'udp', 'sctp', 'dccp') THEN 'addresses'
         WHEN new_dst_ip IS NULL THEN 'source' ELSE 'whole' END AS shape
FROM bounded AS b
LEFT JOIN (SELECT sensor, offset_s FROM clocks WHERE basis = 'declared' AND host IS NULL) AS k USING (sensor);
