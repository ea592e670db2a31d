"""Stormshield Network Security (SNS, formerly NETASQ): connection, filter, alarm, plugin, web, VPN and login logs.

`id=firewall time="…" fw="…" tz=+0100 startime="…" … logtype="connection"` (so spelt), behind any syslog header or none.
Records that name no address (statistics, system, monitoring) are ignored as "no traffic".

Reference: https://documentation.stormshield.eu/SNS/v4/en/Content/Description_of_Audit_logs/Getting-started.htm

Time: `startime` and `time` are local with their offset in `tz`; a record with a `duration` (seconds) runs from one to
the other. `ipproto` is the transport, `proto` the application. `modsrc` is the source after translation; `dst` is the
destination after translation where `origdst` is another and `dst` is private, and then `origdst` was asked for.
Connection and application logs without `action` were let through; alarms that passed are alerts. `dstname` is often
the name of an object and then none of the destination. Not covered: the CSV files of the firewall's own disk.
"""

from __future__ import annotations

import polars as pl

from fwforensics.formats._fields import lower, mapped, naive, number, port, text, uint
from fwforensics.formats._format import Format
from fwforensics.formats._layouts import LINE, KeyValue

ACTIONS = {
    "pass": "allow", "accept": "allow", "allow": "allow", "decrypt": "allow", "nodecrypt": "allow", "block": "deny",
    "drop": "deny", "reset": "deny", "deny": "deny", "reject": "deny", "quarantine": "deny", "log": "alert",
}  # fmt: skip
KINDS = {
    "alarm": "ids", "web": "proxy", "plugin": "firewall", "vpn": "vpn", "xvpn": "vpn", "auth": "auth", "server": "auth",
    "smtp": "proxy", "ftp": "proxy", "pop3": "proxy", "ssl": "proxy", "sandboxing": "ids", "pvm": "ids",
}  # fmt: skip
LET_THROUGH = ["connection", "plugin"]
SEVERITIES = {"0": "critical", "1": "high", "2": "high", "3": "medium", "4": "medium", "5": "low", "6": "informational"}
PRIVATE = r"^(?:10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|[fF][cCdD][0-9a-fA-F]{2}:)"
NOTHING = ["", "unknown", "-"]


def given(*keys: str) -> pl.Expr:
    """The first of the keys with a value."""
    return pl.coalesce(*(pl.when(~pl.col(k).is_in(NOTHING)).then(pl.col(k)) for k in keys))


LOGTYPE = lower("logtype")
IS_ALARM = (LOGTYPE == "alarm").fill_null(False)
ZONE = pl.col("tz").str.extract_groups(r"^([+-])(\d\d):?(\d\d)$")
MINUTES = ZONE.struct.field("2").cast(pl.Int64, strict=False) * 60 + ZONE.struct.field("3").cast(pl.Int64, strict=False)
AHEAD = pl.duration(minutes=pl.when(ZONE.struct.field("1") == "-").then(-MINUTES).otherwise(MINUTES))
LOGGED = naive("time")
#: Without counters that overflowed.
SECONDS = pl.when(number("duration") < 2_147_483_000).then(number("duration"))
SPAN = pl.duration(microseconds=(SECONDS.fill_null(0) * 1e6).cast(pl.Int64))
STARTED = pl.coalesce(naive("startime"), LOGGED - SPAN)
IS_SPAN = SECONDS.is_not_null() & ~LOGTYPE.is_in(["xvpn", "vpn"]).fill_null(False)
DNAT = pl.col("origdst").is_not_null() & (pl.col("origdst") != pl.col("dst")) & pl.col("dst").str.contains(PRIVATE)
WORD = lower("action")

FORMAT = Format(
    name="stormshield",
    title="Stormshield Network Security (SNS)",
    reference="https://documentation.stormshield.eu/SNS/v4/en/Content/Description_of_Audit_logs/Getting-started.htm",
    notes="Built from the vendor's documentation and other projects' test data.",
    is_record=LINE.str.contains(" startime=", literal=True) & LINE.str.contains(r"\btime=\"?\d{4}-.*\bfw="),
    layout=KeyValue(
        anchor=LINE.str.find(r"\b(?:id|time)="),
        quote='"',
        keep=("logtype", "ruleid", "origdst", "origdstport", "dstname", "msg", "pri", "startime", "time", "tz"),
    ),
    columns={
        "ignored": pl.when(pl.all_horizontal(pl.col(c).is_null() for c in ("src", "dst", "address"))).then(
            pl.lit("no traffic")
        ),
        "ts": pl.coalesce(STARTED - AHEAD, pl.when(STARTED.is_null()).then(pl.col("@ts"))),
        "ts_local": pl.coalesce(STARTED, "@ts_local"),
        "ts_end": pl.when(IS_SPAN).then(LOGGED - AHEAD),
        "ts_end_local": pl.when(IS_SPAN).then(LOGGED),
        "kind": mapped(LOGTYPE, KINDS),
        "sensor": pl.coalesce("fw", "@host"),
        "action": pl.when(IS_ALARM & (WORD == "pass")).then(pl.lit("alert"))
        .when(~LOGTYPE.is_in(["auth", "vpn", "xvpn", "server"]))
        .then(pl.coalesce(mapped(WORD, ACTIONS), pl.when(LOGTYPE.is_in(LET_THROUGH)).then(pl.lit("allow")))),
        "disposition": WORD,
        "protocol": lower("ipproto"),
        "src_ip": given("src", "address"),
        "src_port": port("srcport"),
        "dst_ip": pl.when(DNAT).then(pl.col("origdst")).otherwise(given("dst")),
        "dst_port": pl.when(DNAT).then(port("origdstport")).otherwise(port("dstport")),
        "src_nat_ip": pl.col("modsrc"),
        "src_nat_port": port("modsrcport"),
        "dst_nat_ip": pl.when(DNAT).then(pl.col("dst")),
        "dst_nat_port": pl.when(DNAT).then(port("dstport")),
        "bytes_out": uint("sent"),
        "bytes_in": uint("rcvd"),
        "duration": SECONDS,
        "icmp_type": uint("icmptype", bits=8),
        "icmp_code": uint("icmpcode", bits=8),
        "in_iface": text("srcifname", "srcif"),
        "out_iface": text("dstifname", "dstif"),
        "rule": given("rulename", "ruleid"),
        "reason": pl.when(~IS_ALARM).then(pl.col("msg")),
        "app": given("proto"),
        "dst_name": pl.col("dstname").str.extract(r"^([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,})$"),
        "user_name": given("user"),
        "signature": pl.when(IS_ALARM).then(pl.col("msg")),
        "signature_id": pl.col("alarmid"),
        "severity": pl.when(IS_ALARM).then(mapped("pri", SEVERITIES)),
        "repeat_count": pl.when(uint("repeat", bits=32) > 0).then(uint("repeat", bits=32)),
    },
)  # fmt: skip
