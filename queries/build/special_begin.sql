/* ---
name = "special_begin"
title = "Which special purpose each address has: the narrowest entry of `registry` that holds it"
kind = "build"
--- */
CREATE OR REPLACE TEMP TABLE asked AS SELECT ip, ip_key FROM addresses WHERE ip_key IS NOT NULL;

CREATE OR REPLACE TEMP TABLE ranges AS SELECT id, low, high FROM registry;
