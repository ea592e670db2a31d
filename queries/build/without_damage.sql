/* ---
name = "without_damage"
title = "A source that was cut short is whole now: the note of its damage goes"
kind = "build"
[params.source]
type = "int"
help = "source"
--- */
UPDATE sources SET lines = lines - 1, rejects = rejects - 1
WHERE source_id = $source AND EXISTS (
    SELECT 1 FROM rejects AS r
    WHERE r.source_id = $source AND r.line_no = sources.lines AND r.raw = '' AND r.reason LIKE '%compressed data%'
);

DELETE FROM rejects
WHERE source_id = $source AND raw = '' AND reason LIKE '%compressed data%'
  AND line_no = (SELECT lines + 1 FROM sources WHERE source_id = $source);
