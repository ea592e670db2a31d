/* ---
name = "clock-list"
title = "Clock offsets: seconds to add to a sensor's time"
kind = "case"
--- */
SELECT *,
    CASE WHEN abs(offset_s) > 1800 AND abs(offset_s - 3600 * round(offset_s / 3600)) < 60
        THEN CAST(abs(round(offset_s / 3600)) AS INTEGER) || ' whole hours: times were read in the wrong zone (fwf ingest --tz … --replace), or declare it with fwf clock set'
    END AS warning
FROM clocks
ORDER BY sensor, host
