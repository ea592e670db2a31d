/* ---
name = "drop-service"
title = "Paste, webhook and file-drop services by name"
question = "Who talked to a service where anybody can leave data for somebody else?"
kind = "detection"
severity = "medium"
category = "upload"
evidence = "indicator"
technique = ["T1567"]
needs = ["events.dst_name|indicators.value:paste"]
false_positives = [
    "notifications of builds and jobs by chat webhooks; downloads that tools fetch from such places",
    "an address that many services share: the reason says whether the name, the address or the application was known",
]
next = "top-talkers"
columns = { connection_id = "connection", reason = "what is known of the server" }
--- */
SELECT
    i.connection_id,
    string_agg(DISTINCT concat_ws(' ', i.label, '(' || i.basis, i.known_as || ')'), '; ' ORDER BY concat_ws(' ', i.label, '(' || i.basis, i.known_as || ')')) AS reason
FROM indicated AS i
JOIN connections AS c ON c.connection_id = i.connection_id
WHERE i.category IN ('paste', 'webhook', 'file-drop')
GROUP BY i.connection_id
