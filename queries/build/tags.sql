/* ---
name = "tags"
title = "Tags of addresses: categories of what is known of them, and what enrichment says under the key `tag`"
kind = "build"
--- */
CREATE OR REPLACE TEMP TABLE tagged AS
SELECT a.rowid AS place, t.tags
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
WHERE a.tags IS DISTINCT FROM t.tags
ORDER BY a.rowid;

UPDATE addresses SET tags = t.tags FROM tagged AS t WHERE addresses.rowid = t.place;

DROP TABLE tagged;
