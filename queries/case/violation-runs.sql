/* ---
name = "violation-runs"
title = "Runs that a violation may belong to"
kind = "case"
--- */
SELECT run_id, weight FROM violation_runs WHERE violation_id = $finding ORDER BY run_id
