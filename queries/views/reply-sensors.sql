/* ---
name = "reply-sensors"
title = "Sensors whose records show what comes back: flows and sessions, not single packets"
kind = "view"

[columns]
sensor = "sensor"
--- */
SELECT DISTINCT sensor
FROM source_capabilities
WHERE sensor IS NOT NULL
  AND (list_has_any(fills, ['bytes_in', 'packets_in'])
       OR (list_has_any(fills, ['bytes_out', 'packets_out']) AND list_has_any(fills, ['ts_end', 'duration'])))
