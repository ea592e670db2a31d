/* ---
name = "remote-access-egress"
title = "Remote shells, desktops and tunnel ports of an unusual external address"
question = "Who reached, or tried to reach, an external address on a port for remote access that hardly anybody else uses?"
kind = "detection"
severity = "medium"
category = "tunnel"
evidence = "service"
technique = ["T1021", "T1572"]
needs = ["connections.server_port"]
false_positives = [
    "code hosting over SSH, where few machines use it; where most do, it is left out",
    "administrators who work on machines elsewhere",
    "other software on the ports of tunnel programs; clients with many peers are left out there",
]
next = "long-connections"
columns = { connection_id = "connection", reason = "port, target and what became of it" }
[params.remote_ports]
type = "list"
default = ["22", "23", "2222", "3389", "5900", "5985", "5986"]
help = "ports: SSH, telnet, SSH's second port, RDP, VNC, WinRM"
--- */
WITH ports AS (
    SELECT CAST(unnest($remote_ports) AS USMALLINT) AS port, NULL AS label
    UNION
    SELECT CAST(value AS USMALLINT), min(label) FROM indicators WHERE kind = 'port' AND category = 'tunnel' GROUP BY value
)
SELECT e.connection_id, concat_ws(' ', concat_ws('/', e.server_port, e.protocol), '(' || p.label || ')', e.outcome, 'at', coalesce(e.target_name, e.server_ip)) AS reason
FROM egress AS e
JOIN ports AS p ON p.port = e.server_port
WHERE e.protocol = 'tcp'
  AND (p.label IS NULL OR e.client_ip NOT IN (SELECT b.client_ip FROM busy_clients AS b))
  AND e.server_ip NOT IN (SELECT s.server_ip FROM common_servers AS s)
