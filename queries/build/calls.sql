/* ---
name = "calls"
title = "Tool calls and processes as intervals, and under which keys they are found"
kind = "build"
[params.tail_s]
type = "float"
default = 600.0
help = "seconds after its end in which what a call left behind may still act"
--- */
-- Without an end, a call lasts until the next of the same sandbox begins.
-- What other records say of the same sandbox: a command log names neither run nor host.
CREATE OR REPLACE TEMP TABLE told AS
SELECT sandbox_id,
    CASE WHEN count(DISTINCT run_id) = 1 THEN any_value(run_id) END AS run_id,
    CASE WHEN count(DISTINCT host) = 1 THEN any_value(host) END AS host
FROM activity
WHERE sandbox_id IS NOT NULL
GROUP BY sandbox_id;

CREATE OR REPLACE TEMP TABLE calls AS
SELECT
    row_number() OVER () AS call, activity_id, run_id, episode_id, step, tool, kind, command, host, who,
    started_at AS low,
    coalesce(ended_at, least(lead(started_at) OVER (PARTITION BY who, kind ORDER BY started_at), started_at + to_microseconds(CAST($tail_s * 1000000 AS BIGINT))), started_at) AS high,
    sandbox_id, container_id, namespace, pod
FROM (
    SELECT *, coalesce(sandbox_id, left(container_id, 12), concat_ws('/', namespace, pod), episode_id, concat_ws('/', run_id, host)) AS who
    FROM (
        SELECT a.* REPLACE (coalesce(a.run_id, t.run_id) AS run_id, coalesce(a.host, t.host) AS host)
        FROM activity AS a LEFT JOIN told AS t USING (sandbox_id)
    )
    WHERE started_at IS NOT NULL AND kind IN ('tool_call', 'process')
)
ORDER BY started_at, source_id, line_no, record_no;

CREATE OR REPLACE TEMP TABLE call_keys AS
SELECT call, 'sandbox:' || sandbox_id AS key, true AS own FROM calls WHERE sandbox_id IS NOT NULL
UNION ALL SELECT call, 'container:' || left(container_id, 12), true FROM calls WHERE container_id IS NOT NULL
UNION ALL SELECT call, 'pod:' || pod, true FROM calls WHERE pod IS NOT NULL
UNION ALL SELECT call, 'host:' || host, false FROM calls WHERE host IS NOT NULL
UNION ALL SELECT call, 'run:' || run_id, false FROM calls WHERE run_id IS NOT NULL;

-- What is alive: an episode or sandbox from the first sign of it to the last, whatever kinds of record say so.
CREATE OR REPLACE TEMP TABLE lives AS
SELECT who, any_value(host) AS host, any_value(run_id) AS run_id, min(low) AS low, max(high) AS high
FROM (
    SELECT who, host, run_id, low, high FROM calls
    UNION ALL
    SELECT coalesce(sandbox_id, left(container_id, 12), concat_ws('/', namespace, pod), episode_id), host, run_id, started_at, coalesce(ended_at, started_at)
    FROM activity
    WHERE kind IN ('episode', 'container') AND started_at IS NOT NULL
)
WHERE who IS NOT NULL
GROUP BY who;

-- How many are alive at any time, on a host, in a run, and anywhere.
CREATE OR REPLACE TEMP TABLE crowds AS
SELECT key, edge, CAST(sum(sum(step)) OVER (PARTITION BY key ORDER BY edge) AS BIGINT) AS alive
FROM (
    SELECT unnest(['host:' || host, 'run:' || run_id, 'any']) AS key, low AS edge, 1 AS step FROM lives
    UNION ALL
    SELECT unnest(['host:' || host, 'run:' || run_id, 'any']), high + INTERVAL 1 MICROSECOND, -1 FROM lives
)
WHERE key IS NOT NULL
GROUP BY key, edge;

-- Nobody writes down when a sandbox is gone: what activity shows lasts until somebody else has the address, and beyond that
-- where a process was left behind.
CREATE OR REPLACE TEMP TABLE owners AS
SELECT
    ip, scope, owner_kind, owner_id, started_at AS low,
    CASE
        WHEN basis IS DISTINCT FROM 'activity' THEN ended_at
        WHEN owner_id IN (SELECT who FROM calls JOIN commands USING (command) WHERE background) THEN ended_at + tail
        ELSE greatest(ended_at, least(ended_at + tail, coalesce(lead(started_at) OVER (PARTITION BY ip, scope, basis ORDER BY started_at), ended_at + tail)))
    END AS high,
    CASE owner_kind WHEN 'container' THEN 'container:' || left(owner_id, 12) WHEN 'pod' THEN 'pod:' || split_part(owner_id, '/', -1) ELSE owner_kind || ':' || owner_id END AS key,
    owner_kind IN ('sandbox', 'pod', 'container') AND NOT coalesce(shared, false) AS own
FROM (SELECT *, to_microseconds(CAST($tail_s * 1000000 AS BIGINT)) AS tail FROM leases)
UNION ALL
SELECT ip, scope, 'host', host, NULL, NULL, 'host:' || host, false FROM hosts;
