"""Barracuda CloudGen Firewall (NextGen F), JSON of Log Streaming and Firewall Insights: activity, web, threat records.

JSON lines as the firewall streams them; the record may also stand in `message` of the stream's envelope.

Reference: https://campus.barracuda.com/product/cloudgenfirewall/doc/96026595/log-streaming/

Time: `timestamp` in epoch seconds (activity), milliseconds (web) or ISO 8601 (threats). An activity record is written
at the session's end and `duration` counts milliseconds. A session that ended was allowed. `fwd_` counts what the
source sent. Of a web record `action` 0 is allowed, 1 blocked, and `size` is what came back. The user of a web record
is often the source's address and then none. Not covered: the records of other services.
"""

from __future__ import annotations

import polars as pl

from fwforensics.formats._fields import epoch, host_name, iso, lower, mapped, number, port, text, uint
from fwforensics.formats._format import Format
from fwforensics.formats._layouts import LINE, Json

ACTIONS = {
    **dict.fromkeys(("0", "allow", "begin", "end", "remove", "update", "localallow", "rule allow", "pass"), "allow"),
    **dict.fromkeys(("1", "block", "deny", "drop", "appblock", "localblock", "localdeny", "terminate"), "deny"),
    **dict.fromkeys(("detect", "alert", "log", "report", "scan"), "alert"),
}
SEVERITIES = {"1": "critical", "2": "high", "3": "medium", "4": "low", "5": "informational"}
WORD = lower("action", "operation")
IS_THREAT = pl.col("threat_severity").is_not_null()
IS_WEB = pl.col("source_ip").is_not_null()
LOGGED = pl.coalesce(iso("timestamp"), pl.when(pl.col("timestamp").str.contains(r"^\d{9,}$")).then(epoch("timestamp")))
SECONDS = number("duration") / 1000
SPAN = pl.duration(microseconds=(SECONDS.fill_null(0) * 1e6).cast(pl.Int64))
ADDRESS = r"^[\d.]+$|^[0-9A-Fa-f]*:[0-9A-Fa-f:]*$"

FORMAT = Format(
    name="barracuda_cgf",
    title="Barracuda CloudGen Firewall (JSON)",
    reference="https://campus.barracuda.com/product/cloudgenfirewall/doc/96026595/log-streaming/",
    notes="Durations are milliseconds; ended sessions are allow.",
    is_record=(LINE.str.contains('"fw_rule"', literal=True) & LINE.str.contains('"(?:fw_info|app_rule)" ?:'))
    | (LINE.str.contains('"threat_severity"', literal=True) & LINE.str.contains('"(?:trans_proto|operation)" ?:')),
    layout=Json(begin=LINE.str.find("{", literal=True), keep=("name", "domain", "type", "app_rule", "apps")),
    columns={
        "ts": LOGGED - SPAN,
        "ts_end": pl.when(SECONDS.is_not_null()).then(LOGGED),
        "kind": pl.when(IS_THREAT).then(pl.lit("ids")).when(IS_WEB).then(pl.lit("proxy")),
        "sensor": pl.col("@host"),
        "action": mapped(WORD, ACTIONS),
        "disposition": WORD,
        "protocol": lower("ip_proto", "trans_proto"),
        "src_ip": text("src_ip", "source_ip"),
        "src_port": port("src_port", "source_port"),
        "dst_ip": text("dst_ip", "destination_ip"),
        "dst_port": port("dst_port", "destination_port", "port"),
        "src_nat_ip": pl.col("src_ip_nat"),
        "dst_nat_ip": pl.col("dst_ip_nat"),
        "bytes_out": uint("fwd_bytes"),
        "bytes_in": pl.coalesce(uint("rev_bytes"), pl.when(IS_WEB).then(uint("size"))),
        "packets_out": uint("fwd_packets"),
        "packets_in": uint("rev_packets"),
        "duration": SECONDS,
        "in_iface": pl.col("src_iface"),
        "out_iface": pl.col("dst_iface"),
        "rule": pl.col("fw_rule"),
        "app": pl.col("apps").str.extract(r'^\["([^"]+)"'),
        "dst_name": host_name(text("domain", "name")),
        "user_name": pl.when(~pl.col("user").str.contains(ADDRESS) & (pl.col("user") != "-")).then(pl.col("user")),
        "signature": pl.when(IS_THREAT).then(pl.col("description")),
        "signature_id": pl.when(IS_THREAT).then(pl.col("description").str.extract(r"^ID: (\d+)")),
        "severity": mapped("threat_severity", SEVERITIES),
    },
)
