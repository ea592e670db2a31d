/* ---
name = "mining-destination"
title = "Mining pools and miners by name, address or application"
question = "Who talked to something that is known for mining?"
kind = "detection"
severity = "high"
category = "mining"
evidence = "indicator"
technique = ["T1496.001"]
needs = ["events.dst_name|events.app|indicators.value:mining"]
false_positives = [
    "researchers and price widgets that open a pool's web site",
    "an address that many services share: the reason says whether the name, the address or the application was known",
]
next = "deny-then-allow"
columns = { connection_id = "connection", severity = "critical where it was let through and answered, else high", reason = "what is known of the server" }
--- */
SELECT
    i.connection_id,
    CASE WHEN any_value(c.action) IS DISTINCT FROM 'deny' AND any_value(c.bytes_in) > 0 THEN 'critical' ELSE 'high' END AS severity,
    string_agg(DISTINCT concat_ws(' ', i.label, '(' || i.basis, i.known_as || ')'), '; ' ORDER BY concat_ws(' ', i.label, '(' || i.basis, i.known_as || ')')) AS reason
FROM indicated AS i
JOIN connections AS c ON c.connection_id = i.connection_id
WHERE i.category IN ('mining')
GROUP BY i.connection_id
