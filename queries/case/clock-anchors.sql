/* ---
name = "clock-anchors"
title = "When each sensor saw each host's allowed flows begin, and when the trace says that its calls began"
kind = "case"
--- */
WITH homes AS (
    SELECT DISTINCT ip, coalesce(scope, CASE WHEN owner_kind = 'host' THEN owner_id END) AS host, started_at, ended_at FROM leases
    UNION ALL
    SELECT DISTINCT ip, host, NULL, NULL FROM hosts
),
known AS (SELECT DISTINCT host FROM activity WHERE host IS NOT NULL AND kind IN ('tool_call', 'process')),
-- A clock may be hours off, so that only the address says whose flow it is: addresses of exactly one host.
single AS (
    SELECT ip, any_value(host) AS host FROM homes JOIN known USING (host) GROUP BY ip HAVING count(DISTINCT host) = 1
),
thinned AS (
    SELECT c.connection_id, s.host
    FROM connections AS c JOIN single AS s ON s.ip = c.client_ip
    WHERE coalesce(c.action, 'allow') = 'allow'
      AND c.connection_id % greatest(1, (SELECT count(*) FROM connections) // 1000000) = 0
)
SELECT e.sensor, t.host, epoch_us(min(e.ts)) / 1000000 AS flow_s, NULL AS call_s
FROM thinned AS t
JOIN connection_events AS ce USING (connection_id)
JOIN events AS e ON e.source_id = ce.source_id AND e.line_no = ce.line_no AND e.record_no = ce.record_no
WHERE e.sensor NOT IN (SELECT sensor FROM clocks WHERE basis = 'declared')
GROUP BY e.sensor, t.host, t.connection_id
UNION ALL
SELECT NULL, host, NULL, epoch_us(started_at) / 1000000
FROM activity
WHERE kind IN ('tool_call', 'process') AND host IS NOT NULL AND started_at IS NOT NULL
