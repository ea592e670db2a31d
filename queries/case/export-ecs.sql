/* ---
name = "export-ecs"
title = "Events as documents of the Elastic Common Schema"
kind = "case"
[params.only_violations]
type = "bool"
default = false
help = "events of violations alone"
--- */
WITH marked AS (
    SELECT
        v.source_id, v.line_no, v.record_no,
        list_sort(list_distinct(list(p.pattern_id))) AS patterns,
        list_sort(list_distinct(list(w.detection))) AS detections,
        list_sort(list_distinct(flatten(list(string_split(w.technique, ', '))))) AS techniques
    FROM violation_events AS v
    JOIN violations AS w USING (violation_id)
    LEFT JOIN pattern_violations AS p USING (violation_id)
    GROUP BY v.source_id, v.line_no, v.record_no
)
-- A merge into nothing takes out what is NULL.
SELECT json_merge_patch('{}', CAST({
    '@timestamp': strftime(e.ts, '%Y-%m-%dT%H:%M:%S.%fZ'),
    'ecs': {'version': '8.17.0'},
    'event': {
        'kind': CASE WHEN e.action = 'alert' THEN 'alert' ELSE 'event' END,
        'category': CASE e.kind
            WHEN 'ids' THEN ['network', 'intrusion_detection']
            WHEN 'auth' THEN ['network', 'authentication']
            WHEN 'proxy' THEN ['network', 'web']
            ELSE ['network']
        END,
        'type': CASE e.action WHEN 'allow' THEN ['connection', 'allowed'] WHEN 'deny' THEN ['connection', 'denied']
            ELSE ['connection'] END,
        'action': e.disposition,
        'reason': e.reason,
        'code': e.signature_id,
        'start': CASE WHEN e.ts_end IS NOT NULL THEN strftime(e.ts, '%Y-%m-%dT%H:%M:%S.%fZ') END,
        'end': strftime(e.ts_end, '%Y-%m-%dT%H:%M:%S.%fZ'),
        'duration': CAST(round(e.duration * 1000000000) AS BIGINT),
        'id': concat_ws('-', e.source_id, e.line_no, e.record_no),
        'module': 'fwforensics',
        'dataset': 'fwforensics.' || e.kind
    },
    'source': {
        'ip': e.src_ip, 'address': e.src_ip, 'port': e.src_port, 'bytes': e.bytes_out, 'packets': e.packets_out,
        'nat': CASE WHEN e.src_nat_ip IS NOT NULL THEN {'ip': e.src_nat_ip, 'port': e.src_nat_port} END
    },
    'destination': {
        'ip': e.dst_ip, 'address': coalesce(e.dst_ip, e.dst_name), 'port': e.dst_port, 'bytes': e.bytes_in,
        'packets': e.packets_in, 'domain': e.dst_name,
        'nat': CASE WHEN e.dst_nat_ip IS NOT NULL THEN {'ip': e.dst_nat_ip, 'port': e.dst_nat_port} END
    },
    'network': {
        'transport': e.protocol,
        'type': CASE WHEN contains(e.src_ip, ':') THEN 'ipv6' WHEN e.src_ip IS NOT NULL THEN 'ipv4' END,
        'bytes': e.bytes, 'packets': e.packets, 'application': lower(e.app), 'direction': e.direction
    },
    'observer': CASE WHEN coalesce(e.sensor, e.in_iface, e.out_iface, e.src_zone, e.dst_zone) IS NOT NULL THEN {
        'name': e.sensor,
        'ingress': CASE WHEN coalesce(e.in_iface, e.src_zone) IS NOT NULL THEN
            {'interface': {'name': e.in_iface}, 'zone': e.src_zone} END,
        'egress': CASE WHEN coalesce(e.out_iface, e.dst_zone) IS NOT NULL THEN
            {'interface': {'name': e.out_iface}, 'zone': e.dst_zone} END
    } END,
    'rule': CASE WHEN coalesce(e.rule, e.signature) IS NOT NULL THEN
        {'name': coalesce(e.rule, e.signature), 'description': e.signature} END,
    'user': CASE WHEN e.user_name IS NOT NULL THEN {'name': e.user_name} END,
    'related': {'ip': list_distinct(list_filter([e.src_ip, e.dst_ip, e.src_nat_ip, e.dst_nat_ip], lambda a: a IS NOT NULL))},
    'threat': CASE WHEN len(m.techniques) > 0 THEN {'framework': 'MITRE ATT&CK', 'technique': {'id': m.techniques}} END,
    'tags': CASE WHEN m.source_id IS NOT NULL THEN list_concat(m.detections, m.patterns) END,
    'log': {'file': {'path': s.path}},
    'labels': {
        'source_id': CAST(e.source_id AS VARCHAR), 'line_no': CAST(e.line_no AS VARCHAR), 'sha256': s.sha256,
        'connection_id': CAST(e.connection_id AS VARCHAR), 'run_id': e.run_id, 'severity': e.severity
    }
} AS JSON)) AS document
FROM traffic AS e
JOIN sources AS s USING (source_id)
LEFT JOIN marked AS m ON m.source_id = e.source_id AND m.line_no = e.line_no AND m.record_no = e.record_no
WHERE NOT $only_violations OR m.source_id IS NOT NULL
ORDER BY e.source_id, e.line_no, e.record_no
