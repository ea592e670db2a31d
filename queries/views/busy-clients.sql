/* ---
name = "busy-clients"
title = "Internal clients that talk to so many external addresses on some day that one more says nothing"
kind = "view"
thresholds = ["few_peers"]

[columns]
client_ip = "client"
peers = "external addresses on its busiest day"
--- */
SELECT client_ip, max(peers) AS peers
FROM (
    SELECT client_ip, count(DISTINCT server_ip) AS peers
    FROM (SELECT DISTINCT client_ip, server_ip, CAST(first_ts AS DATE) AS day FROM egress)
    GROUP BY client_ip, day
)
GROUP BY client_ip
HAVING max(peers) > $few_peers
