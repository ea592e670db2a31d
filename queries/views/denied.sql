/* ---
name = "denied"
title = "Traffic that a sensor denied"
kind = "view"
--- */
SELECT * FROM traffic WHERE action = 'deny'
