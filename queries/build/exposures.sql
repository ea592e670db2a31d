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
),
-- Only sensors that could have seen a run: others may have many minutes.
buckets AS (
    SELECT DISTINCT c.sensor, c.bucket + to_microseconds(CAST(coalesce(k.offset_s, 0) * 1000000 AS BIGINT)) AS bucket
    FROM source_coverage AS c
    LEFT JOIN (SELECT sensor, offset_s FROM clocks WHERE basis = 'declared' AND host IS NULL) AS k USING (sensor)
    WHERE c.sensor IN (SELECT sensor FROM seen)
),
-- Minutes with records, gaps bridged that are no longer than the sensor is quiet by itself.
recorded AS (
    SELECT sensor, min(bucket) AS started_at, max(bucket) + INTERVAL 1 MINUTE AS ended_at
    FROM (
        SELECT sensor, bucket, sum(fresh) OVER (PARTITION BY sensor ORDER BY bucket) AS stretch
        FROM (
            SELECT b.sensor, b.bucket,
                CAST(epoch(b.bucket - lag(b.bucket) OVER (PARTITION BY b.sensor ORDER BY b.bucket)) - 60 > q.quiet_seconds AS INTEGER) AS fresh
            FROM buckets AS b JOIN sensors AS q ON q.sensor = b.sensor
        )
    )
    GROUP BY sensor, coalesce(stretch, 0)
),
spans AS (
    SELECT sensor, started_at, ended_at, 'records' AS basis FROM recorded
    UNION ALL
    SELECT sensor, started_at, ended_at, 'declared' FROM coverage_declared
),
-- Declared and recorded time that overlaps counts once, and as declared.
alive AS (
    SELECT sensor, min(started_at) AS started_at, max(ended_at) AS ended_at, min(basis) AS basis
    FROM (
        SELECT *, sum(fresh) OVER (PARTITION BY sensor ORDER BY started_at, ended_at, basis ROWS UNBOUNDED PRECEDING) AS stretch
        FROM (
            SELECT *,
                CASE WHEN started_at <= max(ended_at) OVER (
                    PARTITION BY sensor ORDER BY started_at, ended_at, basis ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                ) THEN 0 ELSE 1 END AS fresh
            FROM spans
        )
    )
    GROUP BY sensor, stretch
)
SELECT
    r.run_id, a.sensor,
    greatest(a.started_at, r.started_at) AS started_at,
    least(a.ended_at, r.ended_at) AS ended_at,
    epoch_us(least(a.ended_at, r.ended_at) - greatest(a.started_at, r.started_at)) / 1000000,
    a.basis
FROM runs AS r
JOIN seen AS s ON s.run_id = r.run_id
JOIN alive AS a ON a.sensor = s.sensor
WHERE greatest(a.started_at, r.started_at) < least(a.ended_at, r.ended_at)
ORDER BY ALL;
