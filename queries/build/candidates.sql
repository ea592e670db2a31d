/* ---
name = "candidates"
title = "Ranked tool calls that each violation coincides with, and how sure that is"
kind = "build"
[params.skew_s]
type = "float"
default = 2.0
help = "seconds by which the clocks of a sensor and of a trace may differ"
[params.tail_s]
type = "float"
default = 600.0
help = "seconds after its end in which what a call left behind may still act"
[params.life_h]
type = "float"
default = 24.0
help = "hours in which a call may have started what acts now, if it names the destination or leaves a process behind"
[params.bucket_s]
type = "float"
default = 600.0
help = "seconds of a step of the interval join; changes its speed, not its result"
[params.keep]
type = "int"
default = 10
help = "candidates that are kept of each violation"
[params.w_during]
type = "float"
default = 10.0
help = "weight of a call in which the connection began; within the skew of it, less by 1 / (1 + seconds)"
[params.w_tail]
type = "float"
default = 1.0
help = "weight of a call that returned just before; it falls as 1 / (1 + seconds / 30)"
[params.w_later]
type = "float"
default = 0.05
help = "weight of a call that began after the connection: it goes on, and did not cause it"
[params.w_destination]
type = "float"
default = 50.0
help = "weight of a command that names the destination"
[params.w_range]
type = "float"
default = 20.0
help = "weight of a command that names a network or range in which the destination is"
[params.w_port]
type = "float"
default = 4.0
help = "weight of a command that names the port"
[params.w_program]
type = "float"
default = 8.0
help = "weight of a command that runs what is apt to do this"
[params.w_network]
type = "float"
default = 2.0
help = "weight of a command that does anything on the network and does not say with whom"
[params.w_elsewhere]
type = "float"
default = 0.5
help = "weight of a command that names other destinations"
[params.w_background]
type = "float"
default = 8.0
help = "weight of a call that left a process behind, for what comes after it, however long"
[params.w_nobody]
type = "float"
default = 2.0
help = "weight of what no trace shows: the reason why no score is ever 1"
--- */
-- The interval join. Both sides fall into steps of time; a pair is made in the first step that both are in, once.
CREATE OR REPLACE TEMP TABLE pairs AS
WITH asked AS (
    SELECT suspect, key, low, high, unnest(range(CAST(floor(epoch(low) / $bucket_s) AS BIGINT), CAST(floor(epoch(high) / $bucket_s) AS BIGINT) + 1)) AS bucket,
        CAST(floor(epoch(low) / $bucket_s) AS BIGINT) AS first_bucket
    FROM owned
    WHERE key <> 'any'
),
given AS (
    SELECT call, key, low, high,
        unnest(range(CAST(floor((epoch(low) - $skew_s) / $bucket_s) AS BIGINT), CAST(floor((epoch(high) + $tail_s) / $bucket_s) AS BIGINT) + 1)) AS bucket,
        CAST(floor((epoch(low) - $skew_s) / $bucket_s) AS BIGINT) AS first_bucket
    FROM call_keys JOIN calls USING (call)
    WHERE key IN (SELECT key FROM owned)
)
SELECT a.suspect, g.call, a.low AS began
FROM asked AS a
JOIN given AS g ON g.key = a.key AND g.bucket = a.bucket
WHERE a.bucket = greatest(a.first_bucket, g.first_bucket)
  AND g.low - to_microseconds(CAST($skew_s * 1000000 AS BIGINT)) <= a.high
  AND g.high + to_microseconds(CAST($tail_s * 1000000 AS BIGINT)) >= a.low;

-- What outlives its call: earlier calls of the same sandbox that left a process behind.
CREATE OR REPLACE TEMP TABLE lasting AS
SELECT k.key, c.call, c.high
FROM commands AS m
JOIN calls AS c USING (command)
JOIN call_keys AS k USING (call)
WHERE m.background AND k.own;

