/* ---
name = "ends"
title = "What is known of addresses, those outside first: who has them, since when, and what they are known for"
kind = "case"
--- */
-- Registration: what is said after the incident holds for then only if nothing was changed in between.
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
    SELECT ip,
        arg_max(value, asked_at) FILTER (key = 'registered') AS registered,
        arg_max(value, asked_at) FILTER (key = 'changed') AS changed,
        arg_max(value, asked_at) FILTER (key = 'abuse') AS abuse,
        arg_max(value, asked_at) FILTER (key = 'owner') AS owner,
        arg_max(value, asked_at) FILTER (key = 'name') AS own_name,
        arg_max(value, asked_at) FILTER (key = 'special') AS special
    FROM enrichments
    WHERE ip IN (SELECT ip FROM asked)
    GROUP BY ip
)
SELECT
    a.ip, coalesce(s.own_name, a.name) AS name, 'AS' || a.asn AS asn, a.as_name, a.country, a.network, a.registrant, a.ptr, a.tags,
    s.owner, s.special, s.abuse, left(s.registered, 10) AS registered, left(s.changed, 10) AS changed,
    CASE
        WHEN s.changed IS NULL THEN NULL
        WHEN TRY_CAST(left(s.changed, 10) AS DATE) > CAST(t.last_ts AS DATE) THEN 'no: changed after it'
        WHEN TRY_CAST(left(s.changed, 10) AS DATE) <= CAST(t.first_ts AS DATE) THEN 'yes'
        ELSE 'changed during it'
    END AS held_then,
    a.enriched_by
FROM asked
JOIN addresses AS a ON a.ip = asked.ip
LEFT JOIN said AS s ON s.ip = a.ip
LEFT JOIN talks AS t ON t.ip = a.ip
ORDER BY a.scope <> 'external', a.ip_key
