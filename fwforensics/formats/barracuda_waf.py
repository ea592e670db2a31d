"""Barracuda Web Application Firewall: network firewall (NF), web firewall (WF) and access (TR) logs.

The vendor's default formats, told apart by the two letters behind the unit's name. Audit and system logs (AUDIT, SYS)
are ignored as "no traffic".

Reference: https://campus.barracuda.com/product/webapplicationfirewall/doc/92767349/exporting-log-formats/

Time: with milliseconds and offset. Of an access record the client is the source and the service's address and port the
destination; the server behind it is the translated end, `bytes` are those of request and response, and the time taken
is in milliseconds. A request that the access log calls INVALID was answered by the device itself (INTERNAL): that log
has no action. Web firewall records that only log are alerts. Not covered: custom formats.
"""

from __future__ import annotations

import polars as pl

from fwforensics.formats._fields import host_name, lower, mapped, uint
from fwforensics.formats._format import Format
from fwforensics.formats._layouts import LINE, Messages

ADDRESS = r"(?:\d+\.\d+\.\d+\.\d+|[0-9A-Fa-f]*:[0-9A-Fa-f:.]*)"
HEAD = r"^((?:<\d+>)?\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ [+-]\d{4} +\S+ (?:NF|WF|TR|SYS|AUDIT) )"
NF = (
    rf"^(?P<level>[A-Z]+) (?P<proto>\S+) (?P<src>{ADDRESS}) (?P<src_port>\d+) (?P<dst>{ADDRESS}) (?P<dst_port>\d+) "
    r"(?P<verdict>[A-Z]+) (?P<rule>\S+)(?: (?P<details>.*?))?\s*$"
)
WF = (
    rf"^(?P<level>[A-Z]+) (?P<attack>\S+) (?P<src>{ADDRESS}) (?P<src_port>\d+) (?P<dst>{ADDRESS}) (?P<dst_port>\d+) "
    r"(?P<rule>\S+) (?P<rule_type>\S+) (?P<verdict>[A-Z]+) (?P<follow_up>.*?) \[(?P<details>.*?)\] (?P<method>\S+) "
    r"(?P<url>\S*)(?P<rest>.*)$"
)
TR = (
    rf"^(?P<dst>{ADDRESS}) (?P<dst_port>\d+) (?P<src>{ADDRESS}) (?P<src_port>\d+) (?P<login>.*?) "
    r"(?P<method>\"-\"|[A-Z_]+) (?P<tls>HTTP|TLSv[\d.]+|SSLv\d\S*|\"-\") (?P<host>\S+) (?P<version>\S+) "
    r"(?P<status>\d{3}) (?P<bytes_sent>\d+) (?P<bytes_received>\d+) (?P<cache_hit>\d+) (?P<time_taken>\d+) "
    r"(?P<server>\S+) (?P<server_port>\d+) (?P<server_time>\d+)(?P<rest>.*)$"
)
ACTIONS = {"deny": "deny", "drop": "deny", "redirect": "deny", "allow": "allow", "permit": "allow", "log": "alert"}
SEVERITIES = {
    "emer": "critical", "aler": "critical", "crit": "critical", "erro": "high", "warn": "medium", "noti": "low",
    "info": "informational", "debu": "informational",
}  # fmt: skip
STAMP = pl.col("@head").str.extract(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ [+-]\d{4})")
UTC = STAMP.str.to_datetime("%Y-%m-%d %H:%M:%S%.f %z", strict=False, time_unit="us", time_zone="UTC")
SPAN = pl.duration(milliseconds=uint("time_taken").cast(pl.Int64).fill_null(0))
IS_WEB = pl.col("@id") == "WF"

FORMAT = Format(
    name="barracuda_waf",
    title="Barracuda Web Application Firewall",
    reference="https://campus.barracuda.com/product/webapplicationfirewall/doc/92767349/exporting-log-formats/",
    notes="Access records have no action.",
    is_record=LINE.str.contains(HEAD),
    layout=Messages(
        id=LINE.str.extract(r" (NF|WF|TR|SYS|AUDIT) "),
        body=LINE.str.extract(HEAD).str.len_bytes(),
        patterns={"NF": (NF,), "WF": (WF,), "TR": (TR,)},
        keep=("level", "url", "follow_up"),
        noise=pl.col("@id").is_in(["SYS", "AUDIT"]),
    ),
    columns={
        "ts": UTC.dt.replace_time_zone(None) - SPAN,
        "ts_end": pl.when(pl.col("time_taken").is_not_null()).then(UTC.dt.replace_time_zone(None)),
        "kind": pl.when(IS_WEB).then(pl.lit("ids")).when(pl.col("@id") == "TR").then(pl.lit("proxy")),
        "sensor": pl.col("@head").str.extract(r"[+-]\d{4} +(\S+) "),
        "action": mapped("verdict", ACTIONS),
        "disposition": lower("verdict"),
        "protocol": pl.when(pl.col("@id") == "NF").then(lower("proto")).otherwise(pl.lit("tcp")),
        "src_ip": pl.col("src"),
        "src_port": uint("src_port", bits=16),
        "dst_ip": pl.col("dst"),
        "dst_port": uint("dst_port", bits=16),
        "dst_nat_ip": pl.col("server"),
        "dst_nat_port": uint("server_port", bits=16),
        "bytes_out": uint("bytes_received"),
        "bytes_in": uint("bytes_sent"),
        "duration": uint("time_taken").cast(pl.Float64) / 1000,
        "rule": pl.col("rule"),
        "reason": pl.col("details"),
        "dst_name": host_name(pl.col("host").str.strip_chars('"')),
        "signature": pl.col("attack"),
        "severity": pl.when(IS_WEB).then(mapped("level", SEVERITIES)),
    },
)
