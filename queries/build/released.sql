/* ---
name = "released"
title = "The views again, in place of what was worked out once"
kind = "build"
--- */
DROP TABLE temp.busy_clients;
DROP TABLE temp.common_servers;
DROP TABLE temp.slow_sessions;
DROP TABLE temp.failed_lateral;
DROP TABLE temp.indicated;
