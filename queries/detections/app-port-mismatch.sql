/* ---
name = "app-port-mismatch"
title = "Remote access and tunnels on a port of something else"
question = "Which connection speaks SSH or another remote protocol on a port where firewalls expect the web, DNS or time?"
kind = "detection"
severity = "high"
category = "tunnel"
evidence = "verdict"
technique = ["T1571", "T1572"]
needs = ["connections.app"]
false_positives = ["code hosting that offers SSH on 443", "a sensor that guesses applications by port can show none of these"]
next = "long-connections"
columns = { connection_id = "connection", reason = "application and port" }
[params.remote_apps]
type = "list"
default = ["ssh", "sshv2", "rdp", "ms-rdp", "vnc", "rfb", "telnet", "openvpn", "wireguard", "socks", "stratum", "irc"]
help = "applications, as sensors name them; a word of a compound name is enough"
[params.other_ports]
type = "list"
default = ["25", "53", "80", "110", "123", "143", "443", "465", "587", "853", "993", "995", "8080", "8443"]
help = "ports that belong to mail, DNS, the web and time"
--- */
SELECT c.connection_id, concat_ws(' ', c.app, 'on', concat_ws('/', c.server_port, c.protocol)) AS reason
FROM connections AS c
JOIN addresses AS a ON a.ip = c.client_ip
WHERE a.scope = 'internal'
  AND list_has_any(list_append(regexp_split_to_array(lower(c.app), '[^a-z0-9]+'), lower(c.app)), $remote_apps)
  AND c.server_port IN (SELECT CAST(unnest($other_ports) AS USMALLINT))
