/* ---
name = "denied-internal"
title = "Denied connections between internal addresses"
question = "Which internal hosts tried to reach other internal addresses and were refused?"
kind = "detection"
severity = "medium"
category = "policy"
evidence = "policy"
technique = ["T1046"]
needs = ["events.action"]
false_positives = [
    "service discovery and health checks of orchestration",
    "a rule that was wrong for a while",
]
next = "internal-fan-out"
columns = { connection_id = "connection that was refused", reason = "what was refused, and by which rule" }
--- */
SELECT
    c.connection_id,
    concat_ws(' ', 'denied', any_value(e.rule), 'internal to', any_value(c.server_ip), any_value(concat_ws('/', c.server_port, c.protocol))) AS reason
FROM lateral_traffic AS c
JOIN connection_events AS ce ON ce.connection_id = c.connection_id
JOIN events AS e ON e.source_id = ce.source_id AND e.line_no = ce.line_no AND e.record_no = ce.record_no
WHERE c.action = 'deny'
GROUP BY c.connection_id