INSERT INTO pairs
SELECT DISTINCT o.suspect, l.call, o.low
FROM owned AS o
JOIN lasting AS l ON l.key = o.key
WHERE o.own
  AND l.high + to_microseconds(CAST($tail_s * 1000000 AS BIGINT)) < o.low
  AND l.high + to_microseconds(CAST($life_h * 3600000000 AS BIGINT)) >= o.low;

-- Earlier calls that name this very destination: of the same sandbox, of the same host, behind the same translator.
CREATE OR REPLACE TEMP TABLE naming AS
SELECT m.destination, c.call, c.low, c.high
FROM (SELECT command, unnest(list_concat(ips, names)) AS destination FROM commands) AS m
JOIN calls AS c USING (command)
WHERE m.destination IN (SELECT unnest(list_concat(server_ips, server_names)) FROM suspects);

INSERT INTO pairs
WITH keyed AS (
    SELECT n.*, k.key FROM naming AS n JOIN call_keys AS k USING (call)
    UNION ALL
    SELECT *, 'any' FROM naming WHERE EXISTS (SELECT 1 FROM owned WHERE key = 'any')
),
wanted AS (
    SELECT o.suspect, o.key, o.low, unnest(list_concat(s.server_ips, s.server_names)) AS destination
    FROM owned AS o JOIN suspects AS s USING (suspect)
)
SELECT DISTINCT w.suspect, n.call, w.low
FROM wanted AS w
JOIN keyed AS n ON n.key = w.key AND n.destination = w.destination
WHERE n.low - to_microseconds(CAST($skew_s * 1000000 AS BIGINT)) <= w.low
  AND n.high + to_microseconds(CAST($life_h * 3600000000 AS BIGINT)) >= w.low
  AND NOT EXISTS (SELECT 1 FROM pairs AS p WHERE p.suspect = w.suspect AND p.call = n.call);

-- Behind a translator, with nothing but time to go by: calls in which the connection began, if they are few.
INSERT INTO pairs
SELECT o.suspect, c.call, o.low
FROM (SELECT o.suspect, o.low FROM owned AS o ASOF JOIN crowds AS n ON n.key = 'any' AND n.edge <= o.low
      WHERE o.owner_kind = 'any' AND n.alive BETWEEN 1 AND 256) AS o
JOIN calls AS c
    ON c.low <= o.low + to_microseconds(CAST($skew_s * 1000000 AS BIGINT))
    AND c.high >= o.low - to_microseconds(CAST($skew_s * 1000000 AS BIGINT))
WHERE NOT EXISTS (SELECT 1 FROM pairs AS p WHERE p.suspect = o.suspect AND p.call = c.call);

-- How many could it have been? Sandboxes that share the address or that translations lead to, or all that was alive on the
-- host. An origin of which nobody is known is one more.
CREATE OR REPLACE TEMP TABLE crowded AS
SELECT violation_id, own, anybody, nobody, owner_kind, owner_id,
    CASE WHEN own THEN own_keys ELSE own_keys + others END + CASE WHEN owner_kind IS NULL THEN 0 ELSE unknown END AS alive
FROM (
    SELECT violation_id, bool_and(own) AS own, bool_or(key = 'any') AS anybody, bool_or(owner_kind = 'unknown') AS nobody,
        count(DISTINCT key) FILTER (own AND owner_kind = first_kind) AS own_keys,
        coalesce(sum(alive) FILTER (NOT own AND first_of_key), 0) AS others,
        count(*) FILTER (key IS NULL) AS unknown,
        min(owner_kind) AS owner_kind, min(owner_id) AS owner_id
    FROM (
        SELECT o.*, n.alive,
            min(o.owner_kind) OVER (PARTITION BY o.violation_id) AS first_kind,
            row_number() OVER (PARTITION BY o.violation_id, o.key ORDER BY o.low) = 1 AS first_of_key
        FROM (SELECT s.violation_id, w.* FROM suspects AS s LEFT JOIN owned AS w USING (suspect)) AS o
        ASOF LEFT JOIN crowds AS n ON n.key = o.key AND n.edge <= o.low
    )
    GROUP BY violation_id
);

