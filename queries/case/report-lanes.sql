/* ---
name = "report-lanes"
title = "Bouts in cells of time since the start of their run, by category"
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
SELECT b.run_id, p.category, CAST(floor(epoch(b.ts - r.started_at) / $cell_s) AS BIGINT) AS cell,
    avg(epoch(b.ts - r.started_at)) AS at_s, count(*) AS n_bouts, CAST(sum(b.n_attempts) AS BIGINT) AS n_attempts,
    list_sort(list(DISTINCT b.pattern_id))[:4] AS pattern_ids, count(DISTINCT b.pattern_id) AS n_patterns
FROM pattern_bouts AS b
JOIN patterns AS p USING (pattern_id)
JOIN runs AS r ON r.run_id = b.run_id
WHERE b.pattern_id IN (SELECT unnest($chosen)) AND b.run_id IN (SELECT unnest($lanes))
GROUP BY b.run_id, p.category, cell
ORDER BY b.run_id, p.category, cell
