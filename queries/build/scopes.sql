/* ---
name = "scopes"
title = "Is an address inside, outside or special? The narrowest network that holds it decides"
kind = "build"
--- */
UPDATE addresses SET scope = decided.scope
FROM (
    SELECT ip, new_scope AS scope
    FROM (
        SELECT
            a.ip,
            a.scope AS old_scope,
            CASE
                WHEN a.ip IN ('0.0.0.0', '255.255.255.255', '::', '::1') THEN 'special'
                WHEN a.ip_key BETWEEN '00000000000000000000ffff7f000000' AND '00000000000000000000ffff7fffffff' THEN 'special'
                WHEN a.ip_key BETWEEN '00000000000000000000ffffe0000000' AND '00000000000000000000ffffefffffff' THEN 'special'
                WHEN a.ip_key >= 'ff' THEN 'special'
                ELSE coalesce(arg_max(n.zone, n.low || (CASE WHEN n.basis = 'declared' THEN '1' ELSE '0' END)), 'external')
            END AS new_scope
        FROM addresses AS a
        LEFT JOIN networks AS n ON a.ip_key BETWEEN n.low AND n.high
        GROUP BY a.ip, a.ip_key, a.scope
    )
    WHERE old_scope IS DISTINCT FROM new_scope
) AS decided
WHERE addresses.ip = decided.ip;
