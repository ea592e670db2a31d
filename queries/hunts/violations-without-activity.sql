/* ---
name = "violations-without-activity"
title = "Violations with no activity record at all"
question = "What did the firewall see that the trace does not know of?"
kind = "hunt"
needs = ["violations.violation_id"]
false_positives = [
    "Hosts that run no agents, and daemons and cron jobs of hosts that do.",
    "A trace that was not ingested as a whole: look at observed_by_trace.",
]
next = "calls-without-flow"

[columns]
violation_id = "violation"
ts = "start"
src_ip = "source, as the sensor saw it"
dst_ip = "destination"
dst_port = "its port"
protocol = "protocol"
detection = "detection that marked it"
severity = "severity"
run_id = "run, where certain"
attribution = "ambiguous: somebody was alive, but nobody was in a call; none: nobody is known to have been there"
why = "what is known instead"
observed_by_trace = "does the trace have any activity in the hour around it?"

[params]
least = { type = "text", default = "informational", help = "least severity" }
--- */
SELECT
    v.violation_id, v.ts, v.src_ip, v.dst_ip, v.dst_port, v.protocol, v.detection, v.severity, v.run_id,
    coalesce(v.attribution, 'none') AS attribution,
    v.attribution_reason AS why,
    EXISTS (
        SELECT 1 FROM activity AS a
        WHERE a.started_at <= v.ts + INTERVAL 30 MINUTES AND coalesce(a.ended_at, a.started_at) >= v.ts - INTERVAL 30 MINUTES
    ) AS observed_by_trace
FROM violations AS v
WHERE v.violation_id NOT IN (SELECT violation_id FROM candidates)
  AND list_position(['informational', 'low', 'medium', 'high', 'critical'], v.severity) >= list_position(['informational', 'low', 'medium', 'high', 'critical'], $least)
ORDER BY v.ts, v.violation_id
