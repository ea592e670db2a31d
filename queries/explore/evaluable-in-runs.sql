/* ---
name = "evaluable-in-runs"
title = "Which detection could have shown anything in which run"
question = "In which runs would a detection have found something, had there been something to find?"
kind = "explore"
needs = ["evaluability.detection"]
false_positives = [
    "A sensor counts as filling a column if one record of it does.",
    "The last hunt's detections: others are not in the list.",
]
next = "coverage-gaps"

[columns]
detection = "detection"
run_id = "run; empty for the case as a whole"
state = "evaluable, not evaluable (no sensor that saw the run fills what is needed), or not observed (no sensor saw the run)"
missing = "what is not filled"

[params]
only_state = { type = "text", help = "only this state" }
--- */
SELECT e.detection, e.run_id, e.state, e.missing
FROM evaluability AS e
LEFT JOIN runs AS r ON r.run_id = e.run_id
WHERE $only_state IS NULL OR e.state = $only_state
ORDER BY e.detection, r.started_at NULLS FIRST, e.run_id NULLS FIRST
