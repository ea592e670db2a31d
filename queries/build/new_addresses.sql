/* ---
name = "new_addresses"
title = "IPv6 addresses that have no key yet"
kind = "build"
--- */
SELECT DISTINCT ip
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
WHERE contains(ip, ':') AND ip NOT IN (SELECT ip FROM addresses)
ORDER BY ip;
