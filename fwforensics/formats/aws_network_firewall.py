"""AWS Network Firewall: alert, flow and TLS logs, Suricata's EVE in an object that names the firewall.

JSON lines as in S3, Firehose and CloudWatch Logs: with the time of ingestion before them (an export to S3), or inside
subscription and `filter-log-events` documents. Every event with addresses gives a row, read as `suricata_eve` reads it:
an alert is deny where the firewall blocked or dropped, else alert. A netflow event counts one direction. TLS logs tell
of inspected connections that failed, by server name and error; a revoked certificate's `action` is a decision.
The sensor is the firewall; the availability zone and everything else stand in `extra`.

Reference: https://docs.aws.amazon.com/network-firewall/latest/developerguide/firewall-logging-contents.html

Time: the event's `timestamp` with its offset, else `event_timestamp` in epoch seconds; flow and netflow events begin
with the flow and end with the record.
"""

from __future__ import annotations

import polars as pl

from fwforensics.formats._fields import epoch, iso, lower, mapped, port, text
from fwforensics.formats._format import Format
from fwforensics.formats._inner import Inner
from fwforensics.formats._layouts import LINE, Json
from fwforensics.formats.suricata_eve import FORMAT as EVE

SCALAR = r'"\w+"\s*:\s*(?:"[^"\\]*"|[\w.+-]+)'
#: An export to S3 writes the time of ingestion first.
BEFORE = rf'^((?:\d{{4}}-\d\d-\d\dT[0-9:.]+Z )?\s*\{{\s*(?:{SCALAR}\s*,\s*)*"event"\s*:\s*)\{{'
AFTER = rf"\}}(\s*(?:,\s*{SCALAR}\s*)*\}}\s*)$"
AROUND = {
    "firewall_name": r'"firewall_name"\s*:\s*"([^"\\]*)"',
    "availability_zone": r'"availability_zone"\s*:\s*"([^"\\]*)"',
    "event_timestamp": r'"event_timestamp"\s*:\s*"?(\d+)',
}
EVENT = pl.col("event_type")
REVOKED = lower("revocation_check.action")
LOGGED = pl.coalesce(iso("timestamp"), epoch("event_timestamp"))
TLS_LOG = EVENT.is_null()

FORMAT = Format(
    name="aws_network_firewall",
    title="AWS Network Firewall (alert, flow and TLS logs)",
    reference="https://docs.aws.amazon.com/network-firewall/latest/developerguide/firewall-logging-contents.html",
    notes="All event types with addresses; a netflow event counts one direction.",
    kind="flow",
    syslog=False,
    is_record=LINE.str.contains('"firewall_name"', literal=True)
    & LINE.str.contains(r'"event"\s*:\s*\{')
    & LINE.str.contains(r'"(?:event_type|dest_ip)"\s*:'),
    layout=Inner(layout=Json(), before=BEFORE, after=AFTER, around=AROUND),
    columns={
        **EVE.columns,
        "ts": pl.coalesce(pl.when(EVENT.is_in(["flow", "netflow"])).then(iso("flow.start", "netflow.start")), LOGGED),
        "ts_end": pl.when(EVENT.is_in(["flow", "netflow"])).then(LOGGED),
        "kind": pl.when(TLS_LOG).then(pl.lit("proxy")).otherwise(EVE.columns["kind"]),
        "sensor": text("firewall_name"),
        "action": pl.when(TLS_LOG)
        .then(mapped(REVOKED, {"drop": "deny", "reject": "deny", "pass": "allow"}))
        .otherwise(EVE.columns["action"]),
        "disposition": pl.when(TLS_LOG).then(REVOKED).otherwise(EVE.columns["disposition"]),
        "protocol": pl.when(TLS_LOG).then(pl.lit("tcp")).otherwise(EVE.columns["protocol"]),
        "app": pl.when(TLS_LOG).then(pl.lit("tls")).otherwise(EVE.columns["app"]),
        "dst_port": port("dest_port"),
        "dst_name": pl.coalesce(EVE.columns["dst_name"], pl.when(TLS_LOG).then(pl.col("sni"))),
        "reason": pl.coalesce(EVE.columns["reason"], lower("tls_error.error_message", "revocation_check.status")),
    },
)
