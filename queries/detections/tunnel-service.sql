/* ---
name = "tunnel-service"
title = "Tunnel services by name, address or application"
question = "Who used a service that makes inside machines reachable from outside?"
kind = "detection"
severity = "high"
category = "tunnel"
evidence = "indicator"
technique = ["T1572", "T1090"]
needs = ["events.dst_name|events.app|indicators.value:tunnel"]
false_positives = [
    "developers who show their work; remote support that was agreed",
    "an address that many services share: the reason says whether the name, the address or the application was known",
]
next = "long-connections"
columns = { connection_id = "connection", severity = "critical where it was let through and answered, else high", reason = "what is known of the server" }
--- */
SELECT
    i.connection_id,
    CASE WHEN any_value(c.action) IS DISTINCT FROM 'deny' AND any_value(c.bytes_in) > 0 THEN 'critical' ELSE 'high' END AS severity,
    string_agg(DISTINCT concat_ws(' ', i.label, '(' || i.basis, i.known_as || ')'), '; ' ORDER BY concat_ws(' ', i.label, '(' || i.basis, i.known_as || ')')) AS reason
FROM indicated AS i
JOIN connections AS c ON c.connection_id = i.connection_id
WHERE i.category IN ('tunnel')
GROUP BY i.connection_id
