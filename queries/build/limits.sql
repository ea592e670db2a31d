/* ---
name = "limits"
title = "Patterns whose rule logs up to a ceiling again and again, as a logging limit does, or whose sensor says that it left rows out"
kind = "build"
[params.ceiling_least]
type = "int"
default = 3
help = "rows in a minute (or hour) from which on a ceiling is looked for"
[params.ceiling_hits]
type = "int"
default = 5
help = "minutes (or hours) that reach it"
--- */
CREATE OR REPLACE TEMP TABLE ruled AS
SELECT DISTINCT c.pattern_id, e.sensor, e.rule, e.kind
FROM pattern_connections AS c
JOIN connection_events AS x USING (connection_id)
JOIN events AS e ON e.source_id = x.source_id AND e.line_no = x.line_no AND e.record_no = x.record_no;

-- Chance has no ceiling: where counts pile up at one height there are many more of it than of one row less, and few above.
-- Clocks pile up, too, but always the same ones: what a limit cuts is spread over the minute, and another in each.
CREATE OR REPLACE TEMP TABLE limited AS
WITH varied AS (
    SELECT sensor, rule, count(DISTINCT (src_ip, dst_ip, dst_port)) AS streams
    FROM events
    WHERE (sensor, rule) IN (SELECT sensor, rule FROM ruled WHERE rule IS NOT NULL AND kind = 'firewall') AND kind = 'firewall'
    GROUP BY sensor, rule
),
counted AS (
    SELECT e.sensor, e.rule, unit, time_bucket(unit, e.ts) AS bucket, count(*) AS n,
        epoch(max(e.ts) - min(e.ts)) AS spread_s, count(DISTINCT (e.src_ip, e.dst_ip, e.dst_port)) AS streams
    FROM events AS e CROSS JOIN (VALUES (INTERVAL 1 MINUTE), (INTERVAL 1 HOUR)) AS u (unit)
    WHERE (e.sensor, e.rule) IN (SELECT sensor, rule FROM ruled WHERE rule IS NOT NULL AND kind = 'firewall') AND e.kind = 'firewall'
    GROUP BY ALL
),
heights AS (
    SELECT sensor, rule, unit, n, count(*) AS hits, count(*) FILTER (spread_s >= epoch(unit) / 2) AS spread, avg(streams) AS streams,
        coalesce(sum(count(*)) OVER (PARTITION BY sensor, rule, unit ORDER BY n DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS above
    FROM counted
    GROUP BY sensor, rule, unit, n
),
ceilings AS (
    SELECT DISTINCT h.sensor, h.rule
    FROM heights AS h
    JOIN varied AS v ON v.sensor IS NOT DISTINCT FROM h.sensor AND v.rule = h.rule
    LEFT JOIN heights AS b ON b.sensor IS NOT DISTINCT FROM h.sensor AND b.rule = h.rule AND b.unit = h.unit AND b.n = h.n - 1
    WHERE h.n >= $ceiling_least AND h.hits >= $ceiling_hits AND h.hits >= 2 * coalesce(b.hits, 0) AND h.above <= h.hits / 2 AND h.spread > h.hits / 2 AND v.streams >= 2 * h.streams
)
SELECT r.pattern_id, max(n) AS suppressed, bool_or(c.rule IS NOT NULL) AS at_ceiling
FROM ruled AS r
LEFT JOIN ceilings AS c ON c.sensor IS NOT DISTINCT FROM r.sensor AND c.rule = r.rule
LEFT JOIN (
    SELECT p.pattern_id, v.sensor, sum(v.lost) AS n
    FROM (SELECT pattern_id, min(first_ts) AS low, max(last_ts) AS high FROM pattern_connections GROUP BY pattern_id) AS p
    JOIN source_coverage AS v ON v.lost > 0 AND v.bucket BETWEEN p.low - INTERVAL 1 MINUTE AND p.high
    GROUP BY ALL
) AS l ON l.pattern_id = r.pattern_id AND l.sensor IS NOT DISTINCT FROM r.sensor
WHERE r.kind = 'firewall'
GROUP BY r.pattern_id
HAVING suppressed > 0 OR at_ceiling;
