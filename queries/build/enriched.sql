/* ---
name = "enriched"
title = "The wide columns of addresses: of each key the word of the provider that ranks highest, and of it the newest"
kind = "build"
--- */
CREATE OR REPLACE TEMP TABLE best AS
WITH speakers AS (
    -- Rank first, then the day of the data: one number, since a million addresses are grouped by it.
    SELECT e.ip, e.provider, max(r.rank * 1e11 + coalesce(epoch(e.as_of), 0)) AS score, max(e.asked_at) AS asked_at,
        max(CASE WHEN key = 'asn' THEN value END) AS asn,
        max(CASE WHEN key = 'as_name' THEN value END) AS as_name,
        max(CASE WHEN key = 'country' THEN value END) AS country,
        max(CASE WHEN key = 'network' THEN value END) AS network,
        max(CASE WHEN key = 'registrant' THEN value END) AS registrant,
        max(CASE WHEN key = 'ptr' THEN value END) AS ptr
    FROM enrichments AS e
    JOIN ranks AS r ON r.provider = e.provider
    WHERE e.key IN ('asn', 'as_name', 'country', 'network', 'registrant', 'ptr')
    GROUP BY e.ip, e.provider, e.source, e.as_of
)
SELECT
    ip,
    arg_max(asn, score) AS asn,
    -- Number and name are of one speaker.
    arg_max_null(as_name, score) FILTER (asn IS NOT NULL) AS as_name,
    arg_max(country, score) AS country,
    arg_max(network, score) AS network,
    arg_max(registrant, score) AS registrant,
    arg_max(ptr, score) AS ptr,
    max(asked_at) AS enriched_at,
    string_agg(DISTINCT provider, ', ' ORDER BY provider) AS enriched_by
FROM speakers
GROUP BY ip;

UPDATE addresses SET
    asn = TRY_CAST(b.asn AS UINTEGER), as_name = b.as_name, country = b.country, network = b.network,
    registrant = b.registrant, ptr = b.ptr, enriched_at = b.enriched_at, enriched_by = b.enriched_by
FROM best AS b
WHERE addresses.ip = b.ip
  AND (addresses.enriched_at IS DISTINCT FROM b.enriched_at OR addresses.enriched_by IS DISTINCT FROM b.enriched_by
    OR addresses.asn IS DISTINCT FROM TRY_CAST(b.asn AS UINTEGER) OR addresses.country IS DISTINCT FROM b.country);

UPDATE addresses SET
    asn = NULL, as_name = NULL, country = NULL, network = NULL, registrant = NULL, ptr = NULL, enriched_at = NULL, enriched_by = NULL
WHERE enriched_at IS NOT NULL AND ip NOT IN (SELECT ip FROM best);

DROP TABLE best;
DROP TABLE ranks;
