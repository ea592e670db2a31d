/* ---
name = "leases"
title = "Which addresses a run had, and when"
kind = "build"
--- */
DELETE FROM run_addresses;

INSERT INTO run_addresses (run_id, ip, scope, started_at, ended_at, basis)
WITH host_ips AS (
    SELECT host, ip FROM hosts
    UNION SELECT owner_id, ip FROM leases WHERE owner_kind = 'host'
),
run_hosts AS (
    SELECT run_id, unnest(json_extract_string(attributes, '$.hosts[*]')) AS host FROM runs
    UNION SELECT run_id, host FROM activity WHERE run_id IS NOT NULL AND host IS NOT NULL
)
SELECT l.run_id, l.ip, l.scope, coalesce(l.started_at, r.started_at), coalesce(l.ended_at, r.ended_at),
       CASE WHEN l.owner_kind = 'run' THEN 'manifest' ELSE 'lease' END
FROM leases AS l JOIN runs AS r USING (run_id)
WHERE l.basis IS DISTINCT FROM 'activity'
UNION
SELECT h.run_id, i.ip, NULL, r.started_at, r.ended_at, 'host'
FROM run_hosts AS h JOIN host_ips AS i USING (host) JOIN runs AS r USING (run_id)
UNION
SELECT run_id, ip, scope, min(started_at), max(ended_at), 'activity'
FROM leases
WHERE basis = 'activity' AND run_id IS NOT NULL
GROUP BY run_id, ip, scope
ORDER BY ALL;
