/* ---
name = "source_run"
title = "Correct the run that a source belongs to"
kind = "build"
[params.source]
type = "int"
help = "source"
[params.run]
type = "text"
help = "run; empty: none"
--- */
UPDATE sources
SET run_id = nullif($run, ''), options = json_merge_patch(options, json_object('run', nullif($run, '')))
WHERE source_id = $source;
