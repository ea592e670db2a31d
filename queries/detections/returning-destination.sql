/* ---
name = "returning-destination"
title = "A destination that one run found and a later one used again"
question = "Which external service was new in a run, and came back in a later one, without becoming what all runs use?"
kind = "detection"
severity = "low"
category = "other"
evidence = "shape"
technique = ["T1071"]
needs = ["connections.run_id", "runs.started_at"]
thresholds = ["returning_runs", "returning_share", "earlier_runs"]
false_positives = ["content networks and clouds, whose addresses change: these are one step less severe", "data sets that some runs use"]
next = "new-destinations"
columns = { connection_id = "connection", reason = "run that had it first, and how many since" }
--- */
WITH numbered AS (
    SELECT run_id, row_number() OVER (ORDER BY started_at, run_id) AS nth
    FROM runs
    WHERE run_id IN (SELECT c.run_id FROM connections AS c WHERE c.run_id IS NOT NULL)
),
had AS (
    SELECT DISTINCT coalesce(e.target_name, e.server_ip) AS target, n.nth, n.run_id
    FROM egress AS e JOIN numbered AS n ON n.run_id = e.run_id
),
targets AS (
    SELECT target, min(nth) AS first_nth, arg_min(run_id, nth) AS first_run, count(*) AS n_runs
    FROM had
    GROUP BY target
)
SELECT e.connection_id, printf('new in %s, used in %d of %d runs since', t.first_run, t.n_runs, (SELECT count(*) FROM numbered) - t.first_nth + 1) AS reason
FROM egress AS e
JOIN targets AS t ON t.target = coalesce(e.target_name, e.server_ip)
WHERE e.run_id IS NOT NULL
  AND t.first_nth > $earlier_runs AND t.n_runs >= $returning_runs
  AND t.n_runs < $returning_share * ((SELECT count(*) FROM numbered) - t.first_nth + 1)
