/* ---
name = "listed-destination"
title = "Destinations that a feed of the analyst lists"
question = "Who talked to an address or a name that a feed lists?"
kind = "detection"
severity = "medium"
category = "other"
evidence = "indicator"
technique = ["T1071"]
needs = ["indicators.as_of"]
false_positives = [
    "lists of scanners and spammers name addresses that only ever knock from outside",
    "an address that many share, or that has changed hands since it was listed: the reason says of which day the entry is",
    "block lists of advertisers and trackers, which every browser asks for",
]
next = "address-facts"
columns = { connection_id = "connection", severity = "high for control servers and malware, else medium; critical where such a one was let through and answered", reason = "what the feed says" }
--- */
SELECT
    c.connection_id,
    CASE
        WHEN NOT bool_or(h.category IN ('c2', 'malware')) THEN 'medium'
        WHEN any_value(c.action) IS DISTINCT FROM 'deny' AND any_value(c.bytes_in) > 0 THEN 'critical'
        ELSE 'high'
    END AS severity,
    string_agg(DISTINCT concat_ws(' ', h.label, '(' || h.category || ',', h.value || coalesce(', ' || strftime(h.as_of, '%Y-%m-%d'), '') || ')'), '; '
        ORDER BY concat_ws(' ', h.label, '(' || h.category || ',', h.value || coalesce(', ' || strftime(h.as_of, '%Y-%m-%d'), '') || ')')) AS reason
FROM (
    SELECT c.connection_id, c.action, c.bytes_in, 'ip' AS kind, c.server_ip AS value FROM connections AS c
    UNION ALL
    SELECT c.connection_id, c.action, c.bytes_in, 'name', coalesce(c.server_name, s.name)
    FROM connections AS c
    LEFT JOIN addresses AS s ON s.ip = c.server_ip
) AS c
JOIN indicator_hits AS h ON h.kind = c.kind AND h.value = c.value
WHERE starts_with(h.source, 'feed: ')
  AND h.category NOT IN ('mining', 'tunnel', 'tor', 'vpn', 'proxy', 'blockchain', 'paste', 'webhook', 'file-drop', 'encrypted-dns', 'metadata')
GROUP BY c.connection_id
