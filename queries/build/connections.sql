/* ---
name = "connections"
title = "Events of one conversation, however many devices logged it and however often, as one connection"
kind = "build"
--- */
-- Both directions have one key, a hash of addresses, protocol and ports.
CREATE OR REPLACE TEMP VIEW heard AS
SELECT
    place, source_id, line_no, record_no, protocol,
    src_ip > dst_ip OR (src_ip = dst_ip AND coalesce(src_port, 0) > coalesce(dst_port, 0)) AS flip,
    CASE WHEN flip THEN dst_ip ELSE src_ip END AS a_ip,
    CASE WHEN flip THEN dst_port ELSE src_port END AS a_port,
    CASE WHEN flip THEN src_ip ELSE dst_ip END AS b_ip,
    CASE WHEN flip THEN src_port ELSE dst_port END AS b_port,
    CASE WHEN flip THEN hash(dst_ip, src_ip, protocol, dst_port, src_port) ELSE hash(src_ip, dst_ip, protocol, src_port, dst_port) END AS k,
    ts AS began,
    greatest(ts, coalesce(ts_end, ts + to_microseconds(CAST(coalesce(duration, 0) * 1000000 AS BIGINT)))) AS ended,
    sensor, action, app, dst_name, nullif(session_id, '0') AS session,
    kind = 'firewall' AS is_session,
    kind IN ('firewall', 'flow') AS counts,
    CASE WHEN flip THEN bytes_in ELSE bytes_out END AS ab_bytes,
    CASE WHEN flip THEN bytes_out ELSE bytes_in END AS ba_bytes,
    CASE WHEN flip THEN packets_in ELSE packets_out END AS ab_packets,
    CASE WHEN flip THEN packets_out ELSE packets_in END AS ba_packets,
    coalesce(disposition IN ('built', 'start', 'new', 'open', 'created', 'session-open'), false) AS opened,
    ts_end IS NOT NULL OR coalesce(disposition IN ('teardown', 'close', 'end', 'deleted', 'session-close'), false) AS closed,
    -- A packet, not the flags of a whole conversation: SYN says who opens it, SYN with ACK that the other end did.
    coalesce(contains(tcp_flags, 'S') AND NOT regexp_matches(tcp_flags, '[PFR]'), false) AS is_syn,
    is_syn AND contains(tcp_flags, 'A') AND kind <> 'flow' AS is_answer,
    -- Who says who opened it: 1 a device that logged the start, 2 a device that knows sessions, 3 a SYN, 4 nobody.
    CASE
        WHEN kind IN ('ids', 'dns') THEN 4
        WHEN kind = 'flow' AND (bytes_in IS NOT NULL OR packets_in IS NOT NULL) THEN 2
        WHEN is_answer OR (is_syn AND NOT contains(tcp_flags, 'A')) THEN 3
        WHEN kind = 'flow' OR (tcp_flags IS NOT NULL AND NOT contains(tcp_flags, 'S')) THEN 4
        WHEN opened THEN 1
        ELSE 2
    END AS vote,
    flip <> is_answer AS opener_is_b
-- Clocks that the analyst declared wrong are put right before anything is compared in time.
FROM (
    SELECT e.rowid AS place, e.* REPLACE (
        CASE WHEN k.offset_s IS NULL THEN e.ts ELSE e.ts + to_microseconds(CAST(k.offset_s * 1000000 AS BIGINT)) END AS ts,
        CASE WHEN k.offset_s IS NULL THEN e.ts_end ELSE e.ts_end + to_microseconds(CAST(k.offset_s * 1000000 AS BIGINT)) END AS ts_end
    )
    FROM events AS e
    LEFT JOIN (SELECT sensor, offset_s FROM clocks WHERE basis = 'declared' AND host IS NULL) AS k ON k.sensor = e.sensor
)
WHERE kind IN ('firewall', 'flow', 'ids', 'dns', 'proxy') AND src_ip IS NOT NULL AND dst_ip IS NOT NULL;

