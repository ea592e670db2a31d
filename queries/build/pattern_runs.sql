/* ---
name = "pattern_runs"
title = "For each pattern: the runs that it hit, may have hit, and could have been seen in"
kind = "build"
--- */
WITH certain AS (
    SELECT pattern_id, run_id, count(*) AS violations
    FROM pattern_violations JOIN violations USING (violation_id)
    WHERE run_id IS NOT NULL
    GROUP BY pattern_id, run_id
),
maybe AS (
    SELECT pattern_id, run_id FROM pattern_violations JOIN violation_runs USING (violation_id) GROUP BY pattern_id, run_id
),
-- A sensor can show a denial or an alert if it ever did; one that writes nothing else leaves no trace of being alive.
deciding AS (
    SELECT sensor, count(*) FILTER (action IN ('deny', 'alert')) AS verdicts, count(*) AS events
    FROM events GROUP BY sensor HAVING verdicts > 0
),
silent AS (
    SELECT d.sensor
    FROM deciding AS d JOIN (SELECT sensor, sum(records) AS records FROM source_coverage GROUP BY sensor) AS c USING (sensor)
    WHERE c.records <= d.verdicts AND d.sensor NOT IN (SELECT sensor FROM coverage_declared)
),
exposed AS (
    SELECT run_id, sum(seconds) AS seconds
    FROM (
        -- Sensors that watch at the same time do not add up.
        SELECT run_id, sensor, sum(seconds) AS seconds,
            row_number() OVER (PARTITION BY run_id ORDER BY sum(seconds) DESC, sensor) AS best
        FROM exposures
        WHERE sensor IN (SELECT sensor FROM deciding) AND sensor NOT IN (SELECT sensor FROM silent)
        GROUP BY run_id, sensor
    )
    WHERE best = 1
    GROUP BY run_id
),
-- A run whose sensors fill nothing of what any of the pattern's detections needs could not have shown it.
able AS (
    SELECT DISTINCT p.pattern_id, v.run_id
    FROM (SELECT pattern_id, unnest(detections) AS detection FROM patterns) AS p
    JOIN evaluability AS v ON v.detection = p.detection AND v.state = 'evaluable' AND v.run_id IS NOT NULL
),
observable AS (SELECT count(*) > 0 AS yes FROM deciding WHERE sensor NOT IN (SELECT sensor FROM silent))
SELECT
    p.pattern_id, r.run_id,
    coalesce(c.violations, 0) AS violations,
    m.run_id IS NOT NULL AS possible,
    CASE WHEN o.yes THEN (e.run_id IS NOT NULL AND a.run_id IS NOT NULL) OR c.run_id IS NOT NULL END AS exposed,
    coalesce(e.seconds, 0) AS seconds, r.started_at
FROM patterns AS p
CROSS JOIN runs AS r
CROSS JOIN observable AS o
LEFT JOIN certain AS c ON c.pattern_id = p.pattern_id AND c.run_id = r.run_id
LEFT JOIN maybe AS m ON m.pattern_id = p.pattern_id AND m.run_id = r.run_id
LEFT JOIN exposed AS e ON e.run_id = r.run_id
LEFT JOIN able AS a ON a.pattern_id = p.pattern_id AND a.run_id = r.run_id
ORDER BY p.pattern_id, r.run_id;
