/* ---
name = "observations"
title = "What the statistics look at, one table for each of their frames"
kind = "build"
--- */
CREATE OR REPLACE TEMP TABLE pattern_sensors AS
SELECT pattern_id, dense_rank() OVER (ORDER BY sensors) AS view_no, sensors
FROM (
    SELECT pattern_id, list_sort(list(DISTINCT sensor)) AS sensors
    FROM (SELECT pattern_id, unnest(sensors) AS sensor FROM pattern_connections)
    GROUP BY pattern_id
);

-- Sensors that write nothing but denials say nothing of when they were alive; where there is no other, all time counts.
CREATE OR REPLACE TEMP TABLE view_sensors AS
SELECT view_no, sensor, is_observable, NOT bool_or(is_observable) OVER (PARTITION BY view_no) AS is_assumed
FROM (SELECT DISTINCT view_no, unnest(sensors) AS sensor FROM pattern_sensors)
JOIN sensors USING (sensor);

CREATE OR REPLACE TEMP TABLE observed_patterns AS
SELECT p.pattern_id, CAST(coalesce(s.view_no, 0) AS BIGINT) AS "view", l.pattern_id IS NOT NULL AS rate_limited, coalesce(v.is_assumed, true) AS is_assumed,
    p.pattern_id NOT IN (SELECT pattern_id FROM ruled WHERE kind <> 'flow') AS is_flow
FROM patterns AS p
LEFT JOIN pattern_sensors AS s USING (pattern_id)
LEFT JOIN (SELECT DISTINCT view_no, is_assumed FROM view_sensors) AS v ON v.view_no = s.view_no
LEFT JOIN limited AS l USING (pattern_id);

CREATE OR REPLACE TEMP TABLE observed_attempts AS
SELECT a.pattern_id, a.host, coalesce(b.run_id, b.maybe_run) AS run_id, epoch_us(a.ts) / 1000000 AS at, a.aggregated
FROM gathered AS a JOIN bouts AS b ON b.pattern_id = a.pattern_id AND b.host = a.host AND b.nth = a.nth;

CREATE OR REPLACE TEMP TABLE observed_bouts AS
SELECT pattern_id, bout_no, host, place, coalesce(run_id, maybe_run) AS run_id, epoch_us(ts) / 1000000 AS at FROM bouts;

CREATE OR REPLACE TEMP TABLE observed_observed AS
WITH ends AS (SELECT max(coalesce(ts_end, ts)) AS latest FROM events),
seen AS (
    SELECT v.view_no, e.run_id, e.started_at, e.ended_at
    FROM view_sensors AS v JOIN exposures AS e USING (sensor)
    WHERE v.is_observable
    UNION ALL
    SELECT DISTINCT v.view_no, r.run_id, r.started_at, coalesce(r.ended_at, latest)
    FROM view_sensors AS v
    JOIN exposures AS e USING (sensor)
    JOIN runs AS r ON r.run_id = e.run_id
    CROSS JOIN ends
    WHERE v.is_assumed
),
places AS (
    SELECT run_id, host AS place FROM calls WHERE run_id IS NOT NULL AND host IS NOT NULL
    UNION SELECT run_id, place FROM observed_bouts WHERE run_id IS NOT NULL
    UNION SELECT run_id, '*' FROM runs
)
SELECT CAST(s.view_no AS BIGINT) AS "view", s.run_id, p.place, epoch_us(s.started_at) / 1000000 AS low, epoch_us(s.ended_at) / 1000000 AS high
FROM seen AS s JOIN places AS p USING (run_id)
WHERE s.ended_at > s.started_at;

CREATE OR REPLACE TEMP TABLE observed_alive AS
SELECT CAST(v.view_no AS BIGINT) AS "view", epoch_us(a.started_at) / 1000000 AS low, epoch_us(a.ended_at) / 1000000 AS high
FROM view_sensors AS v JOIN sensor_alive AS a USING (sensor)
WHERE v.is_observable
UNION ALL
SELECT v.view_no, epoch_us(min(s.first_ts)) / 1000000, epoch_us(max(s.last_ts)) / 1000000
FROM view_sensors AS v JOIN sensors AS s USING (sensor)
WHERE v.is_assumed
GROUP BY v.view_no;

-- Processes stand in for tool calls only where the trace has none. A class is what the command's first program is called.
CREATE OR REPLACE TEMP TABLE observed_calls AS
SELECT activity_id, run_id, episode_id, step, host AS place, low AS started_at, epoch_us(low) / 1000000 AS at, tool,
    CASE WHEN regexp_full_match(program, '[A-Za-z][A-Za-z_+.-]{0,31}') THEN lower(program) END AS command_class
FROM (
    SELECT c.*,
        regexp_replace(regexp_extract(
            regexp_extract(
                command,
                '^(?:\s*(?:cd\s+[^;&|\s]+\s*(?:&&|;)|set\s+[-+]\w+\s*(?:&&|;)|(?:sudo|env|nohup|time|exec|setsid|command|timeout\s+\S+|python[0-9.]*\s+-m)\s|\w+=\S*\s))*\s*([^\s;|&<>()"''`$]+)', 1
            ), '[^/]+$'), '[0-9.]+$', '') AS program
    FROM calls AS c
    WHERE c.kind = 'tool_call' OR NOT EXISTS (SELECT 1 FROM calls WHERE kind = 'tool_call')
);

CREATE OR REPLACE TEMP TABLE observed_clocks AS
SELECT CAST(v.view_no AS BIGINT) AS "view", p.place,
    arg_max(CASE WHEN k.basis = 'declared' THEN 0.0 ELSE k.offset_s END, (k.basis = 'declared', k.n_anchors, k.sensor)) AS offset_s,
    max(greatest(coalesce(k.residual_s, 0), 10.0)) AS bound_s
FROM view_sensors AS v
JOIN clocks AS k ON k.sensor = v.sensor
JOIN (SELECT DISTINCT "view", place FROM observed_observed) AS p ON p."view" = v.view_no AND (k.host IS NULL OR k.host = p.place)
GROUP BY v.view_no, p.place;

CREATE OR REPLACE TEMP TABLE observed_phases AS
SELECT a.run_id, coalesce(a.name, 'unnamed') AS name, epoch_us(a.started_at) / 1000000 AS low, epoch_us(coalesce(a.ended_at, r.ended_at)) / 1000000 AS high
FROM activity AS a LEFT JOIN runs AS r USING (run_id)
WHERE a.kind = 'phase' AND a.run_id IS NOT NULL AND a.started_at < coalesce(a.ended_at, r.ended_at);

-- RITA looks at one day.
CREATE OR REPLACE TEMP TABLE last_day AS
SELECT p.pattern_id, c.client_ip, c.server_ip, epoch_us(c.first_ts) / 1000000 AS at, c.bytes_out AS size, epoch_us(n.latest) / 1000000 AS last
FROM pattern_connections AS p
JOIN connections AS c USING (connection_id)
CROSS JOIN (SELECT max(last_ts) AS latest FROM connections) AS n
WHERE c.first_ts > n.latest - INTERVAL 1 DAY;
