/* ---
name = "gpu-out-of-schedule"
title = "GPU load outside of all runs, and processes that are seen there alone"
question = "Do GPUs work when no run is scheduled, or for a program that no run is known to use?"
kind = "hunt"
needs = ["gpu_samples.ts"]
false_positives = [
    "Interactive work, monitoring agents and drivers' own processes; runs that no manifest and no trace name.",
    "Load is corroboration only: a training host is busy anyway.",
]
next = "recurring-violations"

[columns]
host = "machine"
gpu = "GPU"
process = "process, where samples name it"
samples = "samples outside of all runs of the host"
samples_in_runs = "samples of the same process on any host within runs"
max_utilization = "highest load outside of runs, per cent"
max_memory_mib = "most memory outside of runs, MiB"
max_power_w = "highest power outside of runs, watts"
first_ts = "first such sample"
last_ts = "last one"

[params]
least_utilization = { type = "float", default = 20.0, help = "load from which a sample without a process name counts, per cent" }
margin_s = { type = "float", default = 300.0, help = "seconds before and after a run that count as the run's" }
--- */
WITH placed AS (
    SELECT g.*,
        EXISTS (
            SELECT 1 FROM runs AS r
            WHERE g.ts >= r.started_at - to_microseconds(CAST($margin_s * 1000000 AS BIGINT))
              AND (r.ended_at IS NULL OR g.ts <= r.ended_at + to_microseconds(CAST($margin_s * 1000000 AS BIGINT)))
              AND (g.host IS NULL OR json_extract(r.attributes, '$.hosts') IS NULL OR json_contains(json_extract(r.attributes, '$.hosts'), to_json(g.host)))
        ) AS scheduled
    FROM gpu_samples AS g
    WHERE g.ts IS NOT NULL
)
SELECT
    p.host, p.gpu, p.process, count(*) AS samples,
    (SELECT count(*) FROM placed AS i WHERE i.scheduled AND i.process = p.process) AS samples_in_runs,
    max(p.utilization) AS max_utilization, max(p.memory_mib) AS max_memory_mib, max(p.power_w) AS max_power_w,
    min(p.ts) AS first_ts, max(p.ts) AS last_ts
FROM placed AS p
WHERE NOT p.scheduled AND (p.process IS NOT NULL OR p.utilization >= $least_utilization)
GROUP BY p.host, p.gpu, p.process
ORDER BY samples_in_runs, max_utilization DESC NULLS LAST, p.host, p.gpu, p.process
