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
)
WHERE contains(ip, ':') AND ip NOT IN (SELECT ip FROM addresses)
ORDER BY ip;