-- Most keys have one event only, mostly: such a connection is known without comparing anything. Sorted, not grouped: as many
-- groups as there are events do not fit in memory.
CREATE OR REPLACE TEMP TABLE repeated AS
SELECT k
FROM (SELECT k, lag(k) OVER alike AS before, lead(k) OVER alike AS behind FROM heard WINDOW alike AS (PARTITION BY k % 256 ORDER BY k))
WHERE k = behind AND before IS DISTINCT FROM k;

-- A pause of more than 180 s, beyond what the records themselves span, begins a new connection, unless the sensor calls both
-- sides of the pause one session. Only what tells this is sorted; the rest of each event is fetched by its place.
CREATE OR REPLACE TEMP TABLE conversed AS
SELECT t.* EXCLUDE (k), n.nth_row, hash(n.k, n.nth) AS g, n.fresh = 1 OR n.nth_row = 1 AS opening
FROM heard AS t
JOIN (
    SELECT place, k, nth_row, fresh, sum(fresh) OVER (PARTITION BY k ORDER BY nth_row ROWS UNBOUNDED PRECEDING) AS nth
    FROM (
        SELECT place, k,
            row_number() OVER earlier AS nth_row,
            CASE
                WHEN session IS NOT NULL AND session = lag(session) OVER earlier AND sensor = lag(sensor) OVER earlier THEN 0
                WHEN began > max(ended) OVER (earlier ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) + INTERVAL 180 SECONDS THEN 1
                ELSE 0
            END AS fresh
        FROM heard
        WHERE EXISTS (SELECT 1 FROM repeated WHERE repeated.k = heard.k)
        WINDOW earlier AS (PARTITION BY k ORDER BY began, ended, source_id, line_no, record_no)
    )
) AS n ON n.place = t.place;

-- Counters: summed over the records of one sensor (the highest of one session, whose records count from its start), then
-- the highest of all sensors, since each saw the same traffic.
CREATE OR REPLACE TEMP TABLE counted AS
SELECT g, max(ab_bytes) AS ab_bytes, max(ba_bytes) AS ba_bytes, max(ab_packets) AS ab_packets, max(ba_packets) AS ba_packets
FROM (
    SELECT g, sensor, sum(ab_bytes) AS ab_bytes, sum(ba_bytes) AS ba_bytes, sum(ab_packets) AS ab_packets, sum(ba_packets) AS ba_packets
    FROM (
        SELECT g, sensor, ab_bytes, ba_bytes, ab_packets, ba_packets
        FROM conversed
        WHERE counts AND NOT (is_session AND session IS NOT NULL)
        UNION ALL
        SELECT g, sensor, max(ab_bytes), max(ba_bytes), max(ab_packets), max(ba_packets)
        FROM conversed
        WHERE is_session AND session IS NOT NULL
        GROUP BY g, sensor, session
    )
    GROUP BY g, sensor
)
GROUP BY g;

