/* ---
name = "exposures"
title = "When each run could have been seen: its time, as far as a sensor that knows its addresses was alive"
kind = "build"
--- */
DELETE FROM exposures;

INSERT INTO exposures (run_id, sensor, started_at, ended_at, seconds, basis)
WITH shown AS (
    SELECT sensor, src_ip AS ip FROM events WHERE src_ip IN (SELECT ip FROM run_addresses)
    UNION SELECT sensor, dst_ip FROM events WHERE dst_ip IN (SELECT ip FROM run_addresses)
),
scoped AS (
    SELECT ip, count(DISTINCT scope) AS n_scopes FROM run_addresses GROUP BY ip
),
seen AS (
    SELECT r.run_id, e.sensor
    FROM run_addresses AS r
    JOIN shown AS e ON e.ip = r.ip
    JOIN scoped AS n ON n.ip = r.ip
    WHERE r.scope IS NULL OR r.scope = e.sensor OR n.n_scopes = 1
    UNION
    SELECT s.run_id, e.sensor
    FROM sources AS s JOIN source_coverage AS e ON e.source_id = s.source_id
    WHERE s.run_id IS NOT NULL
    UNION
    SELECT r.run_id, d.sensor FROM runs AS r CROSS JOIN coverage_declared AS d
    WHERE NOT EXISTS (SELECT 1 FROM run_addresses AS o WHERE o.run_id = r.run_id)
)
SELECT
    r.run_id, a.sensor,
    greatest(a.started_at, r.started_at) AS started_at,
    least(a.ended_at, r.ended_at) AS ended_at,
    epoch_us(least(a.ended_at, r.ended_at) - greatest(a.started_at, r.started_at)) / 1000000,
    a.basis
FROM runs AS r
JOIN seen AS s ON s.run_id = r.run_id
JOIN sensor_alive AS a ON a.sensor = s.sensor
WHERE greatest(a.started_at, r.started_at) < least(a.ended_at, r.ended_at)
ORDER BY ALL;
