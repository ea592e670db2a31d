/* ---
name = "enriched"
title = "The wide columns of addresses: of each key the word of the provider that ranks highest, and of it the newest"
kind = "build"
--- */
-- One pass over the statements, by the number of the row: rank first, then the day of the data, as one number.
CREATE OR REPLACE TEMP TABLE best AS
SELECT place,
    arg_max(value, score) FILTER (key = 'asn') AS asn,
    arg_max(value, score) FILTER (key = 'as_name') AS as_name,
    max(score) FILTER (key = 'asn') AS asn_score,
    max(score) FILTER (key = 'as_name') AS name_score,
    arg_max(value, score) FILTER (key = 'country') AS country,
    arg_max(value, score) FILTER (key = 'network') AS network,
    arg_max(value, score) FILTER (key = 'registrant') AS registrant,
    arg_max(value, score) FILTER (key = 'ptr') AS ptr,
    max(asked_at) AS enriched_at,
    bit_or(bit) AS speakers
FROM (
    SELECT a.rowid AS place, e.key, e.value, e.asked_at, r.bit, r.rank * 1e11 + coalesce(epoch(e.as_of), 0) AS score
    FROM enrichments AS e
    JOIN ranks AS r ON r.provider = e.provider
    JOIN addresses AS a ON a.ip = e.ip
    WHERE e.key IN ('asn', 'as_name', 'country', 'network', 'registrant', 'ptr')
)
GROUP BY place;

CREATE OR REPLACE TEMP TABLE told AS
SELECT s.speakers, string_agg(r.provider, ', ' ORDER BY r.provider) AS names
FROM (SELECT DISTINCT speakers FROM best) AS s
JOIN ranks AS r ON r.bit & s.speakers <> 0
GROUP BY s.speakers;

-- Only what differs is written, and in the order of the table: an UPDATE in another order takes quadratic time.
-- Number and name of an AS are of one speaker.
CREATE OR REPLACE TEMP TABLE changed AS
SELECT b.place, b.asn, b.as_name, b.country, b.network, b.registrant, b.ptr, b.enriched_at, b.enriched_by
FROM (
    SELECT * REPLACE (TRY_CAST(asn AS UINTEGER) AS asn, CASE WHEN name_score = asn_score THEN as_name END AS as_name), names AS enriched_by
    FROM best
    JOIN told USING (speakers)
) AS b
JOIN addresses AS a ON a.rowid = b.place
WHERE a.enriched_at IS DISTINCT FROM b.enriched_at OR a.enriched_by IS DISTINCT FROM b.enriched_by
    OR a.asn IS DISTINCT FROM b.asn OR a.as_name IS DISTINCT FROM b.as_name OR a.country IS DISTINCT FROM b.country
    OR a.network IS DISTINCT FROM b.network OR a.registrant IS DISTINCT FROM b.registrant OR a.ptr IS DISTINCT FROM b.ptr
ORDER BY b.place;

UPDATE addresses SET
    asn = c.asn, as_name = c.as_name, country = c.country, network = c.network, registrant = c.registrant, ptr = c.ptr,
    enriched_at = c.enriched_at, enriched_by = c.enriched_by
FROM changed AS c
WHERE addresses.rowid = c.place;

UPDATE addresses SET
    asn = NULL, as_name = NULL, country = NULL, network = NULL, registrant = NULL, ptr = NULL, enriched_at = NULL, enriched_by = NULL
WHERE enriched_at IS NOT NULL AND rowid NOT IN (SELECT place FROM best);

DROP TABLE best;

DROP TABLE changed;
DROP TABLE told;
DROP TABLE ranks;
