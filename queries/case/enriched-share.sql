/* ---
name = "enriched-share"
title = "Of how many external addresses something is known"
kind = "case"
--- */
SELECT
    count(*) AS external, count(asn) AS with_asn, count(country) AS with_country, count(network) AS with_network,
    count(registrant) AS with_registrant, count(ptr) AS with_ptr, count(*) FILTER (len(tags) > 0) AS with_tags
FROM addresses
WHERE scope = 'external'
