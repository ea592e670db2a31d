/* ---
name = "export-stix"
title = "Patterns with the names and services of their destinations"
kind = "case"
--- */
WITH named AS (
    SELECT
        p.pattern_id,
        list_sort(list_distinct(list(v.dst_name) FILTER (v.dst_name IS NOT NULL))) AS names,
        list_sort(list_distinct(list({'protocol': v.protocol, 'port': v.dst_port}) FILTER (v.protocol IS NOT NULL)))
            AS services,
        list_sort(list_distinct(list(v.sensor) FILTER (v.sensor IS NOT NULL))) AS sensors,
        list_sort(list_distinct(list(a.ip) FILTER (a.scope = 'external'))) AS outside
    FROM pattern_violations AS p
    JOIN violations AS v USING (violation_id)
    LEFT JOIN addresses AS a ON a.ip = v.dst_ip
    GROUP BY p.pattern_id
),
last AS (SELECT max(started_at) AS hunted_at FROM hunts)
SELECT p.* REPLACE (string_split(p.technique, ', ') AS technique), n.names, n.services, n.sensors, n.outside, last.hunted_at
FROM patterns AS p
CROSS JOIN last
LEFT JOIN named AS n USING (pattern_id)
WHERE p.suppressed_by IS NULL
ORDER BY p.tier, p.score DESC, p.n_bouts DESC, p.pattern_id
