/* ---
name = "sensors"
title = "Each sensor: what it recorded, how long it is quiet by itself, and whether its silence says anything"
kind = "view"

[columns]
sensor = "sensor"
first_ts = "start of the first minute with a record"
last_ts = "end of the last minute with a record"
minutes = "minutes with a record"
records = "records with a time, ignored ones included"
events = "records that gave an event"
lost = "records that the sensor says it lost"
quiet_seconds = "its own quiet time: 99.9 % of the gaps between its records are no longer; from 60 to 900, and 900 where it has one record"
is_observable = "false where all that it ever recorded is denials and alerts and nobody declared when it was alive: no record is no all-clear then"
--- */
WITH buckets AS (
    SELECT sensor, bucket, sum(records) AS records, sum(events) AS events, sum(lost) AS lost
    FROM source_coverage
    GROUP BY sensor, bucket
),
gaps AS (
    SELECT sensor, gap, count(*) AS n
    FROM (SELECT sensor, epoch(lead(bucket) OVER (PARTITION BY sensor ORDER BY bucket) - bucket) - 60 AS gap FROM buckets)
    WHERE gap IS NOT NULL
    GROUP BY sensor, gap
),
totals AS (
    SELECT sensor, min(bucket) AS first_ts, max(bucket) + INTERVAL 1 MINUTE AS last_ts, count(*) AS minutes,
        sum(records) AS records, sum(events) AS events, sum(lost) AS lost
    FROM buckets
    GROUP BY sensor
),
-- How many gaps are longer than each: those of no length at all are between records of one minute, and count too.
longer AS (
    SELECT sensor, gap, coalesce(sum(n) OVER (PARTITION BY sensor ORDER BY gap DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS beyond
    FROM gaps
),
quiet AS (
    SELECT l.sensor, min(l.gap) AS seconds
    FROM longer AS l JOIN totals AS t USING (sensor)
    WHERE l.beyond <= 0.001 * (t.records - 1)
    GROUP BY l.sensor
),
silent AS (
    SELECT e.sensor
    FROM events AS e
    GROUP BY e.sensor
    HAVING count(*) = count(*) FILTER (e.action IN ('deny', 'alert'))
)
SELECT
    t.sensor, t.first_ts, t.last_ts, CAST(t.minutes AS UBIGINT) AS minutes,
    CAST(t.records AS UBIGINT) AS records, CAST(t.events AS UBIGINT) AS events, CAST(t.lost AS UBIGINT) AS lost,
    least(900, greatest(60, coalesce(q.seconds, 900))) AS quiet_seconds,
    t.records > t.events OR s.sensor IS NULL OR t.sensor IN (SELECT d.sensor FROM coverage_declared AS d) AS is_observable
FROM totals AS t
LEFT JOIN quiet AS q ON q.sensor = t.sensor
LEFT JOIN silent AS s ON s.sensor = t.sensor