-- Commands that name somebody whose address the case knows; a name that no log resolves may be anybody's.
CREATE OR REPLACE TEMP TABLE known_elsewhere AS
SELECT DISTINCT command
FROM (SELECT command, unnest(names) AS name FROM commands) JOIN (SELECT DISTINCT name FROM addresses WHERE name IS NOT NULL) USING (name);

CREATE OR REPLACE TEMP TABLE weighed AS
SELECT *, w_time * w_command AS weight
FROM (
    SELECT p.suspect, s.violation_id, c.*, s.via, s.ip, p.began, o.own, o.anybody, o.nobody, o.alive, o.owner_kind, o.owner_id,
        epoch_us(p.began - c.low) / 1000000 AS after_start, epoch_us(p.began - c.high) / 1000000 AS after_end,
        coalesce(m.background, false) AND after_end > 0 AS leaves,
        coalesce(list_has_any(m.ips, s.server_ips) OR list_has_any(m.names, s.server_names), false) AS names_it,
        coalesce(len(m.lows) > 0 AND len(list_filter(list_zip(m.lows, m.highs), lambda r: len(list_filter(s.server_keys, lambda k: k BETWEEN r[1] AND r[2])) > 0)) > 0, false) AS names_range,
        coalesce(list_has_any(m.ports, CAST(s.server_ports AS INTEGER[])), false) AS names_port,
        list_filter(m.programs, lambda x: list_contains(f.programs, x)) AS apt,
        coalesce(len(m.programs) > 0 OR len(m.ips) > 0 OR len(m.names) > 0, false) AS on_network,
        NOT (names_it OR names_range) AND coalesce(len(m.ips) + len(m.lows) > 0 OR e.command IS NOT NULL, false) AS elsewhere,
        coalesce(m.hidden, false) AS hidden,
        CASE
            WHEN after_start < -$skew_s THEN $w_later
            WHEN after_end <= $skew_s THEN $w_during / (1 + greatest(0, -after_start, after_end))
            WHEN leaves THEN $w_background
            ELSE $w_tail / (1 + after_end / 30)
        END AS w_time,
        CASE WHEN names_it THEN $w_destination WHEN names_range THEN $w_range ELSE 1 END
            * CASE WHEN names_port THEN $w_port ELSE 1 END
            * CASE WHEN elsewhere THEN $w_elsewhere WHEN len(apt) > 0 THEN $w_program WHEN on_network THEN $w_network ELSE 1 END AS w_command
    FROM pairs AS p
    JOIN suspects AS s USING (suspect)
    JOIN calls AS c USING (call)
    JOIN crowded AS o USING (violation_id)
    LEFT JOIN commands AS m USING (command)
    LEFT JOIN fitting AS f USING (suspect)
    LEFT JOIN known_elsewhere AS e USING (command)
);

DELETE FROM candidates;

INSERT INTO candidates BY NAME
SELECT
    violation_id, rank, activity_id, run_id, episode_id, step, tool, round(score, 6) AS score,
    CASE WHEN own AND alive = 1 THEN 'exact' WHEN NOT own AND NOT anybody AND alive <= 1 THEN 'host' ELSE 'ambiguous' END AS basis,
    concat_ws('; ',
        CASE WHEN own AND alive = 1 THEN 'in ' || owner_kind || ' ' || coalesce(who, owner_id)
             WHEN own THEN 'in ' || owner_kind || ' ' || who || ', one of ' || alive || ' that had ' || ip
             WHEN nobody THEN 'nobody is known to have had ' || ip
             WHEN anybody THEN 'behind ' || ip || CASE WHEN alive > 1 THEN ', one of ' || alive || ' concurrent episodes' ELSE '' END
             WHEN alive > 1 THEN 'on ' || owner_kind || ' ' || owner_id || ', one of ' || alive || ' concurrent episodes'
             ELSE 'on ' || owner_kind || ' ' || owner_id || CASE WHEN alive = 1 THEN ', the only live episode' ELSE ', after its last episode' END END,
        CASE WHEN after_start < -$skew_s THEN 'the call began ' || round(-after_start, 1) || ' s after the connection'
             WHEN after_end <= $skew_s THEN 'began ' || greatest(round(after_start, 1), 0) || ' s into the call'
             ELSE 'began ' || round(after_end, 1) || ' s after the call returned' END,
        CASE WHEN names_it THEN 'the command names the destination' WHEN names_range THEN 'the command names a range with the destination in it' END,
        CASE WHEN names_port THEN 'it names the port' END,
        CASE WHEN len(apt) > 0 AND NOT elsewhere THEN 'it runs a ' || array_to_string(apt, ', ') WHEN on_network AND NOT elsewhere THEN 'it uses the network' END,
        CASE WHEN elsewhere THEN 'it names other destinations' END,
        CASE WHEN leaves THEN 'it leaves a process behind' END,
        CASE WHEN hidden THEN 'part of it is encoded' END,
        CASE WHEN via IS NOT NULL THEN 'un-NAT by ' || via END) AS reason
