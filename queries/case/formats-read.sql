/* ---
name = "formats-read"
title = "What was read, by format, and how its times were"
kind = "case"
--- */
SELECT
    format, count(*) AS sources, sum(lines)::BIGINT AS lines, sum(rows)::BIGINT AS rows, sum(rejects)::BIGINT AS rejects,
    sum(ignored)::BIGINT AS ignored, string_agg(DISTINCT tz || ' (' || tz_basis || ')', ', ') AS tz,
    string_agg(DISTINCT year_basis, ', ') AS year
FROM sources
GROUP BY format
ORDER BY rows DESC, format
