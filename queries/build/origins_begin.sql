/* ---
name = "origins_begin"
title = "Where each violation's connections come from, as the sensors saw them"
kind = "build"
--- */
-- One row for each step back: address and port at that step, and the devices within whose view the address means this.
CREATE OR REPLACE TEMP TABLE trail AS
SELECT
    row_number() OVER () AS trail_id, NULL::BIGINT AS parent_id, connection_id, 0 AS hop, protocol,
    client_ip AS ip, client_port AS port, server_ip AS dst_ip, server_port AS dst_port, first_ts AS low, last_ts AS high,
    list_distinct(list_concat(sensors, list_transform(sensors, lambda s: split_part(s, '.', 1)))) AS scopes,
    NULL::VARCHAR AS via
FROM (SELECT DISTINCT connection_id, protocol, client_ip, client_port, server_ip, server_port, first_ts, last_ts, sensors FROM grouped)
ORDER BY connection_id;
