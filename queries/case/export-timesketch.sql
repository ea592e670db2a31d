/* ---
name = "export-timesketch"
title = "Events and activity in one order of time, with the columns that Timesketch asks for"
kind = "case"
[params.only_violations]
type = "bool"
default = false
help = "events of violations, and the calls that they may come from; nothing else"
--- */
WITH marked AS (
    SELECT
        v.source_id, v.line_no, v.record_no,
        string_agg(DISTINCT p.pattern_id, ',' ORDER BY p.pattern_id) AS patterns,
        string_agg(DISTINCT w.detection, ',' ORDER BY w.detection) AS detections
    FROM violation_events AS v
    JOIN violations AS w USING (violation_id)
    LEFT JOIN pattern_violations AS p USING (violation_id)
    GROUP BY v.source_id, v.line_no, v.record_no
),
suspected AS (
    SELECT a.source_id, a.line_no, a.record_no, string_agg(DISTINCT p.pattern_id, ',' ORDER BY p.pattern_id) AS patterns
    FROM candidates AS c
    JOIN activity AS a USING (activity_id)
    LEFT JOIN pattern_violations AS p USING (violation_id)
    WHERE c.rank <= 3
    GROUP BY a.source_id, a.line_no, a.record_no
)
SELECT
    strftime(t.ts, '%Y-%m-%dT%H:%M:%S.%f+00:00') AS datetime,
    epoch_us(t.ts) AS timestamp,
    CASE
        WHEN t.what = 'activity' THEN upper(t.kind[1]) || replace(t.kind[2:], '_', ' ') || ' started'
        WHEN t.action = 'deny' THEN 'Connection denied'
        WHEN t.action = 'allow' THEN 'Connection allowed'
        WHEN t.action = 'alert' THEN 'Alert'
        ELSE 'Traffic recorded'
    END AS timestamp_desc,
    concat_ws(' ', coalesce(t.action, t.kind), t.subject, CASE WHEN t.what = 'event' THEN '->' END, t.object) AS message,
    'fwforensics:' || t.what || ':' || t.kind AS data_type,
    concat_ws(',', m.detections, m.patterns, s.patterns) AS tag,
    t.sensor, t.ip AS src_ip, t.peer_ip AS dst_ip, t.run_id, t.episode_id,
    t.source AS source_file, t.source_id, t.line_no, t.record_no, t.clock_offset_s
FROM timeline AS t
LEFT JOIN marked AS m
    ON t.what = 'event' AND m.source_id = t.source_id AND m.line_no = t.line_no AND m.record_no = t.record_no
LEFT JOIN suspected AS s
    ON t.what = 'activity' AND s.source_id = t.source_id AND s.line_no = t.line_no AND s.record_no = t.record_no
WHERE t.ts IS NOT NULL AND (NOT $only_violations OR m.source_id IS NOT NULL OR s.source_id IS NOT NULL)
ORDER BY t.ts, t.what, t.source_id, t.line_no, t.record_no
