/* ---
name = "metadata-access"
title = "Cloud metadata and credential endpoints"
question = "Who asked the endpoint that hands out a machine's credentials?"
kind = "detection"
severity = "high"
category = "metadata"
evidence = "indicator"
technique = ["T1552.005"]
needs = ["connections.server_ip"]
thresholds = ["habit_minutes", "habit_bins", "habit_share"]
false_positives = [
    "the host's own agents refresh their credentials there: what a client does nearly all the time is low; behind one address, a sandbox's request cannot be told from them",
]
next = "timeline"
columns = { connection_id = "connection", severity = "low where the client asks nearly always, else high", reason = "which endpoint" }
--- */
WITH asked AS (
    SELECT i.connection_id, min(i.label) AS label FROM indicated AS i WHERE i.category = 'metadata' GROUP BY i.connection_id
),
bins AS (
    SELECT c.client_ip, count(DISTINCT time_bucket(to_minutes($habit_minutes), c.first_ts)) AS seen,
        count(DISTINCT time_bucket(to_minutes($habit_minutes), c.first_ts)) FILTER (q.connection_id IS NOT NULL AND c.action IS DISTINCT FROM 'deny') AS asking
    FROM connections AS c
    LEFT JOIN asked AS q ON q.connection_id = c.connection_id
    WHERE c.client_ip IN (SELECT o.client_ip FROM connections AS o JOIN asked AS x ON x.connection_id = o.connection_id)
    GROUP BY c.client_ip
)
SELECT q.connection_id,
    CASE WHEN c.action IS DISTINCT FROM 'deny' AND b.seen >= $habit_bins AND b.asking >= $habit_share * b.seen THEN 'low' ELSE 'high' END AS severity,
    concat_ws(' ', q.label, 'at', c.server_ip, CASE WHEN c.action = 'deny' THEN '(refused)' END) AS reason
FROM asked AS q
JOIN connections AS c ON c.connection_id = q.connection_id
JOIN bins AS b ON b.client_ip = c.client_ip
