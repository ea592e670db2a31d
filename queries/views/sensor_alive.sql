/* ---
name = "sensor_alive"
title = "When each sensor was alive: minutes with records, bridged where it is quiet by itself, and what the analyst declared"
kind = "view"

[columns]
sensor = "sensor"
started_at = "start of an interval; a sensor's intervals do not overlap"
ended_at = "its end"
basis = "declared or records"
--- */
WITH offsets AS (SELECT sensor, offset_s FROM clocks WHERE basis = 'declared' AND host IS NULL),
buckets AS (
    SELECT DISTINCT c.sensor, c.bucket + to_microseconds(CAST(coalesce(k.offset_s, 0) * 1000000 AS BIGINT)) AS bucket
    FROM source_coverage AS c
    LEFT JOIN offsets AS k USING (sensor)
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
)
-- Declared and recorded time that overlaps counts once, and as declared.
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
