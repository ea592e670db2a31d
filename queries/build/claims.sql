/* ---
name = "claims"
title = "Addresses that sandboxes, pods, containers and hosts had, as their activity shows"
kind = "build"
--- */
DELETE FROM leases WHERE basis = 'activity';

-- One claim for each owner and address: from its first record to its last. Claims that overlap stay side by side.
INSERT INTO leases BY NAME
SELECT
    ip, CASE WHEN owner_kind <> 'host' THEN host END AS scope, owner_kind, owner_id,
    CASE WHEN count(DISTINCT run_id) = 1 THEN any_value(run_id) END AS run_id,
    min(started_at) AS started_at, max(coalesce(ended_at, started_at)) AS ended_at,
    false AS shared, 'activity' AS basis,
    arg_min(source_id, (source_id, line_no, record_no)) AS source_id,
    arg_min(line_no, (source_id, line_no, record_no)) AS line_no,
    arg_min(record_no, (source_id, line_no, record_no)) AS record_no
FROM (
    SELECT *,
        CASE WHEN sandbox_id IS NOT NULL THEN 'sandbox' WHEN pod IS NOT NULL THEN 'pod'
             WHEN container_id IS NOT NULL THEN 'container' WHEN host IS NOT NULL THEN 'host' END AS owner_kind,
        coalesce(sandbox_id, CASE WHEN pod IS NOT NULL THEN concat_ws('/', namespace, pod) END, container_id, host) AS owner_id
    FROM (
        SELECT * FROM activity WHERE ip IS NOT NULL
        UNION ALL
        -- A sandbox with a second address, as traces that have one column for each version of IP tell it.
        SELECT * EXCLUDE (other) REPLACE (lower(other) AS ip)
        FROM (SELECT *, coalesce(json_extract_string(extra, '$.sandbox_ip6'), json_extract_string(extra, '$.ip6')) AS other FROM activity WHERE extra IS NOT NULL)
        WHERE contains(other, ':')
    )
    WHERE started_at IS NOT NULL
)
WHERE owner_kind IS NOT NULL
  -- What a record says of the owner itself is not said again.
  AND (ip, owner_kind, owner_id) NOT IN (SELECT (ip, owner_kind, owner_id) FROM leases WHERE basis IS NULL AND ip IS NOT NULL AND owner_id IS NOT NULL)
GROUP BY ip, host, owner_kind, owner_id
ORDER BY ALL;

-- A device that hides sandboxes behind an address of its own has that address: the masquerading host.
INSERT INTO hosts (host, ip, scope, source_id, basis)
SELECT k.host, t.new_src_ip, NULL, min(t.source_id), 'translation'
FROM translations AS t
JOIN (SELECT DISTINCT host FROM activity WHERE host IS NOT NULL) AS k ON k.host IN (t.sensor, split_part(t.sensor, '.', 1))
WHERE t.new_src_ip IS NOT NULL AND t.new_src_ip IS DISTINCT FROM t.orig_src_ip
GROUP BY k.host, t.new_src_ip
HAVING NOT EXISTS (SELECT 1 FROM hosts AS h WHERE h.host = k.host AND h.ip = t.new_src_ip)
ORDER BY ALL;
