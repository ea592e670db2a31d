/* ---
name = "source_capabilities"
title = "Which columns the records of each source and sensor fill"
kind = "build"
--- */
DELETE FROM source_capabilities;

INSERT INTO source_capabilities
SELECT source_id, sensor, list_filter([
    -- An alert is a verdict; what is decided on the traffic is allow or deny.
    CASE WHEN count(action) FILTER (action <> 'alert') > 0 THEN 'action' END,
    CASE WHEN count(src_ip) > 0 THEN 'src_ip' END,
    CASE WHEN count(dst_ip) > 0 THEN 'dst_ip' END,
    CASE WHEN count(dst_port) > 0 THEN 'dst_port' END,
    CASE WHEN count(protocol) > 0 THEN 'protocol' END,
    CASE WHEN count(bytes_out) > 0 THEN 'bytes_out' END,
    CASE WHEN count(bytes_in) > 0 THEN 'bytes_in' END,
    CASE WHEN count(packets_out) > 0 THEN 'packets_out' END,
    CASE WHEN count(packets_in) > 0 THEN 'packets_in' END,
    CASE WHEN count(duration) > 0 THEN 'duration' END,
    CASE WHEN count(ts_end) > 0 THEN 'ts_end' END,
    CASE WHEN count(app) > 0 THEN 'app' END,
    CASE WHEN count(dst_name) > 0 THEN 'dst_name' END,
    CASE WHEN count(signature) > 0 THEN 'signature' END,
    CASE WHEN count(icmp_type) > 0 THEN 'icmp_type' END,
    CASE WHEN count(user_name) > 0 THEN 'user_name' END,
    CASE WHEN count(rule) > 0 THEN 'rule' END
], lambda x: x IS NOT NULL)
FROM events
GROUP BY source_id, sensor
ORDER BY source_id, sensor;
