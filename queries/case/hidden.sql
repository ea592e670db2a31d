/* ---
name = "hidden"
title = "How much of the last hunt the safelist hides now, and of which patterns the statistics are older than the safelist"
kind = "case"
[params.moment]
type = "time"
help = "what counts as now"
--- */
WITH in_force AS (SELECT entry_id FROM safelist WHERE expires_at IS NULL OR expires_at > $moment)
SELECT
    (SELECT count(*) FROM violations WHERE suppressed_by IN (FROM in_force)) AS violations,
    (SELECT count(*) FROM patterns WHERE suppressed_by IN (FROM in_force)) AS patterns,
    (
        SELECT count(DISTINCT p.pattern_id)
        FROM patterns AS p
        JOIN pattern_violations AS o ON o.pattern_id = p.pattern_id
        JOIN violations AS v ON v.violation_id = o.violation_id
        WHERE p.suppressed_by IS NULL AND v.suppressed_by IN (FROM in_force)
    ) AS mixed
