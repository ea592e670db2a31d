/* ---
name = "encrypted-dns"
title = "DNS over TLS or HTTPS"
question = "Who looks up names where nobody can see which?"
kind = "detection"
severity = "low"
category = "policy"
evidence = "indicator"
technique = ["T1071.004", "T1573"]
needs = ["connections.server_port"]
false_positives = ["browsers and telephones do it by themselves"]
next = "top-talkers"
columns = { connection_id = "connection", reason = "resolver and port" }
[params.https_ports]
type = "list"
default = ["443", "853", "8443"]
help = "ports on which a known resolver answers encrypted"
--- */
SELECT e.connection_id, concat_ws(' ', coalesce(any_value(i.label), 'DNS over TLS or QUIC'), 'on', any_value(concat_ws('/', e.server_port, e.protocol))) AS reason
FROM egress AS e
LEFT JOIN (SELECT connection_id, label FROM indicated WHERE category = 'encrypted-dns') AS i ON i.connection_id = e.connection_id
WHERE (i.connection_id IS NOT NULL AND e.server_port IN (SELECT CAST(unnest($https_ports) AS USMALLINT)))
   OR e.server_port IN (SELECT CAST(value AS USMALLINT) FROM indicators WHERE kind = 'port' AND category = 'encrypted-dns')
GROUP BY e.connection_id
