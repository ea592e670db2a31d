/* ---
name = "report-calls"
title = "When calls began, of each tool and class of commands that a pattern was held against most; a class is what the command's first program is called"
kind = "case"
[params.subjects]
type = "list"
help = "tool, `tool: class`, or any call"
--- */
WITH told AS (
    SELECT sandbox_id, CASE WHEN count(DISTINCT run_id) = 1 THEN any_value(run_id) END AS run_id
    FROM activity
    WHERE sandbox_id IS NOT NULL
    GROUP BY sandbox_id
),
called AS (
    SELECT coalesce(a.run_id, t.run_id) AS run_id, epoch_us(a.started_at) / 1000000 AS began, a.tool, a.kind,
        regexp_replace(regexp_extract(
            regexp_extract(
                a.command,
                '^(?:\s*(?:cd\s+[^;&|\s]+\s*(?:&&|;)|set\s+[-+]\w+\s*(?:&&|;)|(?:sudo|env|nohup|time|exec|setsid|command|timeout\s+\S+|python[0-9.]*\s+-m)\s|\w+=\S*\s))*\s*([^\s;|&<>()"''`$]+)', 1
            ), '[^/]+$'), '[0-9.]+$', '') AS program
    FROM activity AS a
    LEFT JOIN told AS t ON t.sandbox_id = a.sandbox_id
    WHERE a.kind IN ('tool_call', 'process') AND a.started_at IS NOT NULL
),
named AS (
    SELECT run_id, began, tool, CASE WHEN regexp_full_match(program, '[A-Za-z][A-Za-z_+.-]{0,31}') THEN tool || ': ' || lower(program) END AS class
    FROM called
    WHERE run_id IS NOT NULL AND (kind = 'tool_call' OR NOT EXISTS (SELECT 1 FROM called WHERE kind = 'tool_call'))
)
SELECT s.subject, n.run_id, n.began
FROM (SELECT unnest($subjects) AS subject) AS s
JOIN named AS n ON s.subject IN ('any call', n.tool, n.class)
ORDER BY s.subject, n.run_id, n.began
