/* ---
name = "accepted"
title = "Which marked connections which entry of the safelist accepts"
kind = "build"
--- */
-- Reads `marked` (connection_id, detection) and `in_force`, the entries that count at the time.
CREATE OR REPLACE TEMP TABLE accepted AS
WITH seen AS (
    SELECT m.connection_id, m.detection, c.client_ip, c.server_ip, c.server_port, c.protocol, coalesce(c.server_name, s.name) AS name
    FROM (SELECT DISTINCT connection_id, detection FROM marked) AS m
    JOIN connections AS c ON c.connection_id = m.connection_id
    LEFT JOIN addresses AS s ON s.ip = c.server_ip
),
ranged AS (
    SELECT a.ip, f.entry_id, f.side
    FROM (SELECT ip, ip_key FROM addresses WHERE ip IN (SELECT client_ip FROM seen UNION SELECT server_ip FROM seen)) AS a
    JOIN (SELECT * FROM in_force WHERE kind IN ('address', 'cidr')) AS f ON a.ip_key BETWEEN f.low AND f.high
),
named AS (
    SELECT n.name, f.entry_id
    FROM (
        SELECT name, array_to_string(parts[i:], '.') AS above
        FROM (SELECT name, parts, unnest(range(1, len(parts) + 1)) AS i
            FROM (SELECT DISTINCT name, string_split(name, '.') AS parts FROM seen WHERE name IS NOT NULL))
    ) AS n
    JOIN in_force AS f ON f.kind = 'domain' AND f.value = n.above
),
matched AS (
    SELECT s.connection_id, s.detection, s.server_port, r.entry_id
    FROM seen AS s JOIN ranged AS r ON r.ip = s.server_ip AND r.side IN ('server', 'either')
    UNION
    SELECT s.connection_id, s.detection, s.server_port, r.entry_id
    FROM seen AS s JOIN ranged AS r ON r.ip = s.client_ip AND r.side IN ('client', 'either')
    UNION
    SELECT s.connection_id, s.detection, s.server_port, n.entry_id FROM seen AS s JOIN named AS n ON n.name = s.name
    UNION
    SELECT s.connection_id, s.detection, s.server_port, f.entry_id
    FROM seen AS s JOIN in_force AS f ON f.kind = 'port' AND f.value IN (CAST(s.server_port AS VARCHAR), s.server_port || '/' || s.protocol)
    UNION
    SELECT s.connection_id, s.detection, s.server_port, f.entry_id
    FROM seen AS s JOIN in_force AS f ON f.kind = 'detection' AND f.value = s.detection
)
SELECT m.connection_id, m.detection, min(m.entry_id) AS entry_id
FROM matched AS m JOIN in_force AS f ON f.entry_id = m.entry_id
WHERE (f.detection IS NULL OR f.detection = m.detection) AND (f.port IS NULL OR f.port = m.server_port)
GROUP BY m.connection_id, m.detection;
