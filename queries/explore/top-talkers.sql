/* ---
name = "top-talkers"
title = "Who talks most"
question = "Which clients move the most bytes and open the most connections, and how much of it is denied?"
kind = "explore"
needs = ["connections.client_ip"]
false_positives = ["Package mirrors, backups and data loading are the largest talkers of a training cluster."]
next = "long-connections"

[columns]
client_ip = "address that opened the connections"
client_scope = "internal, external or special"
connections = "connections"
denied = "those of them that were denied"
servers = "different servers"
services = "different server ports and protocols"
bytes_out = "bytes that it sent; NULL where no record counts bytes"
bytes_in = "bytes that it received; NULL where no record counts bytes"
runs_hit = "runs that they certainly belong to"
first_ts = "first"
last_ts = "last"
--- */
SELECT
    c.client_ip, any_value(a.scope) AS client_scope,
    count(*) AS connections,
    count(*) FILTER (c.action = 'deny') AS denied,
    count(DISTINCT c.server_ip) AS servers,
    count(DISTINCT (c.server_port, c.protocol)) AS services,
    CAST(sum(c.bytes_out) AS UBIGINT) AS bytes_out,
    CAST(sum(c.bytes_in) AS UBIGINT) AS bytes_in,
    count(DISTINCT c.run_id) AS runs_hit,
    min(c.first_ts) AS first_ts,
    max(c.last_ts) AS last_ts
FROM connections AS c
LEFT JOIN addresses AS a ON a.ip = c.client_ip
GROUP BY c.client_ip
ORDER BY coalesce(sum(c.bytes_out), 0) + coalesce(sum(c.bytes_in), 0) DESC, connections DESC, c.client_ip
