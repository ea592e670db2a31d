/* ---
name = "slow-sessions"
title = "Long, slow TCP sessions from inside to one external service: a client's together, with rates and sizes"
kind = "view"
thresholds = ["slow_bytes_s", "alive_bytes_s", "small_packet_bytes", "steady_packets", "session_s", "long_session_s", "few_sessions"]

[columns]
client_ip = "client"
server_ip = "server"
server_port = "its port"
day = "day (UTC) that they began on"
sessions = "sessions that the server answered"
open_s = "seconds that they lasted together"
longest_s = "seconds of the longest"
bytes_out = "bytes from the client"
bytes_in = "bytes from the server"
packets_out = "packets from the client"
--- */
-- Common servers are left out; a client with few peers needs less time to be remarkable.
SELECT p.client_ip, p.server_ip, p.server_port, p.day, p.sessions, p.open_s, p.longest_s, p.bytes_out, p.bytes_in, p.packets_out
FROM (
    SELECT client_ip, server_ip, server_port, CAST(first_ts AS DATE) AS day,
        count(*) AS sessions, sum(duration) AS open_s, max(duration) AS longest_s,
        CAST(sum(bytes_out) AS UBIGINT) AS bytes_out, CAST(sum(bytes_in) AS UBIGINT) AS bytes_in,
        CAST(sum(packets_out) AS UBIGINT) AS packets_out, CAST(sum(packets_in) AS UBIGINT) AS packets_in
    FROM egress
    WHERE protocol = 'tcp' AND outcome = 'answered' AND bytes_out > 0 AND bytes_in > 0
    GROUP BY client_ip, server_ip, server_port, day
) AS p
LEFT JOIN busy_clients AS b ON b.client_ip = p.client_ip
WHERE p.open_s >= CASE WHEN b.client_ip IS NULL THEN $session_s ELSE $long_session_s END
  AND p.longest_s >= $session_s / 2
  AND p.sessions <= $few_sessions
  AND greatest(p.bytes_out, p.bytes_in) <= $slow_bytes_s * p.open_s
  AND least(p.bytes_out, p.bytes_in) >= $alive_bytes_s * p.open_s
  AND coalesce(least(p.packets_out, p.packets_in) >= $steady_packets, true)
  AND coalesce(greatest(p.bytes_out / p.packets_out, p.bytes_in / p.packets_in) <= $small_packet_bytes, true)
  AND p.server_ip NOT IN (SELECT s.server_ip FROM common_servers AS s)
