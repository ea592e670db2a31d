/* ---
name = "in_ranges"
title = "Which networks hold which addresses: `asked` (ip, ip_key) and `ranges` (id, low, high) give `in_range` (ip, id, width)"
kind = "build"
--- */
-- By equality: a network of a given width that can hold an address begins at one place. An inequality join of a million
-- addresses with ten thousand networks takes minutes, this a second. Networks are aligned to their width, as CIDRs are.
-- Three parts of 64 bits each, since arithmetic on 128 bits is slow: IPv4, IPv6 up to /64 by its upper half, IPv6 beyond.
CREATE OR REPLACE TEMP TABLE spans_of AS
SELECT id, part, upper, low, high - low + 1 AS width,
    CAST(high - low + 1 AS DOUBLE) * CASE part WHEN 'upper' THEN 18446744073709551616.0 ELSE 1 END AS size
FROM (
    SELECT id, 'four' AS part, '' AS upper, CAST('0x' || substr(low, 25) AS UBIGINT) AS low, CAST('0x' || substr(high, 25) AS UBIGINT) AS high
    FROM ranges WHERE starts_with(low, '00000000000000000000ffff')
    UNION ALL
    SELECT id, 'lower', substr(low, 1, 16), CAST('0x' || substr(low, 17) AS UBIGINT), CAST('0x' || substr(high, 17) AS UBIGINT)
    FROM ranges
    WHERE NOT starts_with(low, '00000000000000000000ffff') AND substr(low, 1, 16) = substr(high, 1, 16)
      AND NOT (substr(low, 17) = repeat('0', 16) AND substr(high, 17) = repeat('f', 16))
    UNION ALL
    SELECT id, 'upper', '', CAST('0x' || substr(low, 1, 16) AS UBIGINT), CAST('0x' || substr(high, 1, 16) AS UBIGINT)
    FROM ranges
    WHERE NOT starts_with(low, '00000000000000000000ffff') AND substr(low, 17) = repeat('0', 16) AND substr(high, 17) = repeat('f', 16)
      AND NOT (substr(low, 1, 16) = repeat('0', 16) AND substr(high, 1, 16) = repeat('f', 16))
);

CREATE OR REPLACE TEMP TABLE in_range AS
SELECT a.ip, s.id, s.size AS width
FROM (
    SELECT n.ip, n.part, n.upper, n.number - n.number % w.width AS base, w.width
    FROM (
        SELECT ip, 'four' AS part, '' AS upper, CAST('0x' || substr(ip_key, 25) AS UBIGINT) AS number
        FROM asked WHERE starts_with(ip_key, '00000000000000000000ffff')
        UNION ALL
        SELECT ip, 'lower', substr(ip_key, 1, 16), CAST('0x' || substr(ip_key, 17) AS UBIGINT)
        FROM asked WHERE NOT starts_with(ip_key, '00000000000000000000ffff')
        UNION ALL
        SELECT ip, 'upper', '', CAST('0x' || substr(ip_key, 1, 16) AS UBIGINT)
        FROM asked WHERE NOT starts_with(ip_key, '00000000000000000000ffff')
    ) AS n
    JOIN (SELECT DISTINCT part, width FROM spans_of) AS w ON w.part = n.part
) AS a
JOIN spans_of AS s ON s.part = a.part AND s.upper = a.upper AND s.low = a.base AND s.width = a.width;

DROP TABLE spans_of;
DROP TABLE asked;
DROP TABLE ranges;
