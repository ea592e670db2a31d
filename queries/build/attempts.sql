/* ---
name = "attempts"
title = "From marked connections to attempts: retransmissions are one, summaries of many hits are none"
kind = "build"
[params.chain_first_s]
type = "float"
default = 2.0
help = "longest first gap of a chain of retransmissions"
[params.chain_longest_s]
type = "float"
default = 70.0
help = "longest gap of such a chain"
[params.chain_slack_s]
type = "float"
default = 1.1
help = "by how much a gap may fall short of the one before, or exceed its double"
--- */
CREATE OR REPLACE TEMP TABLE keyed AS
SELECT *, 'P-' || left(sha256(concat_ws('|', target, service, CASE WHEN suppressed_by IS NOT NULL THEN 'suppressed' END)), 12) AS pattern_id FROM grouped;

-- Where a connection comes from: the one machine that had its first known address, else anywhere ('*').
CREATE OR REPLACE TEMP TABLE placed AS
WITH homes AS (
    SELECT DISTINCT ip, coalesce(scope, CASE WHEN owner_kind = 'host' THEN owner_id END) AS host FROM leases
    UNION
    SELECT ip, host FROM hosts
),
housed AS (
    SELECT o.connection_id, h.host, coalesce(list_contains(o.scopes, h.host), false) AS in_view
    FROM origins AS o LEFT JOIN (SELECT * FROM homes WHERE host IS NOT NULL) AS h ON h.ip = o.ip
)
SELECT connection_id, CASE WHEN count(DISTINCT host) = 1 AND count(host) = count(*) THEN any_value(host) ELSE '*' END AS place
FROM (SELECT * FROM housed QUALIFY in_view = bool_or(in_view) OVER (PARTITION BY connection_id))
GROUP BY connection_id;

CREATE OR REPLACE TEMP TABLE pattern_connections AS
SELECT DISTINCT k.pattern_id, k.client_ip AS host, coalesce(p.place, '*') AS place, k.connection_id, k.protocol, k.client_port,
    k.server_ip, k.server_port, k.first_ts, k.last_ts, k.n_events, k.sensors,
    k.client_port IS NULL AND k.protocol IN ('tcp', 'udp') AND k.n_events > 1 AS is_portless
FROM keyed AS k LEFT JOIN placed AS p USING (connection_id);

-- Rows that are looked at one by one: of connections whose source port nobody logged, and summaries of an interval.
CREATE OR REPLACE TEMP TABLE single_rows AS
SELECT c.connection_id, e.source_id, e.line_no, e.record_no, e.sensor,
    e.ts + to_microseconds(CAST(coalesce(k.offset_s, 0) * 1000000 AS BIGINT)) AS ts,
    TRY_CAST(nullif(regexp_extract(CAST(e.extra AS VARCHAR), '"interval": *"([0-9]+)-second', 1), '') AS BIGINT) AS interval_s,
    coalesce(e.action = 'deny' AND e.protocol = 'tcp' AND NOT regexp_matches(coalesce(e.disposition, ''), 'reject|reset|rst'), false) AS is_dropped,
    c.is_portless
FROM (SELECT DISTINCT connection_id, is_portless FROM pattern_connections) AS c
JOIN connection_events AS x USING (connection_id)
JOIN events AS e ON e.source_id = x.source_id AND e.line_no = x.line_no AND e.record_no = x.record_no
LEFT JOIN (SELECT sensor, offset_s FROM clocks WHERE basis = 'declared' AND host IS NULL) AS k ON k.sensor = e.sensor
WHERE c.is_portless OR contains(CAST(e.extra AS VARCHAR), '-second interval');

-- Without a source port a chain of dropped SYNs shows by its gaps: the first is short, each next one at most doubles.
CREATE OR REPLACE TEMP TABLE chained AS
WITH gapped AS (
    SELECT *, epoch(ts - lag(ts) OVER w) AS gap
    -- One sensor is enough: two on the path log the same packet twice.
    FROM (SELECT * FROM single_rows WHERE is_portless QUALIFY sensor IS NOT DISTINCT FROM min(sensor) OVER (PARTITION BY connection_id))
    WINDOW w AS (PARTITION BY connection_id ORDER BY ts, source_id, line_no, record_no)
),
fitting AS (
    SELECT *, is_dropped AND coalesce(
        gap <= $chain_first_s
        OR (gap <= $chain_longest_s AND gap BETWEEN lag(gap) OVER w - $chain_slack_s AND 2 * lag(gap) OVER w + $chain_slack_s), false) AS fits
    FROM gapped
    WINDOW w AS (PARTITION BY connection_id ORDER BY ts, source_id, line_no, record_no)
),
stretches AS (
    SELECT *, sum(CAST(NOT fits AS INTEGER)) OVER (PARTITION BY connection_id ORDER BY ts, source_id, line_no, record_no ROWS UNBOUNDED PRECEDING) AS stretch
    FROM fitting
),
begun AS (
    SELECT *, fits AND coalesce(bool_or(gap <= $chain_first_s) OVER (
        PARTITION BY connection_id, stretch ORDER BY ts, source_id, line_no, record_no ROWS UNBOUNDED PRECEDING), false) AS follows
    FROM stretches
)
SELECT connection_id, nth, min(ts) AS ts, max(ts) AS ts_end, count(*) AS n_events
FROM (
    SELECT *, sum(CAST(NOT follows AS INTEGER)) OVER (PARTITION BY connection_id ORDER BY ts, source_id, line_no, record_no ROWS UNBOUNDED PRECEDING) AS nth
    FROM begun
)
GROUP BY connection_id, nth;

-- A summary counts what its first hit began; only where that is missing does it stand for itself, at a time that tells little.
CREATE OR REPLACE TEMP TABLE summaries AS
SELECT c.pattern_id, c.connection_id,
    coalesce(epoch(c.first_ts - lag(c.first_ts) OVER w) <= 1.5 * s.interval_s, false) AS is_attached
FROM pattern_connections AS c
LEFT JOIN (SELECT connection_id, max(interval_s) AS interval_s, count(interval_s) AS n FROM single_rows GROUP BY connection_id) AS s USING (connection_id)
WINDOW w AS (PARTITION BY c.pattern_id, c.host, c.protocol, c.client_port, c.server_ip, c.server_port ORDER BY c.first_ts, c.connection_id)
QUALIFY s.n >= c.n_events;

CREATE OR REPLACE TEMP TABLE attempts AS
SELECT c.pattern_id, c.host, c.place, c.connection_id, c.first_ts AS ts, c.last_ts AS ts_end, c.n_events, s.connection_id IS NOT NULL AS aggregated
FROM pattern_connections AS c
LEFT JOIN summaries AS s ON s.pattern_id = c.pattern_id AND s.connection_id = c.connection_id
WHERE NOT coalesce(s.is_attached, false) AND NOT (c.is_portless AND s.connection_id IS NULL)
UNION ALL
SELECT c.pattern_id, c.host, c.place, c.connection_id, h.ts, h.ts_end, h.n_events, false
FROM pattern_connections AS c JOIN chained AS h USING (connection_id)
WHERE c.is_portless AND c.connection_id NOT IN (SELECT connection_id FROM summaries);
