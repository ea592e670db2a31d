/* ---
name = "traffic"
title = "Events with the scope of both ends, their direction as the vendor says or else as the scopes do, the run where it is certain, and what enrichment knows of both ends"
kind = "view"

[columns]
direction = "as the vendor says, else by the scopes: inbound, outbound, internal or external; NULL where an end is multicast, loopback or broadcast"
src_scope = "internal, external or special"
dst_scope = "internal, external or special"
connection_id = "connection that the event is part of"
run_id = "run that the connection belongs to, where that is certain"
src_asn = "autonomous system of the source, as enrichment says"
src_as_name = "its name"
src_country = "country that the source is registered for"
src_tags = "what the source is known for"
dst_asn = "autonomous system of the destination, as enrichment says"
dst_as_name = "its name"
dst_country = "country that the destination is registered for"
dst_tags = "what the destination is known for"
--- */
SELECT
    e.* REPLACE (
        coalesce(
            e.direction,
            CASE
                WHEN s.scope = 'internal' AND d.scope = 'internal' THEN 'internal'
                WHEN s.scope = 'internal' AND d.scope = 'external' THEN 'outbound'
                WHEN s.scope = 'external' AND d.scope = 'internal' THEN 'inbound'
                WHEN s.scope = 'external' AND d.scope = 'external' THEN 'external'
            END
        ) AS direction
    ),
    s.scope AS src_scope,
    d.scope AS dst_scope,
    o.connection_id,
    c.run_id,
    s.asn AS src_asn, s.as_name AS src_as_name, s.country AS src_country, s.tags AS src_tags,
    d.asn AS dst_asn, d.as_name AS dst_as_name, d.country AS dst_country, d.tags AS dst_tags
FROM events AS e
LEFT JOIN addresses AS s ON s.ip = e.src_ip
LEFT JOIN addresses AS d ON d.ip = e.dst_ip
LEFT JOIN connection_events AS o ON o.source_id = e.source_id AND o.line_no = e.line_no AND o.record_no = e.record_no
LEFT JOIN connections AS c ON c.connection_id = o.connection_id
