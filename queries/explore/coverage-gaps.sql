/* ---
name = "coverage-gaps"
title = "When the logs say nothing"
question = "When was a sensor silent for longer than it is by itself, or lost records, and which runs does that touch?"
kind = "explore"
needs = ["source_coverage.records"]
false_positives = [
    "A sensor that records little may be silent because nothing happened: declare when it was alive with fwf coverage declare.",
    "before and after are measured against the first and last known run, and say only that the log begins late or ends early.",
]
next = "run-presence"

[columns]
sensor = "sensor"
what = "gap (no record), before (a run began before its first record), after (a run ended after its last), or lost (it says that it lost records)"
started_at = "start of the gap, to the minute"
ended_at = "end of the gap, to the minute"
seconds = "its length"
quiet_seconds = "how long the sensor is quiet by itself: what is longer is a gap"
lost = "records that the sensor says it lost"
runs_touched = "runs that were under way"

[params]
min_seconds = { type = "int", help = "least length of a gap; without it, each sensor's own quiet time" }
--- */
WITH minutes AS (
    SELECT sensor, bucket, lost, lead(bucket) OVER (PARTITION BY sensor ORDER BY bucket) AS following
    FROM coverage
),
span AS (
    SELECT min(started_at) AS run_first, max(ended_at) AS run_last FROM runs
),
lossy AS (
    SELECT sensor, bucket, lost, bucket - to_minutes(row_number() OVER (PARTITION BY sensor ORDER BY bucket)) AS stretch
    FROM minutes
    WHERE lost > 0
),
silences AS (
    SELECT sensor, 'gap' AS what, bucket + INTERVAL 1 MINUTE AS started_at, following AS ended_at, 0 AS lost
    FROM minutes
    WHERE following > bucket + INTERVAL 1 MINUTE
    UNION ALL
    SELECT s.sensor, 'before', r.run_first, s.first_ts, 0
    FROM sensors AS s CROSS JOIN span AS r
    WHERE r.run_first < s.first_ts
    UNION ALL
    SELECT s.sensor, 'after', s.last_ts, r.run_last, 0
    FROM sensors AS s CROSS JOIN span AS r
    WHERE r.run_last > s.last_ts
),
found AS (
    SELECT g.*
    FROM silences AS g JOIN sensors AS s ON s.sensor = g.sensor
    WHERE epoch(g.ended_at - g.started_at) > coalesce($min_seconds, s.quiet_seconds)
      AND NOT EXISTS (
          SELECT 1 FROM coverage_declared AS d
          WHERE d.sensor = g.sensor AND d.started_at <= g.started_at AND d.ended_at >= g.ended_at
      )
    UNION ALL
    SELECT sensor, 'lost', min(bucket), max(bucket) + INTERVAL 1 MINUTE, sum(lost)
    FROM lossy
    GROUP BY sensor, stretch
),
touched AS (
    SELECT f.sensor, f.what, f.started_at, list(r.run_id ORDER BY r.run_id) AS runs_touched
    FROM found AS f JOIN runs AS r ON r.started_at < f.ended_at AND (r.ended_at IS NULL OR r.ended_at > f.started_at)
    GROUP BY f.sensor, f.what, f.started_at
)
SELECT
    f.sensor, f.what, f.started_at, f.ended_at, epoch(f.ended_at - f.started_at) AS seconds,
    CAST(s.quiet_seconds AS DOUBLE) AS quiet_seconds, CAST(f.lost AS UBIGINT) AS lost, coalesce(t.runs_touched, []) AS runs_touched
FROM found AS f
JOIN sensors AS s ON s.sensor = f.sensor
LEFT JOIN touched AS t ON t.sensor = f.sensor AND t.what = f.what AND t.started_at = f.started_at
ORDER BY f.sensor, f.started_at, f.what
