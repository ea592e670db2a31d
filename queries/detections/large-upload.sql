/* ---
name = "large-upload"
title = "Uploads out of proportion"
question = "Who sent much more to an external service than came back, and than it sends elsewhere?"
kind = "detection"
severity = "medium"
category = "upload"
evidence = "shape"
technique = ["T1048", "T1567"]
needs = ["connections.bytes_out", "connections.duration"]
thresholds = ["upload_bytes", "upload_ratio", "upload_factor", "upload_days"]
false_positives = [
    "backups, media and source code to services that were agreed: from the fourth day on that is a habit, and not marked",
    "clouds and content networks are one step less severe, and are where data goes to all the same",
]
next = "top-talkers"
columns = { connection_id = "connection", reason = "bytes of the client to the service that day" }
--- */
WITH days AS (
    SELECT client_ip, server_ip, server_port, protocol, CAST(first_ts AS DATE) AS day,
        CAST(sum(bytes_out) AS DOUBLE) AS bytes_out, CAST(coalesce(sum(bytes_in), 0) AS DOUBLE) AS bytes_in
    FROM egress
    WHERE outcome <> 'denied' AND bytes_out > 0
    GROUP BY client_ip, server_ip, server_port, protocol, day
),
compared AS (
    SELECT *,
        median(bytes_out) OVER (PARTITION BY client_ip) AS usual,
        count(*) FILTER (bytes_out >= $upload_bytes) OVER (PARTITION BY client_ip, server_ip, server_port, protocol ORDER BY day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before_days
    FROM days
)
SELECT e.connection_id, printf('%.1f MB out, %.1f MB in', d.bytes_out / 1000000, d.bytes_in / 1000000) AS reason
FROM egress AS e
JOIN compared AS d ON d.client_ip = e.client_ip AND d.server_ip = e.server_ip AND d.server_port IS NOT DISTINCT FROM e.server_port
    AND d.protocol = e.protocol AND d.day = CAST(e.first_ts AS DATE)
WHERE e.outcome <> 'denied'
  AND d.bytes_out >= $upload_bytes AND d.bytes_out >= $upload_ratio * d.bytes_in AND d.bytes_out >= $upload_factor * d.usual
  AND d.before_days < $upload_days
  AND e.bytes_out > coalesce(e.bytes_in, 0)
