/* ---
name = "probe-slow"
title = "Internal targets that do not answer, a few over a day"
question = "Which client found more closed doors inside over a day than accidents explain?"
kind = "detection"
severity = "medium"
category = "probe"
evidence = "shape"
technique = ["T1046", "T1018"]
needs = ["connections.action|events.bytes_in|events.packets_in|events.ts_end"]
thresholds = ["slow_window_s", "slow_targets"]
false_positives = [
    "an address behind which many clients are",
    "a service that is down and was never seen up; service discovery of orchestration",
]
next = "internal-fan-out"
columns = { connection_id = "connection", reason = "how many targets within the window" }
--- */
-- A target counts once a window. All attempts of a window that reaches the threshold are marked, those before it included.
WITH fresh AS (
    SELECT *, coalesce(lag(first_ts) OVER same < first_ts - to_seconds($slow_window_s), true) AS is_fresh
    FROM failed_lateral
    WINDOW same AS (PARTITION BY client_ip, server_ip, server_port, protocol ORDER BY first_ts, connection_id)
),
counted AS (
    SELECT *, count(*) FILTER (is_fresh) OVER (PARTITION BY client_ip ORDER BY first_ts RANGE BETWEEN to_seconds($slow_window_s) PRECEDING AND CURRENT ROW) AS n_targets
    FROM fresh
),
reached AS (
    SELECT *, max(n_targets) OVER (PARTITION BY client_ip ORDER BY first_ts RANGE BETWEEN CURRENT ROW AND to_seconds($slow_window_s) FOLLOWING) AS most
    FROM counted
)
SELECT connection_id, concat_ws(' ', most, 'internal targets within a day,', outcome, 'at', server_ip, concat_ws('/', server_port, protocol)) AS reason
FROM reached
WHERE most >= $slow_targets
