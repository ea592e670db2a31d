/* ---
name = "assets_end"
title = "What the narrowest entry that holds an address says of it, key by key"
kind = "build"
--- */
CREATE OR REPLACE TEMP TABLE said AS
SELECT i.ip, f.key, arg_min(f.value, i.width) AS value
FROM in_range AS i
JOIN facts AS f ON f.id = i.id
GROUP BY i.ip, f.key;

DROP TABLE entries;
DROP TABLE facts;
DROP TABLE in_range;
