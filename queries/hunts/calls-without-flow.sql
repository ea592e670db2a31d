/* ---
name = "calls-without-flow"
title = "Commands that name a destination of which no log shows a flow"
question = "Which tool calls say that they talked to somebody, while no sensor saw it?"
kind = "hunt"
needs = ["commands.command"]
false_positives = [
    "Commands that only print or write an address, or failed before they sent anything.",
    "Destinations behind a proxy or a name that no log resolves: then the flow goes to the proxy.",
    "Traffic that passes no sensor, such as that between sandboxes of one host.",
]
next = "violations-without-activity"

[columns]
activity_id = "tool call"
run_id = "run"
episode_id = "episode"
step = "step"
host = "machine"
sandbox_id = "sandbox"
started_at = "start"
tool = "tool"
command = "command"
destination = "address or name in it"
hidden = "does part of the command stand there encoded?"
status = "exit code or state: an error explains a missing flow"
logged_otherwise = "connections to this destination at any other time"
observed = "was a sensor of the run alive? If not, a missing flow says nothing."

[params]
skew_s = { type = "float", default = 5.0, help = "seconds by which clocks may differ" }
tail_s = { type = "float", default = 600.0, help = "seconds after the call in which a flow still counts as its own" }
only_observed = { type = "bool", default = true, help = "only calls at a time when a sensor of the run was alive" }
--- */
WITH named AS (
    SELECT a.*, c.hidden, unnest(list_concat(c.ips, c.names)) AS destination
    FROM activity AS a JOIN commands AS c USING (command)
    WHERE a.kind IN ('tool_call', 'process') AND a.started_at IS NOT NULL
),
-- What each connection may be called: its address, the names that logs give it, and names looked up just before.
reached AS (
    SELECT server_ip AS destination, first_ts, last_ts FROM connections
    UNION ALL
    SELECT server_name, first_ts, last_ts FROM connections WHERE server_name IS NOT NULL
    UNION ALL
    SELECT a.name, c.first_ts, c.last_ts FROM connections AS c JOIN addresses AS a ON a.ip = c.server_ip WHERE a.name IS NOT NULL
),
asked AS (
    SELECT n.*,
        EXISTS (
            SELECT 1 FROM exposures AS x
            WHERE x.run_id = n.run_id AND x.started_at <= n.started_at AND x.ended_at >= n.started_at
        ) AS observed
    FROM named AS n
    LEFT JOIN addresses AS a ON a.ip = n.destination
    WHERE a.scope IS DISTINCT FROM 'special' AND NOT starts_with(n.destination, '127.') AND n.destination NOT IN ('::1', 'localhost')
      -- A name that no log ever gives cannot be looked for.
      AND (regexp_matches(n.destination, '^[0-9.]+$') OR contains(n.destination, ':') OR n.destination IN (SELECT destination FROM reached))
)
SELECT
    q.activity_id, q.run_id, q.episode_id, q.step, q.host, q.sandbox_id, q.started_at, q.tool, q.command, q.destination, q.hidden, q.status,
    (SELECT count(*) FROM reached AS r WHERE r.destination = q.destination) AS logged_otherwise,
    q.observed
FROM asked AS q
WHERE (q.observed OR NOT $only_observed)
  AND NOT EXISTS (
    SELECT 1 FROM reached AS r
    WHERE r.destination = q.destination
      AND r.first_ts <= coalesce(q.ended_at, q.started_at) + to_microseconds(CAST($tail_s * 1000000 AS BIGINT))
      AND r.last_ts >= q.started_at - to_microseconds(CAST($skew_s * 1000000 AS BIGINT))
)
ORDER BY q.started_at, q.activity_id, q.destination
