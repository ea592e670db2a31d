/* ---
name = "report-sources"
title = "The sources with their hashes and how they were read"
kind = "case"
--- */
SELECT source_id, path, member, sha256, container_sha256, size_bytes, format, sensor, lines, parsed, rejects, ignored, first_ts, last_ts, tz, tz_basis,
    year_basis, parser_version, ingested_at
FROM sources
ORDER BY source_id
