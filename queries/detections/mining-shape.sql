/* ---
name = "mining-shape"
title = "Sessions in the shape of mining: few and long, slow and steady, more from the server than to it"
question = "Who keeps a slow, steady session to one external service, as a miner does to its pool, on whatever port and under whatever name?"
kind = "detection"
severity = "medium"
category = "mining"
evidence = "shape"
technique = ["T1496.001", "T1071"]
needs = ["connections.bytes_out", "connections.duration"]
thresholds = ["job_ratio", "job_ratio_most"]
false_positives = [
    "push channels, chat and telemetry that hold a connection open; those to clouds and content networks are one step less severe",
    "SSH sessions in which little is typed and much is shown",
]
next = "long-connections"
columns = { connection_id = "connection", reason = "time, rates and sizes of all such sessions of the client to the service that day" }
[params.plain_apps]
type = "list"
default = ["http", "web-browsing", "ocsp", "dns", "ntp", "smtp", "imap", "pop3", "ftp", "ftp-data"]
help = "applications that a sensor read in clear: they are something else"
--- */
SELECT e.connection_id,
    printf('%d sessions of %.0f s in all: %.0f bytes/s out, %.0f bytes/s in', s.sessions, s.open_s, s.bytes_out / s.open_s, s.bytes_in / s.open_s) AS reason
FROM egress AS e
JOIN slow_sessions AS s ON s.client_ip = e.client_ip AND s.server_ip = e.server_ip AND s.server_port = e.server_port AND s.day = CAST(e.first_ts AS DATE)
WHERE e.protocol = 'tcp' AND e.outcome = 'answered' AND NOT coalesce(list_contains($plain_apps, lower(e.app)), false)
  AND s.bytes_in BETWEEN $job_ratio * s.bytes_out AND $job_ratio_most * s.bytes_out
