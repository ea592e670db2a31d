/* ---
name = "assets_begin"
title = "Which entries of the analyst's list hold which addresses of the case: for `in_ranges`"
kind = "build"
--- */
CREATE OR REPLACE TEMP TABLE asked AS SELECT ip, ip_key FROM addresses WHERE ip_key IS NOT NULL;

CREATE OR REPLACE TEMP TABLE ranges AS SELECT id, low, high FROM entries;
