/* ---
name = "completions"
title = "Names that a statement may use: columns of tables and views, and macros"
kind = "case"
--- */
SELECT table_name AS relation, column_name
FROM duckdb_columns()
WHERE NOT internal
UNION ALL
SELECT DISTINCT function_name || '()', NULL
FROM duckdb_functions()
WHERE NOT internal AND function_type = 'table_macro'
ORDER BY ALL
