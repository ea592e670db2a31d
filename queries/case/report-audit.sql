/* ---
name = "report-audit"
title = "The audit trail"
kind = "case"
--- */
SELECT logged_at, command, arguments, version, user_name, host, rows, round(seconds, 1) AS seconds FROM audit ORDER BY logged_at, command
