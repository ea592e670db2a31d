/* ---
name = "report-intervals"
title = "Intervals between starts of a pattern's connections on one host and in one run, each second once, ten classes a decade"
kind = "case"
[params.chosen]
type = "list"
help = "patterns"
--- */
WITH starts AS (
    SELECT DISTINCT b.pattern_id, b.host, b.run_id, CAST(floor(epoch(c.first_ts)) AS BIGINT) AS began
    FROM pattern_bouts AS b
    JOIN bout_connections AS o ON o.pattern_id = b.pattern_id AND o.bout_no = b.bout_no
    JOIN connections AS c ON c.connection_id = o.connection_id
    WHERE b.pattern_id IN (SELECT unnest($chosen))
),
gaps AS (
    SELECT pattern_id, began - lag(began) OVER (PARTITION BY pattern_id, host, run_id ORDER BY began) AS gap FROM starts
)
SELECT pattern_id, CAST(floor(10 * log10(gap) + 1e-9) AS INTEGER) AS class, count(*) AS n
FROM gaps
WHERE gap > 0
GROUP BY pattern_id, class
ORDER BY pattern_id, class
