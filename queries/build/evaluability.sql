/* ---
name = "evaluability"
title = "Whether each detection could have shown anything, in the case and in each run"
kind = "build"
--- */
-- Reads `needed` (detection, need, filled_by: columns of events, any of which meets the need; NULL where a table is needed
-- that has rows). A sensor counts for the runs that it exposes, and for those that the analyst said its sources belong to.
DELETE FROM evaluability;

INSERT INTO evaluability
WITH watched AS (
    SELECT DISTINCT run_id, sensor FROM exposures
    UNION
    SELECT DISTINCT s.run_id, f.sensor FROM source_capabilities AS f JOIN sources AS s ON s.source_id = f.source_id WHERE s.run_id IS NOT NULL
    UNION
    SELECT DISTINCT NULL, sensor FROM source_capabilities
),
filled AS (
    SELECT w.run_id, flatten(list(f.fills)) AS fills
    FROM watched AS w JOIN source_capabilities AS f ON f.sensor IS NOT DISTINCT FROM w.sensor
    GROUP BY w.run_id
),
places AS (SELECT run_id FROM runs UNION ALL SELECT NULL),
judged AS (
    SELECT n.detection, p.run_id, n.need,
        n.filled_by IS NULL OR list_has_any(coalesce(f.fills, []), n.filled_by) AS is_met,
        p.run_id IS NOT NULL AND f.run_id IS NULL AS is_blind
    FROM needed AS n
    CROSS JOIN places AS p
    LEFT JOIN filled AS f ON f.run_id IS NOT DISTINCT FROM p.run_id
)
SELECT detection, run_id,
    CASE WHEN bool_or(is_blind) THEN 'not observed' WHEN bool_and(is_met) THEN 'evaluable' ELSE 'not evaluable' END,
    string_agg(need, ', ' ORDER BY need) FILTER (NOT is_met)
FROM judged
GROUP BY detection, run_id
ORDER BY detection, run_id;
