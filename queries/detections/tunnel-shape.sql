/* ---
name = "tunnel-shape"
title = "Sessions in the shape of a reverse tunnel: outbound, long, and the client answers"
question = "Who keeps a slow outbound session in which the inside sends as much as it gets, as a machine does that is controlled through it?"
kind = "detection"
severity = "medium"
category = "tunnel"
evidence = "shape"
technique = ["T1572", "T1021.004"]
needs = ["connections.bytes_out", "connections.duration"]
thresholds = ["answer_ratio", "answer_ratio_most", "tunnel_packets"]
false_positives = [
    "interactive SSH sessions that were agreed; monitoring agents that report over one connection",
    "a tunnel through which much is fetched or sent looks like a download or an upload",
]
next = "long-connections"
columns = { connection_id = "connection", severity = "high where the application is SSH or another remote shell", reason = "time, rates and sizes of all such sessions of the client to the service that day" }
[params.plain_apps]
type = "list"
default = ["http", "web-browsing", "ocsp", "dns", "ntp", "smtp", "imap", "pop3", "ftp", "ftp-data"]
help = "applications that a sensor read in clear: they are something else"
--- */
SELECT e.connection_id,
    CASE WHEN regexp_matches(lower(e.app), '\b(ssh|rdp|vnc|telnet)\b') THEN 'high' ELSE 'medium' END AS severity,
    concat_ws(' ',
        printf('%d sessions of %.0f s in all: %.0f bytes/s out, %.0f bytes/s in', s.sessions, s.open_s, s.bytes_out / s.open_s, s.bytes_in / s.open_s),
        'by ' || e.app) AS reason
FROM egress AS e
JOIN slow_sessions AS s ON s.client_ip = e.client_ip AND s.server_ip = e.server_ip AND s.server_port = e.server_port AND s.day = CAST(e.first_ts AS DATE)
WHERE e.protocol = 'tcp' AND e.outcome = 'answered' AND NOT coalesce(list_contains($plain_apps, lower(e.app)), false)
  AND s.bytes_out BETWEEN $answer_ratio * s.bytes_in AND $answer_ratio_most * s.bytes_in
  AND coalesce(s.packets_out >= $tunnel_packets, true)
