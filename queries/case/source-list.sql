/* ---
name = "source-list"
title = "The sources of the case"
kind = "case"
--- */
SELECT
    source_id, path, member, format, sensor, sensor_basis, run_id, lines, parsed, rejects, ignored, rows, first_ts, last_ts, tz,
    tz_basis, year_basis, size_bytes, left(sha256, 12) AS sha256, ingested_at
FROM sources
ORDER BY source_id
