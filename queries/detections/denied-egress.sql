/* ---
name = "denied-egress"
title = "Denied connections from inside to the outside"
question = "Which internal hosts tried to reach the outside and were refused?"
kind = "detection"
severity = "medium"
category = "policy"
evidence = "policy"
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
    concat_ws(' ', 'denied', any_value(e.rule), 'outbound to', any_value(coalesce(c.target_name, c.server_ip)), any_value(concat_ws('/', c.server_port, c.protocol))) AS reason
FROM egress AS c
JOIN connection_events AS ce ON ce.connection_id = c.connection_id
JOIN events AS e ON e.source_id = ce.source_id AND e.line_no = ce.line_no AND e.record_no = ce.record_no
WHERE c.action = 'deny'
GROUP BY c.connection_id
