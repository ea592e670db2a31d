/* ---
name = "report-lane-calls"
title = "Tool calls that bouts coincide with, or that are the best candidate of a violation, in cells of time since the start of their run"
kind = "case"
[params.chosen]
type = "list"
help = "patterns"
[params.lanes]
type = "list"
help = "runs"
[params.cell_s]
type = "float"
help = "width of a cell in seconds"
--- */
WITH suspected AS (
    SELECT c.run_id, c.activity_id
    FROM pattern_violations AS p JOIN candidates AS c ON c.violation_id = p.violation_id AND c.rank = 1
    WHERE p.pattern_id IN (SELECT unnest($chosen))
    UNION
    SELECT run_id, activity_id FROM bout_calls WHERE pattern_id IN (SELECT unnest($chosen))
)
SELECT a.run_id, CAST(floor(epoch(a.started_at - r.started_at) / $cell_s) AS BIGINT) AS cell,
    avg(epoch(a.started_at - r.started_at)) AS at_s, count(*) AS n_calls, list_sort(list(DISTINCT coalesce(a.tool, a.name, a.kind)))[:4] AS tools
FROM (SELECT DISTINCT run_id, activity_id, tool, name, kind, started_at FROM activity WHERE kind IN ('tool_call', 'process') AND started_at IS NOT NULL) AS a
JOIN suspected AS s ON s.activity_id = a.activity_id AND s.run_id = a.run_id
JOIN runs AS r ON r.run_id = a.run_id
WHERE a.run_id IN (SELECT unnest($lanes))
GROUP BY a.run_id, cell
ORDER BY a.run_id, cell
