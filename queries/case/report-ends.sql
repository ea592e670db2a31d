/* ---
name = "report-ends"
title = "The other ends of patterns, with what is known of them"
kind = "case"
[params.chosen]
type = "list"
help = "patterns"
[params.most]
type = "int"
default = 12
help = "ends of each pattern"
--- */
WITH ends AS (
    SELECT b.pattern_id, c.server_ip AS ip, count(DISTINCT o.connection_id) AS n_connections,
        list_sort(list(DISTINCT c.server_name) FILTER (c.server_name IS NOT NULL))[:4] AS names
    FROM pattern_bouts AS b
    JOIN bout_connections AS o ON o.pattern_id = b.pattern_id AND o.bout_no = b.bout_no
    JOIN connections AS c ON c.connection_id = o.connection_id
    WHERE b.pattern_id IN (SELECT unnest($chosen))
    GROUP BY b.pattern_id, c.server_ip
),
known AS (
    SELECT value, string_agg(DISTINCT category || ': ' || label, '; ' ORDER BY category || ': ' || label) AS known_as
    FROM indicator_hits
    WHERE kind = 'ip'
    GROUP BY value
)
SELECT e.pattern_id, e.ip, e.n_connections, e.names, a.scope, a.name, a.asn, a.as_name, a.country, a.network, a.registrant, a.ptr, a.tags,
    a.enriched_at, a.enriched_by, k.known_as
FROM ends AS e
LEFT JOIN addresses AS a ON a.ip = e.ip
LEFT JOIN known AS k ON k.value = e.ip
QUALIFY row_number() OVER (PARTITION BY e.pattern_id ORDER BY e.n_connections DESC, e.ip) <= $most
ORDER BY e.pattern_id, e.n_connections DESC, e.ip
