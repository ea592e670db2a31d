/* ---
name = "enriched"
title = "The wide columns of addresses: of each key the word of the provider that ranks highest, and of it the newest"
kind = "build"
--- */
CREATE OR REPLACE TEMP TABLE best AS
WITH speakers AS (
    -- Rank first, then the day of the data: one number, since a million addresses are grouped by it.
    SELECT e.ip, r.rank * 1e11 + coalesce(epoch(e.as_of), 0) AS score, any_value(e.provider) AS provider, max(e.asked_at) AS asked_at,
        max(CASE WHEN key = 'asn' THEN value END) AS asn,
        max(CASE WHEN key = 'as_name' THEN value END) AS as_name,
        max(CASE WHEN key = 'country' THEN value END) AS country,
        max(CASE WHEN key = 'network' THEN value END) AS network,
        max(CASE WHEN key = 'registrant' THEN value END) AS registrant,
        max(CASE WHEN key = 'ptr' THEN value END) AS ptr
    FROM enrichments AS e
    JOIN ranks AS r ON r.provider = e.provider
    WHERE e.key IN ('asn', 'as_name', 'country', 'network', 'registrant', 'ptr')
    GROUP BY e.ip, score
),
several AS (SELECT ip FROM speakers GROUP BY ip HAVING count(*) > 1)
SELECT ip, asn, as_name, country, network, registrant, ptr, asked_at AS enriched_at, provider AS enriched_by
FROM speakers
WHERE ip NOT IN (SELECT ip FROM several)
UNION ALL
SELECT
    ip,
    arg_max(asn, score),
    -- Number and name are of one speaker.
    arg_max_null(as_name, score) FILTER (asn IS NOT NULL),
    arg_max(country, score), arg_max(network, score), arg_max(registrant, score), arg_max(ptr, score),
    max(asked_at), string_agg(DISTINCT provider, ', ' ORDER BY provider)
FROM speakers
WHERE ip IN (SELECT ip FROM several)
GROUP BY ip;

-- Only what differs is written, and in the order of the table: an UPDATE in another order takes quadratic time.
CREATE OR REPLACE TEMP TABLE changed AS
SELECT a.rowid AS place, TRY_CAST(b.asn AS UINTEGER) AS asn, b.as_name, b.country, b.network, b.registrant, b.ptr, b.enriched_at, b.enriched_by
FROM best AS b
JOIN addresses AS a ON a.ip = b.ip
WHERE a.enriched_at IS DISTINCT FROM b.enriched_at OR a.enriched_by IS DISTINCT FROM b.enriched_by
    OR a.asn IS DISTINCT FROM TRY_CAST(b.asn AS UINTEGER) OR a.as_name IS DISTINCT FROM b.as_name OR a.country IS DISTINCT FROM b.country
    OR a.network IS DISTINCT FROM b.network OR a.registrant IS DISTINCT FROM b.registrant OR a.ptr IS DISTINCT FROM b.ptr
ORDER BY a.rowid;

UPDATE addresses SET
    asn = c.asn, as_name = c.as_name, country = c.country, network = c.network, registrant = c.registrant, ptr = c.ptr,
    enriched_at = c.enriched_at, enriched_by = c.enriched_by
FROM changed AS c
WHERE addresses.rowid = c.place;

UPDATE addresses SET
    asn = NULL, as_name = NULL, country = NULL, network = NULL, registrant = NULL, ptr = NULL, enriched_at = NULL, enriched_by = NULL
WHERE enriched_at IS NOT NULL AND ip NOT IN (SELECT ip FROM best);

DROP TABLE best;

DROP TABLE changed;
DROP TABLE ranks;
