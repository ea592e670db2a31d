/* ---
name = "bout_calls"
title = "The calls that each bout coincides with, of the subject that its pattern is tied to"
kind = "build"
[params.alpha]
type = "float"
default = 0.05
help = "largest p_time of patterns whose calls are listed"
[params.most]
type = "int"
default = 50
help = "calls that are listed of each bout; n_calls counts all"
--- */
INSERT INTO bout_calls BY NAME
WITH tied AS (
    SELECT pattern_id, details->>'subject' AS subject, window_s, lag_s, expected_e / nullif(coincident_n, 0) AS chance
    FROM patterns
    WHERE p_time <= $alpha
),
timed AS (
    SELECT b.pattern_id, b.bout_no, coalesce(b.run_id, b.maybe_run) AS run_id, b.place, t.subject, t.window_s, t.chance,
        b.ts + to_microseconds(CAST(1000000 * (coalesce(k.offset_s, 0) + t.lag_s) AS BIGINT)) AS ts
    FROM bouts AS b
    JOIN tied AS t USING (pattern_id)
    JOIN observed_patterns AS p USING (pattern_id)
    LEFT JOIN observed_clocks AS k ON k."view" = p."view" AND k.place = b.place
),
-- In the steps of 5 s that the statistics count in, so that what is listed is what was counted.
near AS (
    SELECT t.pattern_id, t.bout_no, t.chance, c.* EXCLUDE (step_no, bucket), epoch_us(t.ts - c.started_at) / 1000000 AS delay_s
    FROM (
        SELECT *, CAST(floor(epoch(ts) / 5) AS BIGINT) AS step_no,
            unnest(range(CAST(floor((epoch(ts) - window_s - 5) / 600) AS BIGINT), CAST(floor((epoch(ts) + 5) / 600) AS BIGINT) + 1)) AS bucket
        FROM timed
    ) AS t
    JOIN (
        SELECT *, CAST(floor(epoch(started_at) / 5) AS BIGINT) AS step_no, CAST(floor(epoch(started_at) / 600) AS BIGINT) AS bucket FROM observed_calls
    ) AS c ON c.bucket = t.bucket
    WHERE c.step_no BETWEEN t.step_no - CAST(t.window_s / 5 AS BIGINT) AND t.step_no
      AND CASE WHEN t.place = '*' THEN c.run_id IS NULL OR c.run_id = t.run_id ELSE c.place = t.place OR (c.place IS NULL AND c.run_id = t.run_id) END
      AND (t.subject = 'any call' OR t.subject = c.tool OR t.subject = c.tool || ': ' || c.command_class)
)
SELECT pattern_id, bout_no, activity_id, run_id, episode_id, step, tool, delay_s, chance,
    count(*) OVER bout AS n_calls,
    (SELECT count(DISTINCT coalesce(o.episode_id, o.activity_id)) FROM near AS o WHERE o.pattern_id = near.pattern_id AND o.bout_no = near.bout_no) AS n_episodes
FROM near
WINDOW bout AS (PARTITION BY pattern_id, bout_no)
QUALIFY row_number() OVER (PARTITION BY pattern_id, bout_no ORDER BY abs(delay_s), activity_id) <= $most
ORDER BY pattern_id, bout_no, delay_s, activity_id;
