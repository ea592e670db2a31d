/* ---
name = "failed-lateral"
title = "Internal connections that came to nothing, to targets that a client does not try nearly all the time"
kind = "view"
thresholds = ["probe_packets", "habit_minutes", "habit_bins", "habit_share"]

[columns]
outcome = "denied, refused or unanswered"
--- */
-- A client's own baseline: what had answered it before is a service that is down; what it fails at in nearly all of its
-- time is its configuration; what goes on and on without an answer is a one-way protocol, such as syslog. Sensors that show no answers have denials only.
WITH targets AS (
    SELECT client_ip, server_ip, server_port, protocol,
        min(first_ts) FILTER (outcome = 'answered') AS answered_ts,
        count(DISTINCT time_bucket(to_minutes($habit_minutes), first_ts)) FILTER (outcome <> 'answered') AS failing
    FROM lateral_traffic
    WHERE server_port IS NOT NULL AND protocol IN ('tcp', 'udp')
    GROUP BY client_ip, server_ip, server_port, protocol
    HAVING count(*) FILTER (outcome IN ('denied', 'refused', 'unanswered')) > 0
),
clients AS (
    SELECT client_ip, count(DISTINCT time_bucket(to_minutes($habit_minutes), first_ts)) AS seen
    FROM connections
    WHERE client_ip IN (SELECT t.client_ip FROM targets AS t)
    GROUP BY client_ip
)
SELECT c.*
FROM lateral_traffic AS c
JOIN targets AS t ON t.client_ip = c.client_ip AND t.server_ip = c.server_ip AND t.server_port = c.server_port AND t.protocol = c.protocol
JOIN clients AS k ON k.client_ip = c.client_ip
WHERE c.outcome IN ('denied', 'refused', 'unanswered') AND coalesce(c.packets_out <= $probe_packets, true)
  AND (t.answered_ts IS NULL OR t.answered_ts > c.first_ts)
  AND NOT (k.seen >= $habit_bins AND t.failing >= $habit_share * k.seen)
