/* ---
name = "timeline"
title = "What happened, in order"
question = "What did the firewalls and the training stack record between two moments, in one order of time?"
kind = "explore"
needs = ["events.ts"]
false_positives = ["Clocks that disagree put effects before causes: see fwf clock."]
next = "Read the raw lines of what you found with fwf evidence."

[columns]
ts = "start, corrected by what is known of the sensor's clock"
ts_end = "end, corrected likewise"
what = "event or activity"
kind = "kind of the event or activity"
action = "allow, deny or alert; for activity its status"
subject = "who: source address, or sandbox or host"
object = "what to: destination with port and protocol, or tool and command"
sensor = "sensor, or host of the activity"
run_id = "run, where certain"
episode_id = "episode of the activity"
source = "file that says so"
line_no = "line or record of the file"

[params]
since = { type = "time", help = "from this moment on" }
until = { type = "time", help = "up to, and without, this moment" }
address = { type = "text", help = "only what has this address at either end" }
in_run = { type = "text", help = "only what certainly belongs to this run" }
--- */
SELECT t.ts, t.ts_end, t.what, t.kind, t.action, t.subject, t.object, t.sensor, t.run_id, t.episode_id, t.source, t.line_no
FROM timeline AS t
WHERE ($since::TIMESTAMP IS NULL OR t.ts >= $since::TIMESTAMP)
  AND ($until::TIMESTAMP IS NULL OR t.ts < $until::TIMESTAMP)
  AND ($address::VARCHAR IS NULL OR t.ip = $address::VARCHAR OR t.peer_ip = $address::VARCHAR)
  AND ($in_run::VARCHAR IS NULL OR t.run_id = $in_run::VARCHAR)
ORDER BY t.ts, t.what, t.source_id, t.line_no, t.record_no
