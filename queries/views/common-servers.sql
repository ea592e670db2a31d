/* ---
name = "common-servers"
title = "External addresses that so many of the internal clients use that they are infrastructure"
kind = "view"
thresholds = ["common_clients", "common_share"]

[columns]
server_ip = "server"
clients = "internal clients that it let in"
--- */
WITH pairs AS MATERIALIZED (
    SELECT client_ip, server_ip, bool_or(outcome IN ('answered', 'unknown')) AS got_in
    FROM egress
    GROUP BY client_ip, server_ip
),
total AS (SELECT count(DISTINCT client_ip) AS n FROM pairs)
SELECT p.server_ip, count(*) AS clients
FROM pairs AS p CROSS JOIN total AS t
WHERE p.got_in AND t.n >= $common_clients
GROUP BY p.server_ip, t.n
HAVING count(*) >= $common_share * t.n
