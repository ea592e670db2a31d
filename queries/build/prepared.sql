/* ---
name = "prepared"
title = "What several detections ask for, worked out once: tables of this connection in place of the views of the same names"
kind = "build"
--- */
DROP TABLE IF EXISTS temp.busy_clients;
DROP TABLE IF EXISTS temp.common_servers;
DROP TABLE IF EXISTS temp.slow_sessions;
DROP TABLE IF EXISTS temp.failed_lateral;
DROP TABLE IF EXISTS temp.indicated;

CREATE TEMP TABLE busy_clients AS SELECT * FROM busy_clients;
CREATE TEMP TABLE common_servers AS SELECT * FROM common_servers;
CREATE TEMP TABLE slow_sessions AS SELECT * FROM slow_sessions;
CREATE TEMP TABLE failed_lateral AS SELECT * FROM failed_lateral;
CREATE TEMP TABLE indicated AS SELECT * FROM indicated;
