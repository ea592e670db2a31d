/* ---
name = "hosts"
title = "Addresses that hosts showed to be their own: packets that netfilter logged with no interface that they came in by"
kind = "build"
--- */
DELETE FROM hosts WHERE basis IN ('local', 'translation');

INSERT INTO hosts (host, ip, scope, source_id, basis)
SELECT e.sensor, e.src_ip, NULL, min(e.source_id), 'local'
FROM events AS e
JOIN addresses AS a ON a.ip = e.src_ip
WHERE e.kind = 'firewall' AND e.in_iface IS NULL AND e.out_iface IS NOT NULL AND e.out_iface <> 'lo'
  AND json_extract_string(e.extra, '$.TTL') IS NOT NULL
  AND a.ip_key NOT BETWEEN '00000000000000000000ffff7f000000' AND '00000000000000000000ffff7fffffff'
GROUP BY e.sensor, e.src_ip
ORDER BY e.sensor, e.src_ip;
