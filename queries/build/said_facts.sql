/* ---
name = "said_facts"
title = "The statements of records: `facts` (id, key, value) of each address in `places` (ip, id)"
kind = "build"
--- */
CREATE OR REPLACE TEMP TABLE said AS SELECT p.ip, f.key, f.value FROM places AS p JOIN facts AS f ON f.id = p.id;

DROP TABLE facts;
DROP TABLE places;
