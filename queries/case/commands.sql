/* ---
name = "commands"
title = "Commands of the trace, each once"
kind = "case"
--- */
SELECT DISTINCT command FROM activity WHERE command IS NOT NULL AND kind IN ('tool_call', 'process') ORDER BY command
