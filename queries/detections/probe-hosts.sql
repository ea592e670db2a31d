/* ---
name = "probe-hosts"
title = "One port of many internal hosts that do not answer"
question = "Which client tried one port of several internal hosts within minutes, and got nowhere?"
kind = "detection"
severity = "high"
category = "probe"
evidence = "shape"
technique = ["T1046", "T1018"]
needs = ["connections.action|events.bytes_in|events.packets_in|events.ts_end"]
thresholds = ["probe_window_s", "probe_targets"]
false_positives = [
    "monitoring or deployment that begins before its targets are up",
    "a service that is down and was never seen up; service discovery of orchestration",
]
next = "internal-fan-out"
columns = { connection_id = "connection", reason = "how many targets within the window" }
--- */
-- A target counts once a window. All attempts of a window that reaches the threshold are marked, those before it included.
WITH fresh AS (
    SELECT *, coalesce(lag(first_ts) OVER same < first_ts - to_seconds($probe_window_s), true) AS is_fresh
    FROM failed_lateral
    WINDOW same AS (PARTITION BY client_ip, server_ip, server_port, protocol ORDER BY first_ts, connection_id)
),
counted AS (
    SELECT *, count(*) FILTER (is_fresh) OVER (PARTITION BY client_ip, server_port, protocol ORDER BY first_ts RANGE BETWEEN to_seconds($probe_window_s) PRECEDING AND CURRENT ROW) AS n_targets
    FROM fresh
),
reached AS (
    SELECT *, max(n_targets) OVER (PARTITION BY client_ip, server_port, protocol ORDER BY first_ts RANGE BETWEEN CURRENT ROW AND to_seconds($probe_window_s) FOLLOWING) AS most
    FROM counted
)
SELECT connection_id, concat_ws(' ', most, 'hosts on', concat_ws('/', server_port, protocol), 'within minutes,', outcome, 'at', server_ip) AS reason
FROM reached
WHERE most >= $probe_targets
