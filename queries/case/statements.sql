/* ---
name = "statements"
title = "What was said of addresses, by whom, of which day, and how far that is from the incident"
kind = "case"
--- */
WITH asked AS (SELECT DISTINCT unnest(CAST($ips AS VARCHAR[])) AS ip),
talks AS (
    SELECT ip, min(first_ts) AS first_ts, max(last_ts) AS last_ts
    FROM (
        SELECT server_ip AS ip, first_ts, last_ts FROM connections WHERE server_ip IN (SELECT ip FROM asked)
        UNION ALL
        SELECT client_ip, first_ts, last_ts FROM connections WHERE client_ip IN (SELECT ip FROM asked)
    )
    GROUP BY ip
),
said AS (
    SELECT ip, key, value, provider, source, as_of FROM enrichments WHERE ip IN (SELECT ip FROM asked)
    UNION ALL
    SELECT value, 'known as', label || ' (' || category || ')', 'indicators', source, as_of
    FROM indicator_hits WHERE kind = 'ip' AND value IN (SELECT ip FROM asked)
)
SELECT s.ip, s.key, s.value, s.provider, s.source, s.as_of,
    CASE
        WHEN s.as_of IS NULL OR t.ip IS NULL THEN NULL
        WHEN s.as_of < t.first_ts THEN CAST(date_diff('day', s.as_of, t.first_ts) AS VARCHAR) || ' days before'
        WHEN s.as_of > t.last_ts THEN CAST(date_diff('day', t.last_ts, s.as_of) AS VARCHAR) || ' days after'
        ELSE 'during it'
    END AS against_the_traffic
FROM said AS s
JOIN addresses AS a ON a.ip = s.ip
LEFT JOIN talks AS t ON t.ip = s.ip
ORDER BY a.scope <> 'external', a.ip_key, s.key, s.as_of DESC NULLS LAST, s.provider, s.value
