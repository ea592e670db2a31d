/* ---
name = "tags"
title = "Tags of addresses: categories of what is known of them, and what enrichment says under the key `tag`"
kind = "build"
--- */
-- Rows whose tags differ are written anew: that is what an UPDATE of a list does, too, and takes half the time.
CREATE OR REPLACE TEMP TABLE tagged AS
SELECT a.* REPLACE (t.tags AS tags)
FROM addresses AS a
LEFT JOIN (
    SELECT ip, list_sort(list(DISTINCT tag)) AS tags
    FROM (
        SELECT value AS ip, category AS tag FROM indicator_hits WHERE kind = 'ip'
        UNION ALL
        SELECT ip, value FROM enrichments WHERE key = 'tag'
    )
    WHERE tag IS NOT NULL
    GROUP BY ip
) AS t ON t.ip = a.ip
WHERE a.tags IS DISTINCT FROM t.tags;

DELETE FROM addresses WHERE ip IN (SELECT ip FROM tagged);

INSERT INTO addresses SELECT * FROM tagged ORDER BY ip_key;

DROP TABLE tagged;
