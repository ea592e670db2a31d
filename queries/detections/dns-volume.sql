/* ---
name = "dns-volume"
title = "More DNS than names can need"
question = "Which client sent so much through DNS that it may carry data?"
kind = "detection"
severity = "medium"
category = "tunnel"
evidence = "shape"
technique = ["T1071.004", "T1048.003"]
needs = ["connections.server_port"]
thresholds = ["dns_window_s", "dns_lookups", "dns_factor", "dns_bytes"]
false_positives = ["crawlers, mail filters and package builds with cold caches", "a resolver, which asks for many"]
next = "top-talkers"
columns = { connection_id = "connection", reason = "look-ups and bytes in the window" }
--- */
WITH windows AS (
    SELECT client_ip, server_ip, time_bucket(to_seconds($dns_window_s), first_ts) AS began,
        sum(n_events) AS lookups, sum(bytes_out) AS bytes_out
    FROM connections
    WHERE server_port = 53 AND protocol IN ('tcp', 'udp') AND client_ip IN (SELECT a.ip FROM addresses AS a WHERE a.scope = 'internal')
    GROUP BY client_ip, server_ip, began
),
compared AS (
    SELECT *, median(lookups) OVER (PARTITION BY client_ip) AS usual, count(*) OVER (PARTITION BY client_ip) AS n_windows FROM windows
)
SELECT c.connection_id, printf('%d look-ups and %d bytes within minutes, usually %.0f', CAST(w.lookups AS BIGINT), CAST(coalesce(w.bytes_out, 0) AS BIGINT), w.usual) AS reason
FROM connections AS c
JOIN compared AS w ON w.client_ip = c.client_ip AND w.server_ip = c.server_ip AND w.began = time_bucket(to_seconds($dns_window_s), c.first_ts)
WHERE c.server_port = 53 AND c.protocol IN ('tcp', 'udp')
  AND ((w.lookups >= $dns_lookups AND (w.n_windows = 1 OR w.lookups >= $dns_factor * w.usual)) OR w.bytes_out >= $dns_bytes)