-- In the order in which they will be numbered: time, then the place of the first event. What has one event only, mostly most
-- of all, is taken as it is: texts in aggregates stay in memory, however many there are.
CREATE OR REPLACE TEMP TABLE spoken AS
SELECT *
FROM (
    SELECT NULL::UBIGINT AS g, protocol, a_ip, a_port, b_ip, b_port,
        began AS first_ts, ended AS last_ts,
        source_id AS first_source, line_no AS first_line, record_no AS first_record,
        1 AS n_events,
        CASE WHEN sensor IS NOT NULL THEN [sensor] END AS sensors,
        CASE WHEN action IN ('allow', 'deny', 'alert') THEN action END AS action,
        app, dst_name AS server_name,
        opened AND NOT closed AS is_open,
        vote AS best, opener_is_b, flip AS first_flip,
        CASE WHEN NOT flip THEN began END AS a_first,
        CASE WHEN flip THEN began END AS b_first,
        CASE WHEN counts THEN ab_bytes END AS ab_bytes, CASE WHEN counts THEN ba_bytes END AS ba_bytes,
        CASE WHEN counts THEN ab_packets END AS ab_packets, CASE WHEN counts THEN ba_packets END AS ba_packets
    FROM heard
    WHERE NOT EXISTS (SELECT 1 FROM repeated WHERE repeated.k = heard.k)
    UNION ALL
    SELECT m.*, c.ab_bytes, c.ba_bytes, c.ab_packets, c.ba_packets
    FROM (
        SELECT g,
            any_value(protocol) AS protocol,
            any_value(a_ip) AS a_ip, any_value(a_port) AS a_port, any_value(b_ip) AS b_ip, any_value(b_port) AS b_port,
            min(began) AS first_ts, max(ended) AS last_ts,
            min(source_id) FILTER (opening) AS first_source, min(line_no) FILTER (opening) AS first_line, min(record_no) FILTER (opening) AS first_record,
            count(*) AS n_events,
            CASE WHEN min(sensor) = max(sensor) AND count(sensor) = count(*) THEN [min(sensor)] ELSE list_sort(list(DISTINCT sensor)) END AS sensors,
            CASE WHEN bool_or(action = 'allow') THEN 'allow' WHEN bool_or(action = 'deny') THEN 'deny' WHEN bool_or(action = 'alert') THEN 'alert' END AS action,
            max(app) AS app,
            CASE WHEN min(dst_name) = max(dst_name) THEN min(dst_name) END AS server_name,
            bool_or(opened) AND NOT bool_or(closed) AS is_open,
            min(vote) AS best,
            arg_min(opener_is_b, vote * 1099511627776 + nth_row) AS opener_is_b,
            bool_or(flip) FILTER (opening) AS first_flip,
            min(began) FILTER (NOT flip) AS a_first,
            min(began) FILTER (flip) AS b_first
        FROM conversed
        GROUP BY g
    ) AS m
    LEFT JOIN counted AS c ON c.g = m.g
)
ORDER BY first_ts, first_source, first_line, first_record;

DELETE FROM connections;
DELETE FROM connection_events;

-- Most connections have one event, and know which: only the others are joined with their events.
INSERT INTO connection_events
SELECT rowid + 1, first_source, first_line, first_record FROM spoken WHERE n_events = 1;

CREATE OR REPLACE TEMP TABLE several AS
SELECT g, rowid + 1 AS connection_id FROM spoken WHERE n_events > 1;

INSERT INTO connection_events
SELECT s.connection_id, e.source_id, e.line_no, e.record_no
FROM conversed AS e
JOIN several AS s ON s.g = e.g;

-- What is no longer needed goes before the next big table is written.
DROP TABLE several;
DROP TABLE conversed;
DROP TABLE counted;
DROP TABLE repeated;
DROP VIEW heard;

INSERT INTO connections BY NAME
SELECT
    s.connection_id, s.protocol,
    CASE WHEN client_is_b THEN b_ip ELSE a_ip END AS client_ip,
    CASE WHEN client_is_b THEN b_port ELSE a_port END AS client_port,
    CASE WHEN client_is_b THEN a_ip ELSE b_ip END AS server_ip,
    CASE WHEN client_is_b THEN a_port ELSE b_port END AS server_port,
    s.server_name, s.first_ts, s.last_ts,
    epoch_us(s.last_ts - s.first_ts) / 1000000 AS duration,
    CAST(CASE WHEN client_is_b THEN ba_bytes ELSE ab_bytes END AS UBIGINT) AS bytes_out,
    CAST(CASE WHEN client_is_b THEN ab_bytes ELSE ba_bytes END AS UBIGINT) AS bytes_in,
    CAST(CASE WHEN client_is_b THEN ba_packets ELSE ab_packets END AS UBIGINT) AS packets_out,
    CAST(CASE WHEN client_is_b THEN ab_packets ELSE ba_packets END AS UBIGINT) AS packets_in,
    s.action, s.app, s.n_events, s.sensors, s.is_open, s.initiator_basis
FROM (
    SELECT *, rowid + 1 AS connection_id,
        CASE
            WHEN best <= 2 THEN 'vendor'
            WHEN best = 3 THEN 'syn'
            WHEN a_first IS NOT NULL AND b_first IS NOT NULL AND a_first <> b_first THEN 'first'
            WHEN a_port IS DISTINCT FROM b_port AND least(a_port, b_port) < 1024 THEN 'port'
            WHEN a_first IS NULL OR b_first IS NULL THEN 'first'
            WHEN a_port IS DISTINCT FROM b_port THEN 'port'
            ELSE 'unknown'
        END AS initiator_basis,
        CASE initiator_basis
            WHEN 'vendor' THEN opener_is_b
            WHEN 'syn' THEN opener_is_b
            WHEN 'first' THEN a_first IS NULL OR coalesce(b_first < a_first, false)
            WHEN 'port' THEN b_port > a_port
            ELSE first_flip
        END AS client_is_b
    FROM spoken
) AS s;

