/* ---
name = "enrichment-status"
title = "Of each provider and source: when it was asked last, of which day its data are, and what was missing"
kind = "case"
--- */
SELECT provider, source, state, as_of, asked_at, asked, answered, note
FROM enrichment_log
QUALIFY row_number() OVER (PARTITION BY provider, CASE WHEN online THEN NULL ELSE source END ORDER BY asked_at DESC) = 1
ORDER BY provider, asked_at
