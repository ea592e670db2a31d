/* ---
name = "last-hunt"
title = "The last hunt and what it was run with"
kind = "case"
--- */
SELECT hunt_id, started_at, scope, parameters, versions, fingerprint FROM hunts ORDER BY hunt_id DESC LIMIT 1
