/* ---
name = "source_sensor"
title = "Correct the device that logged a source: it has one then, whatever its records say"
kind = "build"
[params.source]
type = "int"
help = "source"
[params.device]
type = "text"
help = "device"
--- */
UPDATE sources
SET sensor = $device, sensor_basis = 'option', options = json_merge_patch(options, json_object('sensor', $device))
WHERE source_id = $source;

UPDATE events SET sensor = $device WHERE source_id = $source;
UPDATE translations SET sensor = $device WHERE source_id = $source;

CREATE OR REPLACE TEMP TABLE merged AS
SELECT source_id, $device AS sensor, bucket, sum(records) AS records, sum(events) AS events, sum(lost) AS lost
FROM source_coverage
WHERE source_id = $source
GROUP BY source_id, bucket;

DELETE FROM source_coverage WHERE source_id = $source;
INSERT INTO source_coverage BY NAME SELECT * FROM merged ORDER BY bucket;
DROP TABLE merged;
