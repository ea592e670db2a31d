/* ---
name = "coverage"
title = "Records a minute and sensor, ignored ones included: when was a sensor alive?"
kind = "view"

[columns]
sensor = "sensor"
bucket = "start of the minute"
records = "records with a time, ignored ones included"
events = "records that gave an event"
lost = "records that the sensor says it lost"
--- */
SELECT sensor, bucket, sum(records)::UBIGINT AS records, sum(events)::UBIGINT AS events, sum(lost)::UBIGINT AS lost
FROM source_coverage
GROUP BY sensor, bucket
