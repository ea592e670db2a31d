/* ---
name = "enriched"
title = "The wide columns of addresses: of each key the word of the provider that ranks highest, and of it the newest"
kind = "build"
--- */
CREATE OR REPLACE TEMP TABLE best AS
SELECT
    ip,
    max(CASE WHEN key = 'asn' THEN value END) AS asn,
    max(CASE WHEN key = 'as_name' THEN value END) AS as_name,
    max(CASE WHEN key = 'country' THEN value END) AS country,
    max(CASE WHEN key = 'network' THEN value END) AS network,
    max(CASE WHEN key = 'registrant' THEN value END) AS registrant,
    max(CASE WHEN key = 'ptr' THEN value END) AS ptr,
    max(asked_at) AS enriched_at,
    array_to_string(list_sort(list(DISTINCT provider)), ', ') AS enriched_by
FROM (
    -- Rank first, then the day of the data: one number, since a million addresses are grouped by it.
    SELECT e.ip, e.key,
        arg_max(e.value, r.rank * 1e11 + coalesce(epoch(e.as_of), 0)) AS value,
        arg_max(e.provider, r.rank * 1e11 + coalesce(epoch(e.as_of), 0)) AS provider,
        arg_max(e.asked_at, r.rank * 1e11 + coalesce(epoch(e.as_of), 0)) AS asked_at
    FROM enrichments AS e
    JOIN ranks AS r ON r.provider = e.provider
    WHERE e.key IN ('asn', 'as_name', 'country', 'network', 'registrant', 'ptr')
    GROUP BY e.ip, e.key
)
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
