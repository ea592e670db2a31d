/* ---
name = "timeline-lanes"
title = "Each run cut into cells of equal length: seconds observed, bouts and calls of each"
kind = "case"
[params.finding]
type = "text"
help = "bouts of this pattern, and calls of the tool that it coincides with; NULL: of all"
[params.one_run]
type = "text"
help = "this run alone; NULL: all"
[params.cells]
type = "int"
default = 60
help = "cells of the longest run"
--- */
WITH lanes AS (
    SELECT run_id, started_at, coalesce(ended_at, (SELECT max(last_ts) FROM sources)) AS ended_at
    FROM runs
    WHERE started_at IS NOT NULL AND ($one_run::VARCHAR IS NULL OR run_id = $one_run::VARCHAR)
),
scale AS (
    SELECT greatest(max(epoch(ended_at - started_at)) / $cells, 1) AS cell_s FROM lanes
),
cells AS (
    SELECT
        l.run_id, l.started_at AS run_started_at, c.cell, s.cell_s,
        l.started_at + to_microseconds(CAST(c.cell * s.cell_s * 1000000 AS BIGINT)) AS low,
        least(l.ended_at, l.started_at + to_microseconds(CAST((c.cell + 1) * s.cell_s * 1000000 AS BIGINT))) AS high
    FROM lanes AS l
    CROSS JOIN scale AS s
    CROSS JOIN LATERAL unnest(range(CAST(ceil(epoch(l.ended_at - l.started_at) / s.cell_s) AS BIGINT))) AS c(cell)
),
-- Several sensors see a run: the best of them counts.
seen AS (
    SELECT run_id, cell, max(seconds) AS seconds
    FROM (
        SELECT c.run_id, c.cell, e.sensor, sum(epoch(least(c.high, e.ended_at) - greatest(c.low, e.started_at))) AS seconds
        FROM cells AS c
        JOIN exposures AS e ON e.run_id = c.run_id AND e.started_at < c.high AND e.ended_at > c.low
        GROUP BY c.run_id, c.cell, e.sensor
    )
    GROUP BY run_id, cell
),
bouts AS (
    SELECT c.run_id, c.cell, count(*) AS bouts
    FROM cells AS c
    JOIN pattern_bouts AS b ON b.run_id = c.run_id AND b.ts >= c.low AND b.ts < c.high
    JOIN patterns AS p USING (pattern_id)
    WHERE CASE WHEN $finding::VARCHAR IS NULL THEN p.suppressed_by IS NULL ELSE p.pattern_id = $finding::VARCHAR END
    GROUP BY c.run_id, c.cell
),
-- `tool: class` is a class of one tool's commands; `any call` is no tool's name.
suspected AS (
    SELECT string_split(coincides_with, ': ')[1] AS tool FROM patterns WHERE pattern_id = $finding::VARCHAR
),
calls AS (
    SELECT c.run_id, c.cell, count(*) AS calls
    FROM cells AS c
    JOIN activity AS a ON a.run_id = c.run_id AND a.started_at >= c.low AND a.started_at < c.high
    WHERE a.kind = 'tool_call'
      AND (a.tool IN (FROM suspected) OR NOT EXISTS (
          SELECT 1 FROM activity AS t WHERE t.kind = 'tool_call' AND t.tool IN (FROM suspected)
      ))
    GROUP BY c.run_id, c.cell
)
SELECT
    c.run_id, c.run_started_at, c.cell, c.cell_s, c.low AS started_at, c.high AS ended_at,
    least(coalesce(s.seconds, 0) / nullif(epoch(c.high - c.low), 0), 1) AS observed,
    coalesce(b.bouts, 0) AS bouts,
    coalesce(k.calls, 0) AS calls
FROM cells AS c
LEFT JOIN seen AS s USING (run_id, cell)
LEFT JOIN bouts AS b USING (run_id, cell)
LEFT JOIN calls AS k USING (run_id, cell)
ORDER BY c.run_started_at, c.run_id, c.cell
