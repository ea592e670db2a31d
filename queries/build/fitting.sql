/* ---
name = "fitting"
title = "Which kinds of programs are apt to leave each violation"
kind = "build"
--- */
CREATE OR REPLACE TEMP TABLE fitting AS
SELECT suspect, list(DISTINCT program) AS programs
FROM (
    SELECT s.suspect, u.program FROM suspects AS s JOIN suits AS u ON u.category = s.category
    UNION ALL
    SELECT s.suspect, u.program FROM (SELECT suspect, CAST(unnest(server_ports) AS INTEGER) AS port FROM suspects) AS s JOIN suits AS u ON u.port = s.port
    UNION ALL
    SELECT suspect, 'scanner' FROM suspects WHERE len(server_ports) >= 10 OR len(server_ips) >= 5
)
GROUP BY suspect;
