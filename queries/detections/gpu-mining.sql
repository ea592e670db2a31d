/* ---
name = "gpu-mining"
title = "A GPU is busy, or runs an unknown program, while a session in the shape of mining is open"
question = "Did the host's GPU work during a session that looks like mining, for a program that no run is known for?"
kind = "detection"
severity = "high"
category = "mining"
evidence = "verdict"
technique = ["T1496.001"]
needs = ["gpu_samples.ts", "connections.server_port"]
thresholds = ["gpu_busy", "gpu_margin_s", "job_ratio", "job_ratio_most"]
false_positives = ["training keeps GPUs busy anyway: load alone counts only outside of all runs, a program only where its name is not known"]
next = "gpu-out-of-schedule"
columns = { connection_id = "connection", reason = "GPU, program and load" }
[params.known_programs]
type = "text"
default = "(?i)python|torch|ray|vllm|sglang|deepspeed|nccl|triton|jax|tensorflow|nvidia|dcgm|xorg|gnome|mps"
help = "regular expression of programs that are known to use GPUs here"
--- */
WITH suspects AS (
    SELECT i.connection_id FROM indicated AS i WHERE i.category = 'mining'
    UNION
    SELECT e.connection_id FROM egress AS e
    WHERE e.protocol = 'tcp' AND e.outcome <> 'denied'
      AND e.server_port IN (SELECT CAST(value AS USMALLINT) FROM indicators WHERE kind = 'port' AND category = 'mining')
    UNION
    SELECT e.connection_id FROM egress AS e
    JOIN slow_sessions AS s ON s.client_ip = e.client_ip AND s.server_ip = e.server_ip AND s.server_port = e.server_port AND s.day = CAST(e.first_ts AS DATE)
    WHERE e.protocol = 'tcp' AND s.bytes_in BETWEEN $job_ratio * s.bytes_out AND $job_ratio_most * s.bytes_out
),
placed AS (
    SELECT c.connection_id, c.client_ip, c.first_ts, c.last_ts, c.run_id, h.host
    FROM suspects AS u
    JOIN connections AS c ON c.connection_id = u.connection_id
    JOIN (
        SELECT DISTINCT ip, host FROM hosts
        UNION SELECT DISTINCT ip, owner_id FROM leases WHERE owner_kind = 'host'
        UNION SELECT DISTINCT ip, host FROM activity WHERE ip IS NOT NULL AND host IS NOT NULL
    ) AS h ON h.ip = c.client_ip
),
samples AS (
    SELECT g.ts, g.host, g.gpu, g.process, g.utilization, time_bucket(INTERVAL 1 HOUR, g.ts) AS hour
    FROM gpu_samples AS g
    WHERE (g.process IS NOT NULL AND NOT regexp_matches(g.process, $known_programs)) OR g.utilization >= $gpu_busy
)
SELECT p.connection_id, concat_ws(' ', 'GPU', any_value(g.gpu), 'of', p.host || ':', any_value(g.process), printf('%.0f %%', max(g.utilization))) AS reason
FROM placed AS p
JOIN samples AS g ON g.host = p.host
    AND g.ts BETWEEN p.first_ts - to_seconds($gpu_margin_s) AND p.last_ts + to_seconds($gpu_margin_s)
WHERE NOT coalesce(regexp_matches(g.process, $known_programs), false)
  AND (g.process IS NOT NULL OR p.run_id IS NULL)
GROUP BY p.connection_id, p.host
