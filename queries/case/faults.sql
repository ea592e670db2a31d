/* ---
name = "faults"
title = "Things that must hold in every case, and do not"
kind = "case"
--- */
SELECT fault
FROM (
    SELECT 'lines are not parsed + rejects + ignored' AS fault, count(*) AS n FROM sources WHERE lines <> parsed + rejects + ignored
    UNION ALL
    SELECT 'rejects are miscounted', count(*) FROM sources AS s
    WHERE rejects <> (SELECT count(*) FROM rejects AS r WHERE r.source_id = s.source_id)
    UNION ALL
    SELECT 'ignored lines are miscounted', count(*) FROM sources AS s
    WHERE ignored <> (SELECT coalesce(sum(lines), 0) FROM ignored AS i WHERE i.source_id = s.source_id)
    UNION ALL
    SELECT 'events have no source', count(*) FROM events WHERE source_id NOT IN (SELECT source_id FROM sources)
    UNION ALL
    SELECT 'connections stand on no events', count(*)
    FROM (SELECT source_id FROM connection_events EXCEPT SELECT source_id FROM sources)
)
WHERE n > 0
ORDER BY fault
