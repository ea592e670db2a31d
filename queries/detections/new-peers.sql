/* ---
name = "new-peers"
title = "Several internal targets at once that a client never had before"
question = "Which client reached for more new internal hosts or ports within minutes than it usually meets?"
kind = "detection"
severity = "medium"
category = "probe"
evidence = "shape"
technique = ["T1046", "T1018"]
needs = ["connections.server_port"]
thresholds = ["probe_window_s", "probe_unknown_targets"]
false_positives = [
    "the start of a service that has many peers: its connections are answered, which not every sensor shows",
    "the beginning of a log, when everything is new: ports of one host, and hosts on one port, are counted apart for that reason",
]
next = "internal-fan-out"
columns = { connection_id = "connection", reason = "how many new targets within the window" }
--- */
-- Only where nobody saw an answer, or nobody could have seen one: a packet filter's log of first packets.
WITH firsts AS (
    SELECT * FROM lateral_traffic
    WHERE server_port IS NOT NULL AND protocol IN ('tcp', 'udp')
    QUALIFY row_number() OVER (PARTITION BY client_ip, server_ip, server_port, protocol ORDER BY first_ts, connection_id) = 1
),
counted AS (
    SELECT *,
        count(*) OVER (PARTITION BY client_ip, server_ip, protocol ORDER BY first_ts RANGE BETWEEN to_seconds($probe_window_s) PRECEDING AND CURRENT ROW) AS n_ports,
        count(*) OVER (PARTITION BY client_ip, server_port, protocol ORDER BY first_ts RANGE BETWEEN to_seconds($probe_window_s) PRECEDING AND CURRENT ROW) AS n_hosts
    FROM firsts
    WHERE outcome <> 'answered'
),
reached AS (
    SELECT *,
        max(n_ports) OVER (PARTITION BY client_ip, server_ip, protocol ORDER BY first_ts RANGE BETWEEN CURRENT ROW AND to_seconds($probe_window_s) FOLLOWING) AS most_ports,
        max(n_hosts) OVER (PARTITION BY client_ip, server_port, protocol ORDER BY first_ts RANGE BETWEEN CURRENT ROW AND to_seconds($probe_window_s) FOLLOWING) AS most_hosts
    FROM counted
)
SELECT connection_id,
    CASE WHEN most_ports >= most_hosts THEN printf('%d new ports of %s within minutes', most_ports, server_ip)
        ELSE printf('%d new hosts on %s within minutes', most_hosts, concat_ws('/', server_port, protocol)) END AS reason
FROM reached
WHERE greatest(most_ports, most_hosts) >= $probe_unknown_targets
