/* ---
name = "run-presence"
title = "Which violation occurred in which run"
question = "For each target and service that was denied or raised an alert: which runs did it occur in, which were clean, and which could not have shown it?"
kind = "hunt"
needs = ["connections.action", "connections.run_id", "exposures.run_id"]
false_positives = [
    "A run is called clean where a sensor was alive for a part of it: see what of it is not covered with coverage-gaps.",
    "Connections that may belong to several runs count in none, so that one of these runs may look clean.",
]
next = "coverage-gaps"

[columns]
pattern = "target (its name where it has one, else its address) and service"
run_id = "run"
started_at = "start of the run"
state = "hit, clean (a sensor that has shown the pattern was alive in the run), or not observed"
n = "denied or alerting connections in the run"

[params]
min_hits = { type = "int", default = 1, help = "least number of runs that a pattern occurred in" }
--- */
WITH alerting AS (
    SELECT DISTINCT o.connection_id
    FROM events AS e
    JOIN connection_events AS o ON o.source_id = e.source_id AND o.line_no = e.line_no AND o.record_no = e.record_no
    WHERE e.action = 'alert'
),
bad AS (
    SELECT concat_ws(' ', coalesce(s.name, c.server_ip), concat_ws('/', c.server_port, c.protocol)) AS pattern, c.run_id, c.sensors
    FROM connections AS c
    LEFT JOIN alerting AS a ON a.connection_id = c.connection_id
    LEFT JOIN addresses AS s ON s.ip = c.server_ip
    WHERE c.action = 'deny' OR a.connection_id IS NOT NULL
),
patterns_seen AS (
    SELECT pattern, shown_by
    FROM (
        SELECT pattern, list_sort(list_distinct(flatten(list(sensors)))) AS shown_by, count(DISTINCT run_id) AS n_runs
        FROM bad
        GROUP BY pattern
    )
    WHERE n_runs >= $min_hits
),
hits AS (
    SELECT pattern, run_id, count(*) AS n FROM bad WHERE run_id IS NOT NULL GROUP BY pattern, run_id
),
observed AS (
    SELECT DISTINCT p.shown_by, x.run_id
    FROM (SELECT DISTINCT shown_by FROM patterns_seen) AS p
    JOIN (
        SELECT DISTINCT e.run_id, e.sensor
        FROM exposures AS e JOIN sensors AS s ON s.sensor = e.sensor
        WHERE s.is_observable
    ) AS x ON list_contains(p.shown_by, x.sensor)
)
SELECT
    p.pattern, r.run_id, r.started_at,
    CASE WHEN h.n IS NOT NULL THEN 'hit' WHEN o.run_id IS NOT NULL THEN 'clean' ELSE 'not observed' END AS state,
    coalesce(h.n, 0) AS n
FROM patterns_seen AS p
CROSS JOIN runs AS r
LEFT JOIN hits AS h ON h.pattern = p.pattern AND h.run_id = r.run_id
LEFT JOIN observed AS o ON o.shown_by = p.shown_by AND o.run_id = r.run_id
ORDER BY p.pattern, r.started_at, r.run_id
