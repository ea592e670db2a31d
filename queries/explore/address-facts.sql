/* ---
name = "address-facts"
title = "What is known of an address, then and now"
question = "Who had this address on the day of the incident, who has it now, and who says so?"
kind = "explore"
needs = ["enrichments.value"]
false_positives = [
    "What a table says is of the table's day: an address may have changed hands in between, and back.",
    "Addresses of clouds and content networks are shared: whoever has the network is not who used the address.",
]
next = "top-talkers"

[params.address]
type = "text"
default = ""
help = "only this address; empty for all external ones"

[columns]
ip = "address"
key = "what is said"
value_then = "newest value that was said of a day up to the address's last traffic; NULL where all that is said is of later"
then_as_of = "day of it"
then_by = "who said it"
value_now = "newest value"
now_as_of = "day of it"
now_by = "who says it"
differs = "the two are not the same"
--- */
WITH last_seen AS (
    SELECT ip, max(last_ts) AS last_ts
    FROM (SELECT server_ip AS ip, last_ts FROM connections UNION ALL SELECT client_ip, last_ts FROM connections)
    GROUP BY ip
),
said AS (
    SELECT e.ip, e.key, e.value, e.provider, e.as_of, e.asked_at, l.last_ts
    FROM enrichments AS e
    JOIN addresses AS a ON a.ip = e.ip
    LEFT JOIN last_seen AS l ON l.ip = e.ip
    WHERE e.key <> 'tag' AND (e.ip = $address OR ($address = '' AND a.scope = 'external'))
)
SELECT
    ip, key,
    arg_max(value, as_of) FILTER (as_of <= last_ts) AS value_then,
    max(as_of) FILTER (as_of <= last_ts) AS then_as_of,
    arg_max(provider, as_of) FILTER (as_of <= last_ts) AS then_by,
    arg_max(value, coalesce(as_of, asked_at)) AS value_now,
    max(as_of) AS now_as_of,
    arg_max(provider, coalesce(as_of, asked_at)) AS now_by,
    arg_max(value, as_of) FILTER (as_of <= last_ts) <> arg_max(value, coalesce(as_of, asked_at)) AS differs
FROM said
GROUP BY ip, key
ORDER BY ip, key
