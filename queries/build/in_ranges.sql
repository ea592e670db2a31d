/* ---
name = "in_ranges"
title = "Which networks hold which addresses: `asked` (ip, ip_key) and `ranges` (id, low, high) give `in_range` (ip, id, width)"
kind = "build"
--- */
-- By equality: a network of a given width that can hold an address begins at one place. An inequality join of a million
-- addresses with ten thousand networks takes minutes, this a second. Networks are aligned to their width, as CIDRs are.
CREATE OR REPLACE TEMP TABLE in_range AS
WITH narrow AS (
    SELECT id, CAST('0x' || substr(low, 25) AS UBIGINT) AS low, CAST('0x' || substr(high, 25) AS UBIGINT) - CAST('0x' || substr(low, 25) AS UBIGINT) + 1 AS width
    FROM ranges
    WHERE starts_with(low, '00000000000000000000ffff')
),
wide AS (
    SELECT id, CAST('0x' || low AS UHUGEINT) AS low, CAST('0x' || high AS UHUGEINT) - CAST('0x' || low AS UHUGEINT) + 1 AS width
    FROM ranges
    WHERE NOT starts_with(low, '00000000000000000000ffff') AND high <> repeat('f', 32)
)
SELECT a.ip, n.id, n.width::DOUBLE AS width
FROM (
    SELECT ip, number - number % width AS base, width
    FROM (SELECT ip, CAST('0x' || substr(ip_key, 25) AS UBIGINT) AS number FROM asked WHERE starts_with(ip_key, '00000000000000000000ffff'))
    CROSS JOIN (SELECT DISTINCT width FROM narrow)
) AS a
JOIN narrow AS n ON n.low = a.base AND n.width = a.width
UNION ALL
SELECT a.ip, w.id, w.width::DOUBLE
FROM (
    SELECT ip, number - number % width AS base, width
    FROM (SELECT ip, CAST('0x' || ip_key AS UHUGEINT) AS number FROM asked WHERE NOT starts_with(ip_key, '00000000000000000000ffff'))
    CROSS JOIN (SELECT DISTINCT width FROM wide)
) AS a
JOIN wide AS w ON w.low = a.base AND w.width = a.width;

DROP TABLE asked;
DROP TABLE ranges;
