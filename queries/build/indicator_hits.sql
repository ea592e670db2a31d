/* ---
name = "indicator_hits"
title = "What indicators and warning lists know of the addresses, names and applications of the case"
kind = "build"
--- */
-- `known` holds both. What is exact is joined on equality; `in_range` says which networks hold which addresses.
DELETE FROM indicator_hits;

INSERT INTO indicator_hits
SELECT DISTINCT 'ip', a.ip, k.category, k.label, k.value, k.source, k.as_of
FROM addresses AS a JOIN known AS k ON k.kind = 'ip' AND k.value = a.ip;

INSERT INTO indicator_hits
SELECT DISTINCT 'ip', r.ip, k.category, k.label, k.value, k.source, k.as_of
FROM in_range AS r JOIN known AS k ON k.kind = 'cidr' AND k.low || k.high = r.id;

-- A name is known by itself or by any domain above it.
INSERT INTO indicator_hits
SELECT DISTINCT 'name', n.name, k.category, k.label, k.value, k.source, k.as_of
FROM (
    SELECT name, array_to_string(parts[i:], '.') AS above
    FROM (SELECT name, parts, unnest(range(1, len(parts) + 1)) AS i
        FROM (SELECT name, string_split(name, '.') AS parts
            FROM (SELECT server_name AS name FROM connections UNION SELECT name FROM addresses)
            WHERE name IS NOT NULL))
) AS n
JOIN known AS k ON k.kind = 'domain' AND k.value = n.above;

-- Applications have compound names, such as tls.ngrok: the whole, or a part of it.
INSERT INTO indicator_hits
SELECT DISTINCT 'app', a.app, k.category, k.label, k.value, k.source, k.as_of
FROM (
    SELECT app, unnest(list_append(string_split(lower(app), '.'), lower(app))) AS word
    FROM (SELECT DISTINCT app FROM connections WHERE app IS NOT NULL)
) AS a
JOIN known AS k ON k.kind = 'app' AND k.value = a.word;
