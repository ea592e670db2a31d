/* ---
name = "address-owners"
title = "Who had which address, from when to when"
question = "Which host, pod, container, sandbox or run had an address, and who claims it at the same time?"
kind = "explore"
needs = ["leases.ip"]
false_positives = [
    "The same address behind two hosts is two addresses: look at scope.",
    "Claims worked out of activity end with the last sign of it; the address may have been held longer.",
]
next = "timeline"

[columns]
ip = "address"
scope = "host or namespace within which it means this; NULL everywhere"
owner_kind = "host, pod, container, sandbox or run"
owner_id = "who"
run_id = "run of the owner"
started_at = "from"
ended_at = "to; NULL where nothing says so"
shared = "others use it at the same time, as the record says"
basis = "activity where it was worked out; NULL where a record says so"
rivals = "other owners of the same kind, address and scope at the same time"
source_id = "source that says so"
line_no = "line or record"

[params]
address = { type = "text", default = "", help = "only this address" }
only_rivals = { type = "bool", default = false, help = "only claims that overlap" }
--- */
WITH spans AS (
    SELECT *, coalesce(started_at, TIMESTAMP '0001-01-01') AS low, coalesce(ended_at, TIMESTAMP '9999-12-31') AS high
    FROM leases
    WHERE $address = '' OR ip = $address
),
counted AS (
    SELECT s.*, (
        SELECT count(DISTINCT o.owner_id) FROM spans AS o
        WHERE o.ip = s.ip AND o.scope IS NOT DISTINCT FROM s.scope AND o.owner_kind = s.owner_kind AND o.owner_id <> s.owner_id
          AND o.low < s.high AND o.high > s.low
    ) AS rivals
    FROM spans AS s
)
SELECT ip, scope, owner_kind, owner_id, run_id, started_at, ended_at, shared, basis, rivals, source_id, line_no
FROM counted
WHERE rivals > 0 OR NOT $only_rivals
ORDER BY ip, scope NULLS FIRST, started_at NULLS FIRST, owner_kind, owner_id
