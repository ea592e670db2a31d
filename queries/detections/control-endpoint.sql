/* ---
name = "control-endpoint"
title = "Control ports of clusters, containers and stores"
question = "Who tried the control port of a container engine, cluster or store inside, or anywhere outside?"
kind = "detection"
severity = "medium"
category = "probe"
evidence = "service"
technique = ["T1613", "T1610"]
needs = ["connections.server_port"]
false_positives = [
    "clients of these services: what answers is left out inside, unless it takes commands without asking who sends them",
    "monitoring that is not allowed to connect",
]
next = "internal-fan-out"
columns = { connection_id = "connection", severity = "high where a port that asks for no credentials answered", reason = "what the port controls" }
[params.open_ports]
type = "list"
default = ["2375", "10255"]
help = "ports that take commands, or tell everything, without credentials"
--- */
WITH ports AS (
    SELECT CAST(value AS USMALLINT) AS port, min(label) AS label FROM indicators WHERE kind = 'port' AND category = 'control' GROUP BY value
),
tried AS (
    SELECT connection_id, server_ip, server_port, outcome FROM failed_lateral WHERE protocol = 'tcp'
    UNION ALL
    SELECT connection_id, server_ip, server_port, outcome FROM lateral_traffic
    WHERE protocol = 'tcp' AND outcome IN ('answered', 'unknown') AND server_port IN (SELECT CAST(unnest($open_ports) AS USMALLINT))
    UNION ALL
    SELECT e.connection_id, e.server_ip, e.server_port, e.outcome FROM egress AS e
    WHERE e.protocol = 'tcp' AND e.server_port IN (SELECT x.port FROM ports AS x)
      AND e.server_ip NOT IN (SELECT s.server_ip FROM common_servers AS s)
      AND e.client_ip NOT IN (SELECT b.client_ip FROM busy_clients AS b)
)
SELECT t.connection_id,
    CASE WHEN t.outcome = 'answered' AND list_contains($open_ports, CAST(t.server_port AS VARCHAR)) THEN 'high' ELSE 'medium' END AS severity,
    concat_ws(' ', p.label, 'at', t.server_ip, '(' || t.outcome || ')') AS reason
FROM tried AS t
JOIN ports AS p ON p.port = t.server_port
