/* ---
name = "egress"
title = "Connections from inside to the outside, with the name of the target and what became of them"
kind = "view"
thresholds = ["refusal_bytes", "refusal_packets"]

[columns]
target_name = "name of the server: of this connection, or the one that its address has in the case"
outcome = "denied; answered; refused (one small packet came back: a reset, or the answer to a half-open scan); unanswered; unknown where no sensor that saw it shows what comes back"
--- */
SELECT c.*,
    coalesce(c.server_name, s.name) AS target_name,
    CASE
        WHEN c.action = 'deny' THEN 'denied'
        WHEN c.bytes_in > $refusal_bytes OR c.packets_in > $refusal_packets THEN 'answered'
        WHEN c.bytes_in > 0 OR c.packets_in > 0 THEN CASE WHEN c.protocol = 'tcp' THEN 'refused' ELSE 'answered' END
        WHEN list_has_any(c.sensors, (SELECT list(r.sensor) FROM reply_sensors AS r)) THEN 'unanswered'
        ELSE 'unknown'
    END AS outcome
FROM connections AS c
JOIN addresses AS a ON a.ip = c.client_ip
JOIN addresses AS s ON s.ip = c.server_ip
WHERE a.scope = 'internal' AND s.scope = 'external'
