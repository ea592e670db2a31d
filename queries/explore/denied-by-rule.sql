/* ---
name = "denied-by-rule"
title = "Denials by rule"
question = "Which rules deny, how often, and for whom?"
kind = "explore"
needs = ["events.action", "events.rule"]
false_positives = ["A rule whose logging is limited hides most of what it denies."]
next = "denied-pairs"

[columns]
sensor = "firewall"
rule = "rule, policy or access list; NULL where the record names none"
disposition = "the vendor's own word"
denials = "denials, with those that a record stands for"
records = "records"
sources = "different source addresses"
destinations = "different destination addresses"
services = "different destination ports and protocols"
runs_hit = "runs that they certainly belong to"
first_ts = "first"
last_ts = "last"
--- */
SELECT
    e.sensor, e.rule, e.disposition,
    CAST(sum(coalesce(e.repeat_count, 1)) AS BIGINT) AS denials,
    count(*) AS records,
    count(DISTINCT e.src_ip) AS sources,
    count(DISTINCT e.dst_ip) AS destinations,
    count(DISTINCT (e.dst_port, e.protocol)) AS services,
    count(DISTINCT c.run_id) AS runs_hit,
    min(e.ts) AS first_ts,
    max(coalesce(e.ts_end, e.ts)) AS last_ts
FROM events AS e
LEFT JOIN connection_events AS o ON o.source_id = e.source_id AND o.line_no = e.line_no AND o.record_no = e.record_no
LEFT JOIN connections AS c ON c.connection_id = o.connection_id
WHERE e.action = 'deny'
GROUP BY e.sensor, e.rule, e.disposition
ORDER BY denials DESC, e.sensor, e.rule, e.disposition
