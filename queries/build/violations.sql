/* ---
name = "violations"
title = "From grouped connections to violations, their events and the runs that they may belong to"
kind = "build"
--- */
-- What ties a connection to runs: what the analyst said of its sources; else who had the client's address then; else,
-- for runs of which no address is known, the time alone.
CREATE OR REPLACE TEMP TABLE possible AS
WITH seen AS (SELECT DISTINCT connection_id, client_ip, sensors, first_ts, last_ts FROM grouped),
said AS (
    SELECT s.connection_id, x.run_id
    FROM seen AS s JOIN connection_events USING (connection_id) JOIN sources AS x USING (source_id)
    GROUP BY ALL HAVING x.run_id IS NOT NULL
),
-- The address is the one that the connection came from before all translations that are known. A sandbox that had it just
-- then says more than a run that had it at all.
held AS (
    SELECT s.connection_id, l.run_id, l.scope IS NULL OR list_contains(o.scopes, l.scope) AS in_view
    FROM seen AS s
    JOIN origins AS o USING (connection_id)
    JOIN leases AS l ON l.ip = o.ip
    WHERE l.run_id IS NOT NULL AND l.owner_kind IN ('sandbox', 'pod', 'container')
      AND s.first_ts >= l.started_at - INTERVAL 2 SECONDS AND s.first_ts <= l.ended_at + INTERVAL 2 SECONDS
),
precise AS (
    SELECT DISTINCT connection_id, run_id
    FROM (SELECT * FROM held QUALIFY in_view = bool_or(in_view) OVER (PARTITION BY connection_id))
),
leased AS (
    SELECT * FROM precise
    UNION ALL
    SELECT DISTINCT s.connection_id, r.run_id
    FROM seen AS s
    JOIN origins AS o USING (connection_id)
    JOIN run_addresses AS r ON r.ip = o.ip
    WHERE s.connection_id NOT IN (SELECT connection_id FROM precise)
      AND s.first_ts >= r.started_at AND (r.ended_at IS NULL OR s.first_ts <= r.ended_at)
      AND (r.scope IS NULL OR list_contains(o.scopes, r.scope)
           OR (SELECT count(DISTINCT scope) FROM run_addresses AS o WHERE o.ip = r.ip) = 1)
),
timed AS (
    SELECT s.connection_id, r.run_id
    FROM seen AS s JOIN runs AS r ON s.first_ts >= r.started_at AND (r.ended_at IS NULL OR s.first_ts <= r.ended_at)
    WHERE r.run_id NOT IN (SELECT run_id FROM run_addresses)
      AND s.client_ip NOT IN (SELECT ip FROM run_addresses)
)
SELECT connection_id, run_id, 'source' AS basis FROM said
UNION ALL
SELECT connection_id, run_id, 'lease' FROM leased WHERE connection_id NOT IN (SELECT connection_id FROM said)
UNION ALL
SELECT connection_id, run_id, 'time' FROM timed
WHERE connection_id NOT IN (SELECT connection_id FROM said) AND connection_id NOT IN (SELECT connection_id FROM leased);

DELETE FROM violations;
DELETE FROM violation_events;
DELETE FROM violation_runs;

CREATE OR REPLACE TEMP TABLE tied AS
SELECT g.violation_id, list_sort(list(DISTINCT p.run_id)) AS run_ids, min(p.basis) AS basis
FROM grouped AS g JOIN possible AS p ON p.connection_id = g.connection_id
GROUP BY g.violation_id;

INSERT INTO violations BY NAME
SELECT
    g.violation_id, any_value(g.detection) AS detection, any_value(g.category) AS category,
    arg_max(g.severity, list_position(['informational', 'low', 'medium', 'high', 'critical'], g.severity)) AS severity,
    any_value(g.technique) AS technique,
    min(g.first_ts) AS ts, max(g.last_ts) AS ts_end,
    CASE WHEN count(DISTINCT g.sensors) = 1 AND len(any_value(g.sensors)) = 1 THEN any_value(g.sensors)[1] END AS sensor,
    any_value(g.client_ip) AS src_ip,
    CASE WHEN count(DISTINCT g.server_ip) = 1 THEN any_value(g.server_ip) END AS dst_ip,
    CASE WHEN count(DISTINCT g.server_port) = 1 THEN any_value(g.server_port) END AS dst_port,
    any_value(g.protocol) AS protocol,
    CASE WHEN bool_or(g.action = 'allow') THEN 'allow' WHEN bool_or(g.action = 'deny') THEN 'deny' WHEN bool_or(g.action = 'alert') THEN 'alert' END AS action,
    CASE WHEN count(DISTINCT g.server_name) = 1 THEN any_value(g.server_name) END AS dst_name,
    count(*) AS n_connections, CAST(sum(g.n_events) AS UBIGINT) AS n_events,
    CASE WHEN bool_or(g.is_scan) THEN count(DISTINCT g.server_port) || ' ports of ' || count(DISTINCT g.server_ip) || ' addresses; '
        ELSE '' END || min(g.reason) AS reason,
    any_value(CASE WHEN len(t.run_ids) = 1 THEN t.run_ids[1] END) AS run_id,
    coalesce(any_value(CASE WHEN len(t.run_ids) > 1 THEN 'ambiguous' ELSE t.basis END), 'none') AS run_basis,
    any_value(g.suppressed_by) AS suppressed_by
FROM grouped AS g
LEFT JOIN tied AS t USING (violation_id)
GROUP BY g.violation_id
ORDER BY ts, g.violation_id;

INSERT INTO violation_runs
SELECT violation_id, unnest(run_ids) AS run_id, 1.0 / len(run_ids) FROM tied ORDER BY ALL;

INSERT INTO violation_events
SELECT DISTINCT g.violation_id, e.source_id, e.line_no, e.record_no
FROM grouped AS g JOIN connection_events AS e USING (connection_id);
