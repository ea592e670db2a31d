/* ---
name = "origins_end"
title = "The first address that is known of each connection, and whether it is a translator's"
kind = "build"
--- */
CREATE OR REPLACE TEMP TABLE origins AS
SELECT connection_id, ip, scopes, via, low, high,
    -- Such an address stands for others: it is no sandbox's own.
    ip IN (SELECT new_src_ip FROM mappings) AS is_translator
FROM trail
WHERE trail_id NOT IN (SELECT parent_id FROM trail WHERE parent_id IS NOT NULL);

DROP TABLE trail;
