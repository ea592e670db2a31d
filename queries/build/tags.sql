/* ---
name = "tags"
title = "Tags of addresses: categories of what is known of them, and what enrichment says under the key `tag`"
kind = "build"
--- */
UPDATE addresses SET tags = found.tags
FROM (
    SELECT a.ip, list_sort(list(DISTINCT t.tag) FILTER (t.tag IS NOT NULL)) AS tags
    FROM addresses AS a
    LEFT JOIN (
        SELECT value AS ip, category AS tag FROM indicator_hits WHERE kind = 'ip'
        UNION ALL
        SELECT ip, value FROM enrichments WHERE key = 'tag'
    ) AS t ON t.ip = a.ip
    GROUP BY a.ip
) AS found
WHERE addresses.ip = found.ip AND addresses.tags IS DISTINCT FROM found.tags;
