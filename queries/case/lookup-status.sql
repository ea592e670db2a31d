/* ---
name = "lookup-status"
title = "What online providers answered, and how much of it is fresh"
kind = "case"
[params.moment]
type = "time"
help = "now"
--- */
SELECT
    provider, outcome, error, count(DISTINCT ip) AS addresses,
    count(DISTINCT ip) FILTER (expires_at > $moment) AS fresh, min(asked_at) AS first_asked, max(asked_at) AS last_asked
FROM lookups
GROUP BY provider, outcome, error
ORDER BY provider, outcome, addresses DESC
