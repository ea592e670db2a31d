/* ---
name = "known"
title = "All that is known, and which networks of it hold which addresses: `known`, `asked`, `ranges`"
kind = "build"
--- */
-- `listed` holds the warning lists, `spans` the first and last address of the networks of `indicators`.
CREATE OR REPLACE TEMP TABLE known AS
SELECT i.kind, lower(i.value) AS value, s.low, s.high, i.category, i.label, i.source, i.as_of
FROM indicators AS i
LEFT JOIN spans AS s ON i.kind = 'cidr' AND s.value = i.value
WHERE i.expires_at IS NULL OR i.expires_at > coalesce((SELECT min(first_ts) FROM connections), TIMESTAMP '1970-01-01')
UNION ALL
SELECT kind, value, low, high, category, label, source, NULL FROM listed;

CREATE OR REPLACE TEMP TABLE asked AS SELECT ip, ip_key FROM addresses WHERE scope = 'external';

CREATE OR REPLACE TEMP TABLE ranges AS SELECT DISTINCT low || high AS id, low, high FROM known WHERE kind = 'cidr' AND low IS NOT NULL;