DROP TABLE spoken;

-- A connection belongs to a run where the analyst said so of all its sources, or where exactly one run had the client's
-- address at the time.
UPDATE connections SET run_id = found.run_id
FROM (
    SELECT connection_id, any_value(run_id) AS run_id
    FROM (
        SELECT c.connection_id, s.run_id
        FROM connection_events AS c JOIN sources AS s USING (source_id)
        WHERE (SELECT count(run_id) > 0 FROM sources)
    )
    GROUP BY connection_id
    HAVING count(DISTINCT run_id) = 1 AND count(run_id) = count(*)
) AS found
WHERE connections.connection_id = found.connection_id;

-- Stretches of time in which the same runs have an address: one look-up each, however many runs share it one after another.
CREATE OR REPLACE TEMP TABLE numbered AS
SELECT run_id, row_number() OVER (ORDER BY run_id) AS number FROM (SELECT DISTINCT run_id FROM run_addresses WHERE run_id IS NOT NULL);

CREATE OR REPLACE TEMP TABLE held AS
WITH spans AS (
    SELECT DISTINCT a.ip, coalesce(a.scope, '') AS scope, n.number,
        coalesce(a.started_at, TIMESTAMP '0001-01-01') AS low,
        coalesce(a.ended_at, TIMESTAMP '9999-12-31') + INTERVAL 1 MICROSECOND AS high
    FROM run_addresses AS a JOIN numbered AS n ON n.run_id = a.run_id
),
steps AS (
    SELECT ip, scope, number, edge, sum(step) AS step
    FROM (SELECT ip, scope, number, low AS edge, 1 AS step FROM spans UNION ALL SELECT ip, scope, number, high, -1 FROM spans)
    GROUP BY ip, scope, number, edge
),
-- A run with several leases of one address at a time is one run: it comes with the first and goes with the last.
turns AS (
    SELECT ip, scope, number, edge, CAST(depth > 0 AS INTEGER) - CAST(depth - step > 0 AS INTEGER) AS turn
    FROM (SELECT *, sum(step) OVER (PARTITION BY ip, scope, number ORDER BY edge) AS depth FROM steps)
)
-- The sum of the numbers of the runs that are there is the number of the run where there is one.
SELECT ip, scope, edge,
    sum(turn) OVER (PARTITION BY ip, scope ORDER BY edge) AS n_runs,
    sum(number) OVER (PARTITION BY ip, scope ORDER BY edge) AS number
FROM (SELECT ip, scope, edge, sum(turn) AS turn, sum(turn * number) AS number FROM turns GROUP BY ip, scope, edge);

UPDATE connections SET run_id = found.run_id
FROM (
    SELECT c.connection_id, any_value(n.run_id) AS run_id
    FROM (
        SELECT o.connection_id, o.client_ip, o.first_ts, s.scope
        FROM connections AS o
        JOIN (SELECT ip, scope, count(*) FILTER (scope <> '') OVER (PARTITION BY ip) AS n_scopes FROM (SELECT DISTINCT ip, scope FROM held)) AS s
            ON s.ip = o.client_ip
        WHERE o.run_id IS NULL AND (s.scope = '' OR s.n_scopes = 1 OR list_contains(o.sensors, s.scope))
    ) AS c
    ASOF JOIN held AS h ON h.ip = c.client_ip AND h.scope = c.scope AND h.edge <= c.first_ts
    LEFT JOIN numbered AS n ON n.number = h.number AND h.n_runs = 1
    GROUP BY c.connection_id
    HAVING max(h.n_runs) = 1 AND count(DISTINCT n.run_id) = 1
) AS found
WHERE connections.connection_id = found.connection_id;

DROP TABLE held;
DROP TABLE numbered;
