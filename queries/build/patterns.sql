/* ---
name = "patterns"
title = "From violations to patterns: one for each target group and service, tested once however many detections saw it"
kind = "build"
[params.bout_s]
type = "float"
default = 60.0
help = "seconds without an attempt that end a bout"
--- */
DELETE FROM patterns;
DELETE FROM pattern_violations;
DELETE FROM pattern_bouts;
DELETE FROM bout_connections;
DELETE FROM bout_calls;
DELETE FROM associations;
DELETE FROM candidates;

INSERT INTO pattern_violations SELECT DISTINCT pattern_id, violation_id FROM keyed ORDER BY ALL;

CREATE OR REPLACE TEMP TABLE gathered AS
SELECT *, sum(fresh) OVER (PARTITION BY pattern_id, host ORDER BY ts, connection_id) AS nth
FROM (
    SELECT *, CASE WHEN epoch(ts - max(ts_end) OVER (
        PARTITION BY pattern_id, host ORDER BY ts, connection_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    )) > $bout_s THEN 1 ELSE 0 END AS fresh
    FROM attempts
);

-- A bout belongs to a run where all of its attempts could; it is looked at in the first of those that it may belong to.
CREATE OR REPLACE TEMP TABLE bouts AS
SELECT pattern_id, row_number() OVER (PARTITION BY pattern_id ORDER BY ts, host) AS bout_no, host, nth, place, run_id, maybe_run, ts, ts_end, n_attempts, n_events
FROM (
    SELECT
        a.pattern_id, a.host, a.nth,
        mode(a.place ORDER BY a.place) AS place,
        CASE WHEN count(DISTINCT p.run_id) = 1 THEN any_value(p.run_id) END AS run_id,
        min(p.maybe) AS maybe_run,
        min(a.ts) AS ts, max(a.ts_end) AS ts_end,
        count(*) AS n_attempts,
        CAST(sum(a.n_events) AS UBIGINT) AS n_events
    FROM gathered AS a
    LEFT JOIN (
        SELECT connection_id, CASE WHEN count(DISTINCT run_id) = 1 THEN any_value(run_id) END AS run_id, min(run_id) AS maybe
        FROM possible GROUP BY connection_id
    ) AS p USING (connection_id)
    GROUP BY a.pattern_id, a.host, a.nth
);

INSERT INTO pattern_bouts BY NAME
SELECT pattern_id, bout_no, host, run_id, ts, ts_end, n_attempts, n_events FROM bouts;

INSERT INTO bout_connections
SELECT DISTINCT b.pattern_id, b.bout_no, g.connection_id
FROM gathered AS g JOIN bouts AS b ON b.pattern_id = g.pattern_id AND b.host = g.host AND b.nth = g.nth;

INSERT INTO patterns BY NAME
SELECT
    k.pattern_id, any_value(target) AS target, any_value(service) AS service,
    arg_max(detection, (list_position(['informational', 'low', 'medium', 'high', 'critical'], severity), list_position(['policy', 'shape', 'service', 'indicator', 'verdict'], evidence), detection)) AS detection,
    list_sort(list(DISTINCT detection)) AS detections,
    arg_max(category, (category <> 'other' AND category <> 'policy', category <> 'other', list_position(['informational', 'low', 'medium', 'high', 'critical'], severity), list_position(['policy', 'shape', 'service', 'indicator', 'verdict'], evidence), detection)) AS category,
    arg_max(severity, list_position(['informational', 'low', 'medium', 'high', 'critical'], severity)) AS severity,
    arg_max(technique, (list_position(['informational', 'low', 'medium', 'high', 'critical'], severity), technique)) AS technique,
    list_sort(list(DISTINCT server_ip))[:1000] AS destinations, count(DISTINCT server_ip) AS n_dst,
    list_sort(list(DISTINCT client_ip)) AS hosts,
    count(DISTINCT violation_id) AS n_violations, count(DISTINCT connection_id) AS n_connections,
    (SELECT count(*) FROM attempts AS a WHERE a.pattern_id = k.pattern_id) AS n_attempts,
    (SELECT count(*) FROM pattern_bouts AS b WHERE b.pattern_id = k.pattern_id) AS n_bouts,
    min(first_ts) AS first_ts, max(last_ts) AS last_ts
FROM keyed AS k
GROUP BY k.pattern_id
ORDER BY k.pattern_id;
