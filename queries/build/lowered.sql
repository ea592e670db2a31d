/* ---
name = "lowered"
title = "One step less severe where what a detection guesses from shape or service talks to ordinary infrastructure"
kind = "build"
--- */
-- A verdict, a refusal or a known bad name is no guess: it stays as it is.
UPDATE marked SET
    severity = ['informational', 'informational', 'low', 'medium', 'high'][list_position(['informational', 'low', 'medium', 'high', 'critical'], severity)],
    reason = reason || ' (one step less: ' || o.label || ')'
FROM (
    SELECT connection_id, min(label) AS label
    FROM indicated
    WHERE category IN ('cdn', 'cloud', 'public-dns', 'vendor')
    GROUP BY connection_id
) AS o
WHERE marked.connection_id = o.connection_id AND marked.evidence IN ('shape', 'service');
