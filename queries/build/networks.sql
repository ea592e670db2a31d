/* ---
name = "networks"
title = "Networks that count as inside because an address in them is a host's, a lease's or a manifest's: its /24 or /64"
kind = "build"
--- */
DELETE FROM networks WHERE basis = 'derived';

INSERT INTO networks (cidr, name, zone, basis, low, high)
SELECT
    CASE WHEN version = 4
        THEN regexp_replace(min(ip), '\.[0-9]+$', '.0/24')
        ELSE concat_ws(
            ':',
            coalesce(nullif(ltrim(substr(any_value(ip_key), 1, 4), '0'), ''), '0'),
            coalesce(nullif(ltrim(substr(any_value(ip_key), 5, 4), '0'), ''), '0'),
            coalesce(nullif(ltrim(substr(any_value(ip_key), 9, 4), '0'), ''), '0'),
            coalesce(nullif(ltrim(substr(any_value(ip_key), 13, 4), '0'), ''), '0')
        ) || '::/64'
    END AS cidr,
    NULL, 'internal', 'derived',
    rpad(prefix, 32, '0'), rpad(prefix, 32, 'f')
FROM (
    SELECT a.ip, a.version, a.ip_key, CASE WHEN a.version = 4 THEN substr(a.ip_key, 1, 30) ELSE substr(a.ip_key, 1, 16) END AS prefix
    FROM addresses AS a
    WHERE (a.ip IN (SELECT ip FROM hosts) OR a.ip IN (SELECT ip FROM leases) OR a.ip IN (SELECT ip FROM activity))
)
WHERE NOT EXISTS (
    SELECT 1 FROM networks AS n WHERE n.zone = 'internal' AND n.low <= rpad(prefix, 32, '0') AND n.high >= rpad(prefix, 32, 'f')
)
GROUP BY version, prefix
ORDER BY cidr;
