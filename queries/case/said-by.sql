/* ---
name = "said-by"
title = "How much a provider, a source or a feed has said"
kind = "case"
--- */
SELECT 'enrichments' AS place, count(*) AS n FROM enrichments WHERE provider = $source OR source = $source
UNION ALL
SELECT 'indicators', count(*) FROM indicators WHERE source = $source OR source = $feed
