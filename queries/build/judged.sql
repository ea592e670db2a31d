/* ---
name = "judged"
title = "Recurrence, rank and verdict into the patterns"
kind = "build"
--- */
UPDATE patterns SET
    runs_hit = j.runs_hit, runs_possible = j.runs_possible, runs_exposed = j.runs_exposed, recurrence = j.recurrence,
    recurrence_low = j.recurrence_low, recurrence_high = j.recurrence_high, rate_per_run_hour = j.rate_per_run_hour,
    tier = j.tier, score = j.score, verdict = j.verdict, attribution = j.attribution
FROM judged AS j
WHERE patterns.pattern_id = j.pattern_id;
