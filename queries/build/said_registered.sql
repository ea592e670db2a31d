/* ---
name = "said_registered"
title = "AS number, name and country of each external address: the last step of `steps` at or below it"
kind = "build"
[params.provider]
type = "text"
help = "this provider"
[params.source]
type = "text"
help = "this edition of the table"
--- */
CREATE OR REPLACE TEMP TABLE asked AS
SELECT a.ip, a.version,
    CASE WHEN a.version = 4 THEN CAST('0x' || substr(a.ip_key, 25) AS UBIGINT) ELSE CAST('0x' || substr(a.ip_key, 1, 16) AS UBIGINT) END AS number
FROM addresses AS a
WHERE a.scope = 'external'
  AND a.ip NOT IN (SELECT e.ip FROM enrichments AS e WHERE e.provider = $provider AND e.source = $source)
  AND a.ip NOT IN (SELECT e.ip FROM enrichments AS e WHERE e.key = 'tag' AND e.provider = 'special');

CREATE OR REPLACE TEMP TABLE found AS
SELECT a.ip, s.what, s.value FROM asked AS a ASOF JOIN (SELECT * FROM steps WHERE what = 'asn' AND version = 4) AS s ON a.number >= s.start WHERE a.version = 4
UNION ALL
SELECT a.ip, s.what, s.value FROM asked AS a ASOF JOIN (SELECT * FROM steps WHERE what = 'asn' AND version = 6) AS s ON a.number >= s.start WHERE a.version = 6
UNION ALL
SELECT a.ip, s.what, s.value FROM asked AS a ASOF JOIN (SELECT * FROM steps WHERE what = 'country' AND version = 4) AS s ON a.number >= s.start WHERE a.version = 4
UNION ALL
SELECT a.ip, s.what, s.value FROM asked AS a ASOF JOIN (SELECT * FROM steps WHERE what = 'country' AND version = 6) AS s ON a.number >= s.start WHERE a.version = 6;

CREATE OR REPLACE TEMP TABLE said AS
SELECT ip, what AS key, value FROM found WHERE value IS NOT NULL
UNION ALL
SELECT f.ip, 'as_name', n.value
FROM found AS f
JOIN steps AS n ON n.what = 'name' AND n.start = CAST(f.value AS UBIGINT)
WHERE f.what = 'asn' AND f.value IS NOT NULL;

DROP TABLE found;
DROP TABLE steps;
