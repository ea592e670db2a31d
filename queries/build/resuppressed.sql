/* ---
name = "resuppressed"
title = "The safelist as it is now, applied to the violations of the last hunt"
kind = "build"
--- */
-- A violation is hidden where all of its connections are accepted.
UPDATE violations SET suppressed_by = found.entry_id
FROM (
    SELECT m.violation_id, CASE WHEN count(*) = count(a.entry_id) THEN min(a.entry_id) END AS entry_id
    FROM marked AS m
    LEFT JOIN accepted AS a ON a.connection_id = m.connection_id AND a.detection = m.detection
    GROUP BY m.violation_id
) AS found
WHERE violations.violation_id = found.violation_id AND violations.suppressed_by IS DISTINCT FROM found.entry_id;
