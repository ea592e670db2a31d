/* ---
name = "news"
title = "What is new, or has been raised, since the last hunt"
kind = "build"
[params.hunt]
type = "int"
default = 0
help = "number of this hunt"
--- */
-- A filtered hunt sees less: what it does not find again is not gone. So the last full hunt counts, and what came after it.
UPDATE patterns SET news = found.news
FROM (
    SELECT p.pattern_id,
        CASE
            WHEN b.pattern_id IS NULL THEN 'new'
            WHEN list_position(['informational', 'low', 'medium', 'high', 'critical'], p.severity) > b.severity
                OR p.tier < b.tier OR p.runs_hit > b.runs_hit THEN 'raised'
            ELSE 'seen'
        END AS news
    FROM patterns AS p
    LEFT JOIN (
        SELECT h.pattern_id,
            arg_max(list_position(['informational', 'low', 'medium', 'high', 'critical'], h.severity), h.hunt_id) AS severity,
            arg_max(h.tier, h.hunt_id) AS tier, arg_max(h.runs_hit, h.hunt_id) AS runs_hit
        FROM hunt_findings AS h
        WHERE h.hunt_id >= (SELECT coalesce(max(u.hunt_id), 0) FROM hunts AS u WHERE u.scope = 'full' AND u.hunt_id < $hunt)
        GROUP BY h.pattern_id
    ) AS b ON b.pattern_id = p.pattern_id
) AS found
WHERE patterns.pattern_id = found.pattern_id;

INSERT INTO hunt_findings SELECT $hunt, pattern_id, severity, tier, runs_hit FROM patterns ORDER BY pattern_id;
