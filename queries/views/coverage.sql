/* ---
name = "coverage"
title = "Records a minute and sensor, ignored ones included: when was a sensor alive?"
kind = "view"
--- */
SELECT sensor, bucket, sum(records)::UBIGINT AS records, sum(events)::UBIGINT AS events, sum(lost)::UBIGINT AS lost
FROM source_coverage
GROUP BY sensor, bucket
