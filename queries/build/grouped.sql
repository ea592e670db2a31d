/* ---
name = "grouped"
title = "Which marked connections are one violation"
kind = "build"
[params.bout_s]
type = "float"
default = 60.0
help = "seconds without an attempt that end a bout"
[params.scan_ports]
type = "int"
default = 10
help = "distinct ports of one target group that one host tried within a bout: from here on it is one scan"
--- */
-- What the safelist accepts is apart from what it does not: a scan that touches an accepted service is the rest of the scan.
-- Many ports of one target in one bout are one violation, a scan; everything else is one violation a connection.
CREATE OR REPLACE TEMP TABLE grouped AS
SELECT
    *,
    ports >= $scan_ports AS is_scan,
    CASE
        WHEN ports >= $scan_ports THEN 'many/' || coalesce(protocol, 'any')
        WHEN server_port IS NOT NULL THEN server_port || '/' || coalesce(protocol, 'any')
        ELSE coalesce(protocol, 'any')
    END AS service,
    'V-' || left(sha256(
        CASE WHEN ports >= $scan_ports
            THEN concat_ws('|', detection, client_ip, target, protocol, 'scan', epoch_us(bout_ts), suppressed_by)
            ELSE concat_ws('|', detection, protocol, client_ip, client_port, server_ip, server_port, epoch_us(first_ts), target, suppressed_by)
        END), 12) AS violation_id
FROM (
    SELECT
        *,
        count(DISTINCT server_port) OVER (PARTITION BY detection, client_ip, target, protocol, suppressed_by, bout) AS ports,
        min(first_ts) OVER (PARTITION BY detection, client_ip, target, protocol, suppressed_by, bout) AS bout_ts
    FROM (
        SELECT *, sum(fresh) OVER (PARTITION BY detection, client_ip, target, protocol, suppressed_by ORDER BY first_ts, connection_id) AS bout
        FROM (
            SELECT
                m.detection, m.category, m.severity, m.technique, m.evidence, m.reason, c.*, t.target, a.entry_id AS suppressed_by,
                CASE WHEN epoch(c.first_ts - lag(c.last_ts) OVER (
                    PARTITION BY m.detection, c.client_ip, t.target, c.protocol, a.entry_id ORDER BY c.first_ts, c.connection_id
                )) > $bout_s THEN 1 ELSE 0 END AS fresh
            FROM marked AS m
            JOIN connections AS c USING (connection_id)
            JOIN target_groups AS t ON t.ip = c.server_ip
            LEFT JOIN accepted AS a ON a.connection_id = m.connection_id AND a.detection = m.detection
        )
    )
);
