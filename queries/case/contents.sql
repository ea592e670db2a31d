/* ---
name = "contents"
title = "What the case holds"
kind = "case"
--- */
SELECT
    (SELECT count(*) FROM sources) AS sources, (SELECT coalesce(sum(lines), 0)::BIGINT FROM sources) AS lines, (SELECT count(*) FROM events) AS events,
    (SELECT count(*) FROM connections) AS connections, (SELECT count(*) FROM activity) AS activity,
    (SELECT count(*) FROM runs) AS runs, (SELECT min(ts) FROM events) AS first_ts, (SELECT max(ts) FROM events) AS last_ts,
    (SELECT count(*) FROM rejects) AS rejects
