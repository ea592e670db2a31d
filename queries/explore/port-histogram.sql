/* ---
name = "port-histogram"
title = "Services by use"
question = "Which server ports are used, by how many clients, and how much of it is denied?"
kind = "explore"
needs = ["connections.server_port"]
false_positives = ["Where nothing says who opened a connection (initiator_basis port or unknown), a high port may be the client's."]
next = "denied-pairs"

[columns]
server_port = "port; NULL for protocols without ports"
protocol = "protocol"
connections = "connections"
share = "share of all connections"
denied = "those of them that were denied"
clients = "different clients"
servers = "different servers"
bytes_out = "bytes from clients to servers"
bytes_in = "bytes from servers to clients"
first_ts = "first"
last_ts = "last"
--- */
SELECT
    c.server_port, c.protocol,
    count(*) AS connections,
    count(*) / sum(count(*)) OVER () AS share,
    count(*) FILTER (c.action = 'deny') AS denied,
    count(DISTINCT c.client_ip) AS clients,
    count(DISTINCT c.server_ip) AS servers,
    CAST(sum(c.bytes_out) AS UBIGINT) AS bytes_out,
    CAST(sum(c.bytes_in) AS UBIGINT) AS bytes_in,
    min(c.first_ts) AS first_ts,
    max(c.last_ts) AS last_ts
FROM connections AS c
GROUP BY c.server_port, c.protocol
ORDER BY connections DESC, c.server_port, c.protocol
