/* ---
name = "timeline-rows"
title = "Events and activity in one order of time, of one pattern and the calls that it may come from, or of all"
kind = "case"
[params.since]
help = "from this moment on"
type = "time"
[params.until]
help = "up to, and without, this moment"
type = "time"
[params.one_run]
help = "what certainly belongs to this run alone"
type = "text"
[params.finding]
help = "events of this pattern, and its best candidates, alone"
type = "text"
--- */
WITH told AS (
    SELECT 'event' AS what, e.source_id, e.line_no, e.record_no
    FROM pattern_violations AS p JOIN violation_events AS e USING (violation_id)
    WHERE p.pattern_id = $finding::VARCHAR
    UNION
    SELECT 'activity', a.source_id, a.line_no, a.record_no
    FROM pattern_violations AS p
    JOIN candidates AS c USING (violation_id)
    JOIN activity AS a USING (activity_id)
    WHERE p.pattern_id = $finding::VARCHAR AND c.rank <= 3
)
SELECT t.ts, t.what, t.kind, t.action, t.subject, t.object, t.sensor, t.run_id, t.episode_id, t.source, t.line_no
FROM timeline AS t
WHERE ($since::TIMESTAMP IS NULL OR t.ts >= $since::TIMESTAMP)
  AND ($until::TIMESTAMP IS NULL OR t.ts < $until::TIMESTAMP)
  AND ($one_run::VARCHAR IS NULL OR t.run_id = $one_run::VARCHAR)
  AND ($finding::VARCHAR IS NULL OR (t.what, t.source_id, t.line_no, t.record_no) IN (FROM told))
ORDER BY t.ts, t.what, t.source_id, t.line_no, t.record_no
