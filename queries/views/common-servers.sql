/* ---
name = "common-servers"
title = "External addresses that so many of the internal clients use that they are infrastructure"
kind = "view"
thresholds = ["common_clients", "common_share"]

[columns]
server_ip = "server"
clients = "internal clients that it let in"
--- */
SELECT server_ip, clients
FROM (
    SELECT server_ip, count(DISTINCT client_ip) AS clients
    FROM (SELECT DISTINCT client_ip, server_ip FROM egress WHERE outcome IN ('answered', 'unknown'))
    GROUP BY server_ip
)
WHERE clients >= $common_share * (SELECT count(DISTINCT client_ip) FROM egress)
  AND (SELECT count(DISTINCT client_ip) FROM egress) >= $common_clients
