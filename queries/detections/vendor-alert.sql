/* ---
name = "vendor-alert"
title = "Connections that an IDS, an IPS or the firewall itself gave a verdict on"
question = "What did the security devices themselves recognise?"
kind = "detection"
severity = "high"
category = "other"
evidence = "verdict"
technique = ["T1071"]
needs = ["events.signature"]
false_positives = [
    "signatures that are informational, or known to be loose",
    "engine events (SURICATA STREAM …, decoder and protocol anomalies) are about packets, not about threats: they count as informational",
]
next = "recurring-violations"
columns = { connection_id = "connection with a verdict", severity = "highest severity that a device gave", category = "what the verdicts are about", reason = "the verdicts" }
[params.least]
type = "text"
default = "low"
help = "least severity of a verdict; verdicts without one count as medium"
--- */
-- Words of many vendors, and of Alibaba's attack types in Chinese, where a log has no English name.
SELECT
    ce.connection_id,
    arg_max(severity_word, rank) AS severity,
    CASE
        WHEN bool_or(regexp_matches(words, '\bmin(?:ing|er|ers)\b|coin|stratum|xmr|monero|crypto-?(?:currenc|min|jack)|挖矿|矿池')) THEN 'mining'
        WHEN bool_or(regexp_matches(words, 'tunnel|reverse shell|reverse ssh|backconnect|back connect|ngrok|\bproxy\b|\btor\b|反弹|隧道|代理|内网穿透')) THEN 'tunnel'
        WHEN bool_or(regexp_matches(words, 'metadata service|imds|instance metadata|元数据')) THEN 'metadata'
        WHEN bool_or(regexp_matches(words, 'scan|sweep|recon|probe|probing|enumerat|brute|扫描|探测|暴力破解')) THEN 'probe'
        WHEN bool_or(regexp_matches(words, 'exfil|upload|data leak|data theft|泄露|外传|窃取')) THEN 'upload'
        ELSE 'other'
    END AS category,
    string_agg(DISTINCT coalesce(signature, disposition), '; ' ORDER BY coalesce(signature, disposition)) AS reason
FROM (
    SELECT
        source_id, line_no, record_no, signature, disposition,
        lower(concat_ws(' ', signature, reason, app)) AS words,
        CASE WHEN starts_with(signature, 'SURICATA ') THEN 'informational' ELSE coalesce(severity, 'medium') END AS severity_word,
        list_position(['informational', 'low', 'medium', 'high', 'critical'], severity_word) AS rank
    FROM events
    WHERE signature IS NOT NULL OR (kind = 'ids' AND action IS NOT NULL)
)
JOIN connection_events AS ce USING (source_id, line_no, record_no)
WHERE rank >= list_position(['informational', 'low', 'medium', 'high', 'critical'], $least)
GROUP BY ce.connection_id
