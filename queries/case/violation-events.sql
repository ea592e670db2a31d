/* ---
name = "violation-events"
title = "Events of a violation"
kind = "case"
--- */
SELECT
    e.source_id, e.line_no, e.ts, e.sensor, e.action, e.disposition, e.rule, e.src_ip, e.src_port, e.dst_ip, e.dst_port
FROM violation_events AS x JOIN events AS e USING (source_id, line_no, record_no)
WHERE x.violation_id = $finding
ORDER BY e.ts, e.source_id, e.line_no
