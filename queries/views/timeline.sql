/* ---
name = "timeline"
title = "Events and activity in one order of time, clocks put right"
kind = "view"

[columns]
ts = "start, corrected by what is known of the sensor's clock"
ts_end = "end, corrected likewise"
what = "event or activity"
kind = "kind of the event or activity"
action = "allow, deny or alert; for activity its status"
subject = "who: source address, or host or sandbox"
object = "what to: destination with port and protocol, or tool and command"
sensor = "sensor, or host of the activity"
run_id = "run, where certain"
episode_id = "episode of the activity"
ip = "source address, or address of the sandbox"
peer_ip = "destination address"
source = "file that says so"
source_id = "its number"
line_no = "line or record"
record_no = "record of the line"
clock_offset_s = "seconds that were added to the sensor's time"
--- */
WITH offsets AS (
    SELECT sensor, arg_min(offset_s, (basis <> 'declared', host IS NOT NULL, residual_s, host)) AS offset_s
    FROM clocks
    WHERE sensor IS NOT NULL
    GROUP BY sensor
)
SELECT
    t.ts + to_microseconds(CAST(coalesce(k.offset_s, 0) * 1000000 AS BIGINT)) AS ts,
    t.ts_end + to_microseconds(CAST(coalesce(k.offset_s, 0) * 1000000 AS BIGINT)) AS ts_end,
    'event' AS what, t.kind, t.action,
    t.src_ip AS subject,
    concat_ws(' ', coalesce(t.dst_name, t.dst_ip), concat_ws('/', t.dst_port, t.protocol), t.signature) AS object,
    t.sensor, t.run_id, NULL AS episode_id, t.src_ip AS ip, t.dst_ip AS peer_ip,
    s.path AS source, t.source_id, t.line_no, t.record_no,
    coalesce(k.offset_s, 0) AS clock_offset_s
FROM traffic AS t
LEFT JOIN sources AS s ON s.source_id = t.source_id
LEFT JOIN offsets AS k ON k.sensor = t.sensor
UNION ALL
SELECT
    a.started_at, a.ended_at, 'activity', a.kind, a.status,
    coalesce(a.sandbox_id, a.pod, a.container_id, a.host),
    concat_ws(' ', a.tool, coalesce(a.command, a.name)),
    a.host, a.run_id, a.episode_id, a.ip, NULL,
    s.path, a.source_id, a.line_no, a.record_no, 0
FROM activity AS a
LEFT JOIN sources AS s ON s.source_id = a.source_id
ORDER BY ts, what, source_id, line_no, record_no
