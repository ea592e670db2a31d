/* ---
name = "icmp-volume"
title = "More ICMP than pings need"
question = "Who sent so much, in such large packets, by ICMP that it may carry data?"
kind = "detection"
severity = "medium"
category = "tunnel"
evidence = "shape"
technique = ["T1095", "T1048.003"]
needs = ["connections.bytes_out", "connections.protocol"]
thresholds = ["icmp_bytes", "icmp_packet_bytes"]
false_positives = ["path MTU tests and monitoring with large pings"]
next = "top-talkers"
columns = { connection_id = "connection", reason = "bytes and packets in the hour" }
--- */
WITH hours AS (
    SELECT client_ip, server_ip, protocol, date_trunc('hour', first_ts) AS hour,
        sum(coalesce(bytes_out, 0) + coalesce(bytes_in, 0)) AS bytes, sum(coalesce(packets_out, 0) + coalesce(packets_in, 0)) AS packets
    FROM connections
    WHERE protocol IN ('icmp', 'ipv6-icmp') AND client_ip IN (SELECT a.ip FROM addresses AS a WHERE a.scope = 'internal')
    GROUP BY client_ip, server_ip, protocol, hour
)
SELECT c.connection_id, printf('%d bytes in %d packets within the hour', CAST(h.bytes AS BIGINT), CAST(h.packets AS BIGINT)) AS reason
FROM connections AS c
JOIN hours AS h ON h.client_ip = c.client_ip AND h.server_ip = c.server_ip AND h.protocol = c.protocol AND h.hour = date_trunc('hour', c.first_ts)
WHERE h.bytes >= $icmp_bytes AND h.bytes >= $icmp_packet_bytes * h.packets
