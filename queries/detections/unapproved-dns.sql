/* ---
name = "unapproved-dns"
title = "DNS at a resolver that is not the usual one"
question = "Who asked an external resolver that nearly nobody else asks?"
kind = "detection"
severity = "low"
category = "policy"
evidence = "service"
technique = ["T1071.004"]
needs = ["connections.server_port"]
thresholds = ["dns_share"]
false_positives = ["name servers that a resolver of one's own asks directly", "tests of DNS"]
next = "top-talkers"
columns = { connection_id = "connection", reason = "resolver, and its share of all look-ups" }
[params.resolvers]
type = "list"
default = []
help = "addresses of resolvers that are approved whatever their share"
--- */
-- A client that asks many different servers is a resolver itself.
WITH lookups AS (
    SELECT connection_id, client_ip, server_ip FROM egress WHERE server_port = 53 AND protocol IN ('tcp', 'udp')
),
shares AS (
    SELECT server_ip, count(*) / sum(count(*)) OVER () AS share FROM lookups GROUP BY server_ip
),
resolving AS (
    SELECT client_ip FROM lookups GROUP BY client_ip HAVING count(DISTINCT server_ip) > (SELECT 1 / $dns_share)
)
SELECT l.connection_id, printf('resolver %s has %.2f %% of the look-ups', l.server_ip, 100 * s.share) AS reason
FROM lookups AS l
JOIN shares AS s ON s.server_ip = l.server_ip
WHERE s.share < $dns_share
  AND NOT list_contains($resolvers, l.server_ip)
  AND l.client_ip NOT IN (SELECT r.client_ip FROM resolving AS r)
