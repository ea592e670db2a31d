/* ---
name = "denied-egress"
title = "Denied connections from inside to the outside"
question = "Which internal hosts tried to reach the outside and were refused?"
kind = "detection"
severity = "medium"
category = "policy"
technique = ["T1071"]
needs = ["events.action"]
false_positives = [
    "software that looks for updates or telemetry which the policy refuses on purpose",
    "a rule that was wrong for a while",
]
next = "deny-then-allow"
columns = { connection_id = "connection that was refused", reason = "what was refused, and by which rule" }
--- */
SELECT
    c.connection_id,
    concat_ws(' ', 'denied', any_value(e.rule), 'outbound to', any_value(c.server_ip)) AS reason
FROM connections AS c
JOIN addresses AS client ON client.ip = c.client_ip
JOIN addresses AS server ON server.ip = c.server_ip
JOIN connection_events AS ce USING (connection_id)
JOIN events AS e ON e.source_id = ce.source_id AND e.line_no = ce.line_no AND e.record_no = ce.record_no
WHERE c.action = 'deny' AND client.scope = 'internal' AND server.scope = 'external'
GROUP BY c.connection_id
