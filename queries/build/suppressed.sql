/* ---
name = "suppressed"
title = "Patterns that the safelist hides, and how much it hides of the others"
kind = "build"
--- */
-- What a hunt hides is a pattern of its own; after the safelist has changed, a pattern is hidden where all its violations are.
UPDATE patterns SET suppressed_by = found.entry_id, n_suppressed = found.hidden
FROM (
    SELECT pattern_id,
        CASE WHEN own = own_hidden THEN entry_id END AS entry_id,
        CAST(sum(own_hidden) OVER (PARTITION BY target, service) AS UBIGINT) AS hidden
    FROM (
        SELECT p.pattern_id, p.target, p.service, count(*) AS own, count(v.suppressed_by) AS own_hidden, min(v.suppressed_by) AS entry_id
        FROM patterns AS p
        JOIN pattern_violations AS o ON o.pattern_id = p.pattern_id
        JOIN violations AS v ON v.violation_id = o.violation_id
        GROUP BY p.pattern_id, p.target, p.service
    )
) AS found
WHERE patterns.pattern_id = found.pattern_id;
