/* ---
name = "sensor-coverage"
title = "When each sensor was alive"
kind = "case"
--- */
SELECT
    sensor, min(bucket) AS first_minute, max(bucket) AS last_minute, sum(records)::BIGINT AS records,
    sum(events)::BIGINT AS events, sum(lost)::BIGINT AS lost, count(*) AS minutes_with_records, max(gap) AS longest_gap_s
FROM (SELECT *, epoch(lead(bucket) OVER (PARTITION BY sensor ORDER BY bucket) - bucket) - 60 AS gap FROM coverage)
GROUP BY sensor
ORDER BY sensor
