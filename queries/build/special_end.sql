/* ---
name = "special_end"
title = "The statements on special purposes, after `in_ranges`"
kind = "build"
--- */
CREATE OR REPLACE TEMP TABLE said AS
WITH chosen AS (
    SELECT i.ip, arg_min(i.id, i.width) AS id
    FROM in_range AS i
    GROUP BY i.ip
)
SELECT c.ip, 'special' AS key, r.name || ' (' || r.reference || ')' AS value FROM chosen AS c JOIN registry AS r ON r.id = c.id
UNION ALL
SELECT c.ip, 'tag', r.tag
FROM chosen AS c
JOIN registry AS r ON r.id = c.id
JOIN addresses AS a ON a.ip = c.ip
WHERE a.scope = 'external';

DROP TABLE in_range;
DROP TABLE registry;
