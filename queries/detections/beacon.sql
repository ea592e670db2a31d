/* ---
name = "beacon"
title = "Beacons by RITA's score"
question = "Which client calls one external address again and again, at even intervals and with even sizes, as RITA v5 scores it?"
kind = "detection"
severity = "low"
category = "other"
evidence = "shape"
technique = ["T1071", "T1029"]
needs = ["connections.server_ip"]
thresholds = ["beacon_least", "beacon_connections", "beacon_most"]
false_positives = [
    "updates, telemetry, time and monitoring beacon by design",
    "a low score is no all-clear: what comes back without a clock, as agents do, scores low",
]
next = "recurring-violations"
columns = { connection_id = "connection", reason = "score and its four parts" }
--- */
-- Published formula of RITA v5: score = (ts + ds + hist + dur) / 4 over the connections of a pair on one day. Time and DNS
-- protocols are left out: their clock is known.
WITH often AS (
    SELECT client_ip, server_ip, day
    FROM (SELECT client_ip, server_ip, CAST(first_ts AS DATE) AS day, count(*) AS n FROM egress WHERE outcome <> 'denied' GROUP BY client_ip, server_ip, day)
    WHERE n BETWEEN $beacon_connections AND $beacon_most
),
calls AS (
    SELECT e.connection_id, e.client_ip, e.server_ip, o.day, CAST(epoch(e.first_ts) AS BIGINT) AS ts, CAST(coalesce(e.bytes_out, 0) AS DOUBLE) AS size
    FROM egress AS e
    JOIN often AS o ON o.client_ip = e.client_ip AND o.server_ip = e.server_ip AND o.day = CAST(e.first_ts AS DATE)
    WHERE e.outcome <> 'denied' AND NOT coalesce(e.server_port IN (53, 123), false)
),
span AS (
    SELECT CAST(first_ts AS DATE) AS day, min(epoch(first_ts)) AS low, max(epoch(first_ts)) AS high FROM connections GROUP BY day
),
gaps AS (
    SELECT client_ip, server_ip, day, CAST(ts - before AS DOUBLE) AS gap
    FROM (SELECT client_ip, server_ip, day, ts, lag(ts) OVER (PARTITION BY client_ip, server_ip, day ORDER BY ts) AS before FROM calls)
    WHERE ts > before
),
quartiles AS (
    SELECT client_ip, server_ip, day, what, x, count(*) OVER w AS n,
        quantile_cont(x, 0.25) OVER w AS q1, quantile_cont(x, 0.5) OVER w AS q2, quantile_cont(x, 0.75) OVER w AS q3
    FROM (SELECT client_ip, server_ip, day, 'time' AS what, gap AS x FROM gaps UNION ALL SELECT client_ip, server_ip, day, 'size', size FROM calls)
    WINDOW w AS (PARTITION BY client_ip, server_ip, day, what)
),
stats AS (
    SELECT client_ip, server_ip, day, what, any_value(n) AS n,
        (
            1 - CASE WHEN any_value(q3 - q1) < 10 OR any_value(q2 = q1) OR any_value(q2 = q3) THEN 0
                ELSE abs(any_value((q1 + q3 - 2 * q2) / nullif(q3 - q1, 0))) END
            + CASE WHEN any_value(q2) < 1 THEN CASE what WHEN 'time' THEN 1 ELSE 0 END
                ELSE greatest(0, (any_value(q2) - median(abs(x - q2))) / any_value(q2)) END
        ) / 2 AS stat
    FROM quartiles
    GROUP BY client_ip, server_ip, day, what
),
bars AS (
    SELECT c.client_ip, c.server_ip, c.day,
        least(23, CAST(floor(24 * (c.ts - s.low) / nullif(s.high - s.low, 0)) AS INTEGER)) AS bar,
        CAST(count(*) AS DOUBLE) AS n, min(c.ts) AS low, max(c.ts) AS high, any_value(s.high - s.low) AS span
    FROM calls AS c JOIN span AS s ON s.day = c.day
    GROUP BY c.client_ip, c.server_ip, c.day, bar
),
-- The longest run of bars that are not empty; around the end of the day it goes on at the beginning.
stretches AS (
    SELECT client_ip, server_ip, day, max(len) AS longest
    FROM (
        SELECT client_ip, server_ip, day, count(*) AS len
        FROM (
            SELECT client_ip, server_ip, day, bar - row_number() OVER (PARTITION BY client_ip, server_ip, day ORDER BY bar) AS island
            FROM (SELECT client_ip, server_ip, day, bar FROM bars UNION SELECT client_ip, server_ip, day, bar + 24 FROM bars)
        )
        GROUP BY client_ip, server_ip, day, island
    )
    GROUP BY client_ip, server_ip, day
),
tallest AS (SELECT client_ip, server_ip, day, max(n) AS n FROM bars GROUP BY client_ip, server_ip, day),
bimodal AS (
    SELECT client_ip, server_ip, day, list_sum(list_reverse_sort(list(held))[1:2]) / greatest(1, sum(held) - 1) AS fit
    FROM (
        SELECT b.client_ip, b.server_ip, b.day, floor(b.n / greatest(1, ceil(t.n * 0.05))) AS bucket, CAST(count(*) AS DOUBLE) AS held
        FROM bars AS b JOIN tallest AS t ON t.client_ip = b.client_ip AND t.server_ip = b.server_ip AND t.day = b.day
        GROUP BY b.client_ip, b.server_ip, b.day, bucket
    )
    GROUP BY client_ip, server_ip, day
),
shaped AS (
    SELECT b.client_ip, b.server_ip, b.day, count(*) AS filled,
        greatest(
            1 - least(1, sqrt(greatest(0, sum(b.n * b.n) / 24 - pow(sum(b.n) / 24, 2))) / (sum(b.n) / 24)),
            CASE WHEN count(*) >= 11 THEN least(1, any_value(m.fit)) ELSE 0 END
        ) AS hist,
        CASE WHEN count(*) < 6 THEN 0
            ELSE least(1, greatest((max(b.high) - min(b.low)) / any_value(b.span), least(24, any_value(r.longest)) / 12)) END AS dur
    FROM bars AS b
    JOIN stretches AS r ON r.client_ip = b.client_ip AND r.server_ip = b.server_ip AND r.day = b.day
    JOIN bimodal AS m ON m.client_ip = b.client_ip AND m.server_ip = b.server_ip AND m.day = b.day
    GROUP BY b.client_ip, b.server_ip, b.day
),
scored AS (
    SELECT s.client_ip, s.server_ip, s.day, t.stat AS ts_score, z.stat AS ds_score, s.hist, s.dur,
        (t.stat + z.stat + s.hist + s.dur) / 4 AS score
    FROM shaped AS s
    JOIN stats AS t ON t.client_ip = s.client_ip AND t.server_ip = s.server_ip AND t.day = s.day AND t.what = 'time' AND t.n >= 3
    JOIN stats AS z ON z.client_ip = s.client_ip AND z.server_ip = s.server_ip AND z.day = s.day AND z.what = 'size'
)
SELECT c.connection_id, printf('beacon score %.2f (intervals %.2f, sizes %.2f, histogram %.2f, duration %.2f)', s.score, s.ts_score, s.ds_score, s.hist, s.dur) AS reason
FROM calls AS c
JOIN scored AS s ON s.client_ip = c.client_ip AND s.server_ip = c.server_ip AND s.day = c.day
WHERE s.score >= $beacon_least
