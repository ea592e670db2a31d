/* ---
name = "report-lines"
title = "Lines that prove a pattern: of the first bout in each run, what each sensor logged first; then outside of runs"
kind = "case"
[params.chosen]
type = "list"
help = "patterns"
[params.most]
type = "int"
default = 8
help = "lines of each pattern"
--- */
WITH firsts AS (
    SELECT pattern_id, run_id, bout_no, ts
    FROM pattern_bouts
    WHERE pattern_id IN (SELECT unnest($chosen))
    QUALIFY row_number() OVER (PARTITION BY pattern_id, run_id ORDER BY ts, bout_no) = 1
),
begun AS (
    SELECT f.pattern_id, f.run_id, f.ts, min(o.connection_id) AS connection_id
    FROM firsts AS f JOIN bout_connections AS o ON o.pattern_id = f.pattern_id AND o.bout_no = f.bout_no
    GROUP BY f.pattern_id, f.run_id, f.ts
),
logged AS (
    SELECT b.pattern_id, b.run_id, b.ts AS begun, e.source_id, e.line_no, e.sensor, e.ts, e.action,
        row_number() OVER (PARTITION BY b.pattern_id, b.run_id ORDER BY e.action IS NULL, e.ts, e.source_id, e.line_no, e.record_no) AS place
    FROM begun AS b
    JOIN connection_events AS x ON x.connection_id = b.connection_id
    JOIN events AS e ON e.source_id = x.source_id AND e.line_no = x.line_no AND e.record_no = x.record_no
    QUALIFY row_number() OVER (PARTITION BY b.pattern_id, b.run_id, e.sensor ORDER BY e.ts, e.source_id, e.line_no, e.record_no) = 1
)
SELECT pattern_id, source_id, line_no, run_id, sensor, ts, action
FROM logged
QUALIFY row_number() OVER (PARTITION BY pattern_id ORDER BY place, run_id IS NULL, begun, source_id, line_no) <= $most
ORDER BY pattern_id, run_id IS NULL, begun, run_id, ts, source_id, line_no