FROM (
    SELECT *, row_number() OVER (PARTITION BY violation_id ORDER BY weight DESC, abs(after_start), activity_id) AS rank,
        weight / ($w_nobody + sum(weight) OVER (PARTITION BY violation_id)) AS score
    FROM (SELECT * FROM weighed QUALIFY row_number() OVER (PARTITION BY violation_id, call ORDER BY weight DESC) = 1)
)
WHERE rank <= $keep
ORDER BY violation_id, rank;

-- One word and one sentence for each violation; where a name is not known, no name is given.
UPDATE violations SET attribution = j.attribution, attribution_reason = j.reason
FROM (
    SELECT v.violation_id,
        CASE WHEN c.basis IS NOT NULL THEN c.basis WHEN s.alive > 1 AND NOT s.nobody THEN 'ambiguous' ELSE 'none' END AS attribution,
        CASE
            WHEN s.nobody THEN 'no record says who had ' || o.ip || CASE WHEN c.basis IS NOT NULL THEN '; some calls name its destination' ELSE '' END
            WHEN c.basis = 'exact' THEN c.reason
            WHEN c.basis = 'host' THEN c.reason
            WHEN s.anybody AND s.alive > 1 THEN 'unresolved behind NAT at ' || o.ip || ': one of ' || s.alive || ' concurrent episodes'
            WHEN s.anybody THEN 'unresolved behind NAT at ' || o.ip
            WHEN s.alive > 1 AND s.own THEN 'one of ' || s.alive || ' ' || CASE s.owner_kind WHEN 'sandbox' THEN 'sandboxes' ELSE s.owner_kind || 's' END || ' that had ' || o.ip
            WHEN s.alive > 1 THEN 'one of ' || s.alive || ' concurrent episodes on ' || s.owner_kind || ' ' || s.owner_id
            WHEN c.basis IS NOT NULL THEN c.reason
            WHEN s.owner_kind IS NOT NULL THEN 'no tool call of ' || s.owner_kind || ' ' || s.owner_id || ' at the time'
            WHEN o.from_outside THEN o.ip || ' is outside'
            ELSE 'no record says who had ' || o.ip END AS reason
    FROM violations AS v
    LEFT JOIN (SELECT * FROM candidates WHERE rank = 1) AS c USING (violation_id)
    LEFT JOIN (
        SELECT violation_id, max(ip) AS ip, bool_and(from_outside) AS from_outside FROM suspects GROUP BY violation_id
    ) AS o USING (violation_id)
    LEFT JOIN crowded AS s USING (violation_id)
) AS j
WHERE violations.violation_id = j.violation_id;

UPDATE patterns SET attribution = j.attribution
FROM (
    SELECT pattern_id, arg_max(attribution, (n, list_position(['exact', 'host', 'ambiguous', 'none'], attribution))) AS attribution
    FROM (SELECT pattern_id, attribution, count(*) AS n FROM pattern_violations JOIN violations USING (violation_id) GROUP BY ALL)
    GROUP BY pattern_id
) AS j
WHERE patterns.pattern_id = j.pattern_id;
