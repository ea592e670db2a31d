/* ---
name = "patterns"
title = "From violations to patterns: one for each target group and service, tested once however many detections saw it"
kind = "build"
[params.attempt_s]
type = "float"
default = 180.0
help = "seconds within which rows of one 5-tuple are one attempt"
[params.bout_s]
type = "float"
default = 60.0
help = "seconds without an attempt that end a bout"
--- */
DELETE FROM patterns;
DELETE FROM pattern_violations;
DELETE FROM pattern_bouts;
DELETE FROM associations;
DELETE FROM candidates;

CREATE OR REPLACE TEMP TABLE keyed AS
SELECT *, 'P-' || left(sha256(concat_ws('|', target, service, CASE WHEN suppressed_by IS NOT NULL THEN 'suppressed' END)), 12) AS pattern_id FROM grouped;

INSERT INTO pattern_violations SELECT DISTINCT pattern_id, violation_id FROM keyed ORDER BY ALL;

-- A connection is one attempt: its rows are already within 180 s of each other; several detections see the same one.
CREATE OR REPLACE TEMP TABLE attempts AS
SELECT pattern_id, client_ip AS host, connection_id, first_ts, last_ts, n_events,
    sum(fresh) OVER (PARTITION BY pattern_id, client_ip ORDER BY first_ts, connection_id) AS nth
FROM (
    SELECT *, CASE WHEN epoch(first_ts - max(last_ts) OVER (
        PARTITION BY pattern_id, client_ip ORDER BY first_ts, connection_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    )) > $bout_s THEN 1 ELSE 0 END AS fresh
    FROM (SELECT DISTINCT pattern_id, client_ip, connection_id, first_ts, last_ts, n_events FROM keyed)
);

INSERT INTO pattern_bouts BY NAME
SELECT pattern_id, row_number() OVER (PARTITION BY pattern_id ORDER BY ts, host) AS bout_no, host, run_id, ts, ts_end, n_attempts, n_events
FROM (
    SELECT
        a.pattern_id, a.host,
        CASE WHEN count(DISTINCT p.run_id) = 1 THEN any_value(p.run_id) END AS run_id,
        min(a.first_ts) AS ts, max(a.last_ts) AS ts_end,
        count(DISTINCT a.connection_id) AS n_attempts,
        CAST(sum(DISTINCT_events) AS UBIGINT) AS n_events
    FROM (SELECT *, n_events AS DISTINCT_events FROM attempts) AS a
    LEFT JOIN (
        SELECT connection_id, CASE WHEN count(DISTINCT run_id) = 1 THEN any_value(run_id) END AS run_id FROM possible GROUP BY connection_id
    ) AS p USING (connection_id)
    GROUP BY a.pattern_id, a.host, a.nth
);

INSERT INTO patterns BY NAME
SELECT
    k.pattern_id, any_value(target) AS target, any_value(service) AS service,
    arg_max(detection, (list_position(['informational', 'low', 'medium', 'high', 'critical'], severity), list_position(['policy', 'shape', 'service', 'indicator', 'verdict'], evidence), detection)) AS detection,
    list_sort(list(DISTINCT detection)) AS detections,
    arg_max(category, (category <> 'other' AND category <> 'policy', category <> 'other', list_position(['informational', 'low', 'medium', 'high', 'critical'], severity), category)) AS category,
    arg_max(severity, list_position(['informational', 'low', 'medium', 'high', 'critical'], severity)) AS severity,
    arg_max(technique, (list_position(['informational', 'low', 'medium', 'high', 'critical'], severity), technique)) AS technique,
    list_sort(list(DISTINCT server_ip))[:1000] AS destinations, count(DISTINCT server_ip) AS n_dst,
    list_sort(list(DISTINCT client_ip)) AS hosts,
    count(DISTINCT violation_id) AS n_violations, count(DISTINCT connection_id) AS n_connections,
    count(DISTINCT connection_id) AS n_attempts,
    (SELECT count(*) FROM pattern_bouts AS b WHERE b.pattern_id = k.pattern_id) AS n_bouts,
    min(first_ts) AS first_ts, max(last_ts) AS last_ts
FROM keyed AS k
GROUP BY k.pattern_id
ORDER BY k.pattern_id;
