/* ---
name = "clock-jumps"
title = "When a sensor's clock went back"
question = "Between which lines of one sensor does the time go back, so that intervals and coverage around it are doubtful?"
kind = "explore"
needs = ["events.ts"]
false_positives = [
    "Lines of several hosts under one name, or files that were put together in no order of time, go back without any clock being wrong.",
    "A time zone with summer time goes back by an hour once a year: read it in its zone (fwf ingest --tz … --replace).",
]
next = "coverage-gaps"

[columns]
sensor = "sensor"
source_id = "source"
line_no = "first line after the jump"
ts_before = "time of the line before it"
ts_after = "time of this line"
seconds = "by how much the clock went back"
runs_touched = "runs that were under way at one of both times"

[params]
min_seconds = { type = "float", default = 60.0, help = "least jump; lines of one second may come in any order" }
--- */
-- Records of a session are written at its end and dated by its start: they go back without a clock that does.
WITH ordered AS (
    SELECT sensor, source_id, line_no, ts AS ts_after,
        lag(ts) OVER (PARTITION BY source_id, sensor ORDER BY line_no, record_no) AS ts_before
    FROM events
    WHERE ts_end IS NULL AND duration IS NULL AND kind <> 'flow'
),
jumps AS (
    SELECT *, epoch_us(ts_before - ts_after) / 1000000 AS seconds
    FROM ordered
    WHERE ts_before > ts_after
)
SELECT j.sensor, j.source_id, j.line_no, j.ts_before, j.ts_after, j.seconds,
    coalesce(list(r.run_id ORDER BY r.run_id) FILTER (r.run_id IS NOT NULL), []) AS runs_touched
FROM jumps AS j
LEFT JOIN runs AS r
    ON (j.ts_before >= r.started_at AND j.ts_before <= coalesce(r.ended_at, j.ts_before))
    OR (j.ts_after >= r.started_at AND j.ts_after <= coalesce(r.ended_at, j.ts_after))
WHERE j.seconds >= $min_seconds
GROUP BY ALL
ORDER BY j.sensor, j.source_id, j.line_no
