/* ---
name = "marked"
title = "Room for what each detection says of which connection"
kind = "build"
--- */
CREATE OR REPLACE TEMP TABLE marked (
    connection_id UBIGINT, detection VARCHAR, category VARCHAR, severity VARCHAR, technique VARCHAR, evidence VARCHAR, reason VARCHAR
);
