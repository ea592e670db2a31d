/* ---
name = "enrichments"
title = "Keep what a provider says, in place of what it said out of the same source, of the same day, before"
kind = "build"
[params.provider]
type = "text"
help = "who was asked"
[params.source]
type = "text"
help = "who says so"
[params.as_of]
type = "time"
help = "day of the data"
[params.moment]
type = "time"
help = "now"
--- */
DELETE FROM enrichments
WHERE provider = $provider AND source IS NOT DISTINCT FROM $source AND as_of IS NOT DISTINCT FROM CAST($as_of AS TIMESTAMP)
  AND ip IN (SELECT ip FROM said);

INSERT INTO enrichments
SELECT ip, $provider, $source, key, value, CAST($as_of AS TIMESTAMP), CAST($moment AS TIMESTAMP)
FROM said
WHERE value IS NOT NULL AND value <> '';
