/* ---
name = "clock-list"
title = "Clock offsets"
kind = "case"
--- */
SELECT * FROM clocks ORDER BY sensor
