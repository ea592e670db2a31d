/* ---
name = "vendor-alert"
title = "Connections that an IDS, an IPS or the firewall itself gave a verdict on"
question = "What did the security devices themselves recognise?"
kind = "detection"
severity = "high"
category = "other"
technique = ["T1071"]
needs = ["events.signature"]
false_positives = ["signatures that are informational, or known to be loose"]
next = "recurring-violations"
columns = { connection_id = "connection with a verdict", severity = "highest severity that a device gave", category = "what the verdicts are about", reason = "the verdicts" }
[params.least]
type = "text"
default = "low"
help = "least severity of a verdict; verdicts without one count as medium"
--- */
SELECT
    ce.connection_id,
    arg_max(severity_word, rank) AS severity,
    CASE
        WHEN bool_or(regexp_matches(words, 'min(?:ing|er)\b|coin|stratum|xmr|monero|crypto-?currenc')) THEN 'mining'
        WHEN bool_or(regexp_matches(words, 'tunnel|reverse shell|backconnect|ngrok|\bproxy')) THEN 'tunnel'
        WHEN bool_or(regexp_matches(words, 'scan|sweep|recon|probe|enumerat')) THEN 'probe'
        WHEN bool_or(regexp_matches(words, 'metadata service|imds')) THEN 'metadata'
        WHEN bool_or(regexp_matches(words, 'exfil|upload')) THEN 'upload'
        ELSE 'other'
    END AS category,
    string_agg(DISTINCT coalesce(signature, disposition), '; ' ORDER BY coalesce(signature, disposition)) AS reason
FROM (
    SELECT
        source_id, line_no, record_no, signature, disposition, lower(coalesce(signature, '') || ' ' || coalesce(reason, '')) AS words,
        coalesce(severity, 'medium') AS severity_word,
        list_position(['informational', 'low', 'medium', 'high', 'critical'], severity_word) AS rank
    FROM events
    WHERE kind = 'ids' OR signature IS NOT NULL
)
JOIN connection_events AS ce USING (source_id, line_no, record_no)
WHERE rank >= list_position(['informational', 'low', 'medium', 'high', 'critical'], $least)
GROUP BY ce.connection_id
