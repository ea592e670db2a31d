/* ---
name = "recurring-violations"
title = "Violations that come back"
question = "Which denied or alerting connections between the same two machines come back, in how many of the runs that could have shown them?"
kind = "hunt"
needs = ["connections.action", "connections.run_id"]
false_positives = [
    "Schedulers, health checks and update services that a policy blocks recur in every run: look at what else happens at the time.",
    "An address that stands for many clients (NAT, a shared host) makes one pair of what different runs did.",
]
next = "run-presence"

[columns]
client_ip = "address that opened the connections"
server_ip = "address that they were opened to: the target"
server_name = "its name, where it has exactly one in the case"
server_port = "port of the target"
protocol = "protocol"
action = "deny, alert, or both where some were denied and others raised an alert"
connections = "connections that were denied or raised an alert"
denied = "those of them that no sensor let through"
alerts = "alerts raised"
runs_hit = "runs that it certainly occurred in; NULL where no run is known"
runs_observed = "runs in which a sensor that has shown it was alive; NULL where that cannot be said: no coverage, or sensors that record denials and alerts only"
share = "runs_hit ÷ runs_observed"
run_unknown = "connections that no run, or more than one run, can be named for"
days_hit = "calendar days (UTC) that it occurred on"
first_ts = "first"
last_ts = "last"

[params]
min_runs = { type = "int", default = 2, help = "least number of runs hit; does not apply where no run is known" }
--- */
WITH alerting AS (
    SELECT o.connection_id, sum(coalesce(e.repeat_count, 1)) AS alerts
    FROM events AS e
    JOIN connection_events AS o ON o.source_id = e.source_id AND o.line_no = e.line_no AND o.record_no = e.record_no
    WHERE e.action = 'alert'
    GROUP BY o.connection_id
),
bad AS (
    SELECT c.client_ip, c.server_ip, c.server_port, c.protocol, c.action = 'deny' AS is_denied,
        coalesce(a.alerts, 0) AS alerts, c.run_id, c.sensors, c.first_ts, c.last_ts
    FROM connections AS c
    LEFT JOIN alerting AS a ON a.connection_id = c.connection_id
    WHERE c.action = 'deny' OR a.connection_id IS NOT NULL
),
pairs AS (
    SELECT client_ip, server_ip, server_port, protocol,
        count(*) AS connections,
        count(*) FILTER (is_denied) AS denied,
        sum(alerts) AS alerts,
        coalesce(list(DISTINCT run_id) FILTER (run_id IS NOT NULL), []) AS hit,
        count(*) - count(run_id) AS run_unknown,
        count(DISTINCT CAST(first_ts AS DATE)) AS days_hit,
        list_sort(list_distinct(flatten(list(sensors)))) AS shown_by,
        min(first_ts) AS first_ts,
        max(last_ts) AS last_ts
    FROM bad
    GROUP BY client_ip, server_ip, server_port, protocol
),
-- Few sets of sensors stand behind many pairs: runs are counted once a set.
observed AS (
    SELECT p.shown_by, list(DISTINCT x.run_id) AS exposed
    FROM (SELECT DISTINCT shown_by FROM pairs) AS p
    JOIN (
        SELECT DISTINCT e.run_id, e.sensor
        FROM exposures AS e JOIN sensors AS s ON s.sensor = e.sensor
        WHERE s.is_observable
    ) AS x ON list_contains(p.shown_by, x.sensor)
    GROUP BY p.shown_by
)
SELECT
    p.client_ip, p.server_ip, a.name AS server_name, p.server_port, p.protocol,
    CASE WHEN p.denied = p.connections AND p.alerts = 0 THEN 'deny' WHEN p.denied = 0 THEN 'alert' ELSE 'both' END AS action,
    p.connections, p.denied, CAST(p.alerts AS BIGINT) AS alerts,
    CASE WHEN EXISTS (FROM runs) THEN len(p.hit) END AS runs_hit,
    CASE WHEN o.exposed IS NOT NULL THEN len(list_distinct(list_concat(o.exposed, p.hit))) END AS runs_observed,
    len(p.hit) / CASE WHEN o.exposed IS NOT NULL THEN len(list_distinct(list_concat(o.exposed, p.hit))) END AS share,
    p.run_unknown, p.days_hit, p.first_ts, p.last_ts
FROM pairs AS p
LEFT JOIN observed AS o ON o.shown_by = p.shown_by
LEFT JOIN addresses AS a ON a.ip = p.server_ip
WHERE len(p.hit) >= $min_runs OR NOT EXISTS (FROM runs)
ORDER BY runs_hit DESC NULLS LAST, share DESC NULLS LAST, days_hit DESC, connections DESC, client_ip, server_ip, server_port, protocol
