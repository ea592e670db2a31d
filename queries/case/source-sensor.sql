/* ---
name = "source-sensor"
title = "The device that most records of a source are from"
kind = "case"
--- */
SELECT sensor
FROM source_coverage
WHERE source_id = $source
GROUP BY sensor
ORDER BY sum(records) DESC, sensor
LIMIT 1
