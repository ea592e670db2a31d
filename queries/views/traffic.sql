/* ---
name = "traffic"
title = "Events with the scope of both ends, their direction as the vendor says or else as the scopes do, and the run where it is certain"
kind = "view"

[columns]
direction = "as the vendor says, else by the scopes: inbound, outbound, internal or external; NULL where an end is multicast, loopback or broadcast"
src_scope = "internal, external or special"
dst_scope = "internal, external or special"
connection_id = "connection that the event is part of"
run_id = "run that the connection belongs to, where that is certain"
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
    c.run_id
FROM events AS e
LEFT JOIN addresses AS s ON s.ip = e.src_ip
LEFT JOIN addresses AS d ON d.ip = e.dst_ip
LEFT JOIN connection_events AS o ON o.source_id = e.source_id AND o.line_no = e.line_no AND o.record_no = e.record_no
LEFT JOIN connections AS c ON c.connection_id = o.connection_id
