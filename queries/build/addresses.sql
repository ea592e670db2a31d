/* ---
name = "addresses"
title = "Every IPv4 address of the case with its key, and the one name of an address that has exactly one"
kind = "build"
--- */
INSERT INTO addresses (ip, ip_key, version)
SELECT
    ip,
    printf(
        '00000000000000000000ffff%02x%02x%02x%02x',
        split_part(ip, '.', 1)::INTEGER, split_part(ip, '.', 2)::INTEGER,
        split_part(ip, '.', 3)::INTEGER, split_part(ip, '.', 4)::INTEGER
    ),
    4
FROM (
    SELECT src_ip AS ip FROM events
    UNION SELECT dst_ip FROM events
    UNION SELECT src_nat_ip FROM events
    UNION SELECT dst_nat_ip FROM events
    UNION SELECT ip FROM leases
    UNION SELECT ip FROM hosts
    UNION SELECT ip FROM activity
    UNION SELECT lower(coalesce(json_extract_string(extra, '$.sandbox_ip6'), json_extract_string(extra, '$.ip6'))) FROM activity
    UNION SELECT orig_src_ip FROM translations
    UNION SELECT new_src_ip FROM translations
)
WHERE contains(ip, '.') AND ip NOT IN (SELECT ip FROM addresses)
ORDER BY ip;

UPDATE addresses SET name = named.name
FROM (
    SELECT a.ip, n.name
    FROM addresses AS a
    LEFT JOIN (
        SELECT dst_ip AS ip, any_value(dst_name) AS name
        FROM events
        WHERE dst_name IS NOT NULL
        GROUP BY dst_ip
        HAVING count(DISTINCT dst_name) = 1
    ) AS n USING (ip)
    WHERE a.name IS DISTINCT FROM n.name
) AS named
WHERE addresses.ip = named.ip;
