"""Hillstone StoneOS: session, NAT and policy records of the traffic log.

`1404726150004842(root) 44243624 Traffic@FLOW: SESSION: a:p->b:p(TCP), application …, interface …, policy 1, …`, behind
a syslog header. NAT records name the translation of a session of their own and are events of kind nat.

Reference: https://docs.hillstonenet.com/en/Content/Log/Log_Messages.htm

Time: `start time` and `close time` of an ended session, else that of the header, both local to the firewall. A session
that was started or ended was allowed. The serial number before the header's virtual router is the sensor's name where
the header has none. Not covered: threat, URL and event logs (ignored where they name no two ends), the binary format.
"""

from __future__ import annotations

import polars as pl

from fwforensics.formats._fields import lower, mapped, naive, uint
from fwforensics.formats._format import Columns, Format
from fwforensics.formats._layouts import LINE, Messages

ADDRESS = r"(?:\d+\.\d+\.\d+\.\d+|\[?[0-9A-Fa-f]*:[0-9A-Fa-f:.]*[0-9A-Fa-f]\]?)"
ENDS = rf"(?P<src>{ADDRESS}):(?P<src_port>\d+)->(?P<dst>{ADDRESS}):(?P<dst_port>\d+)\((?P<proto>[^)]*)\)"
WHO = r"(?:[,.]? user (?P<user>[^,\s]*))?(?:[,.]? host (?P<host>[^,\s]*))?(?:[,.]? mac (?P<mac>[0-9a-fA-F.:-]+))?"
SESSION = (
    rf"^SESSION: {ENDS}(?:, application (?P<app>[^,]*))?(?:, interface (?P<interface>[^,]*))?(?:, vr (?P<vr>[^,]*))?"
    rf"(?:, policy (?P<policy>[^,]*))?{WHO}(?:, policy (?P<policy_2>\d+))?"
    r"(?:[,.] ?send packets (?P<packets_out>\d+)[,.] ?send bytes (?P<bytes_out>\d+)"
    r"[,.] ?receive packets (?P<packets_in>\d+)[,.] ?receive bytes (?P<bytes_in>\d+))?"
    r"(?:[,.] ?start time (?P<start>\d{4}-\d\d?-\d\d? \d\d:\d\d:\d\d))?"
    r"(?:[,.] ?close time (?P<close>\d{4}-\d\d?-\d\d? \d\d:\d\d:\d\d))?"
    r"(?:[,.] ?(?P<verdict>session (?:start|end)|policy deny|(?:default )?deny|drop|permit)\w*)?"
    r"(?:[,.] ?(?P<reason>[^\\]*?))?(?P<rest>\s*\\.*)?\s*$"
)
NAT = (
    rf"^(?P<what>NAT)\w*: {ENDS}, (?P<direction>[sd])nat to (?P<new>{ADDRESS}):(?P<new_port>\d+)"
    rf"(?:, vr (?P<vr>[^,]*))?{WHO}(?:, rule (?P<policy>\d+))?(?P<rest>.*)$"
)
OTHER = rf"^(?P<what>.*?){ENDS}(?P<rest>.*)$"
HEAD = r"^(.*?\b[A-Z][a-z]+@[A-Z0-9_]+: )"
ACTIONS = {
    "session start": "allow", "session end": "allow", "permit": "allow", "policy deny": "deny", "default deny": "deny",
    "deny": "deny", "drop": "deny",
}  # fmt: skip
NOTHING = ["-@-", "-", "", "-@UNKNOWN", "@"]
IS_NAT = pl.col("what") == "NAT"
STARTED, CLOSED = naive("start"), naive("close")
NEW, NEW_PORT = pl.col("new"), uint("new_port", bits=16)
IS_SOURCE = pl.col("direction") == "s"
#: A serial number with the virtual system is no host's name.
SENSOR = pl.coalesce(pl.col("@host").str.extract(r"^(\d{10,})\("), "@host", pl.col("@head").str.extract(r"(\d{10,})\("))


def moved() -> Columns:
    """The translation that a NAT record tells of."""
    row = {
        "sensor": SENSOR,
        "protocol": lower("proto"),
        "orig_src_ip": pl.col("src"),
        "orig_src_port": uint("src_port", bits=16),
        "orig_dst_ip": pl.col("dst"),
        "orig_dst_port": uint("dst_port", bits=16),
        "new_src_ip": pl.when(IS_SOURCE).then(NEW),
        "new_src_port": pl.when(IS_SOURCE).then(NEW_PORT),
        "new_dst_ip": pl.when(~IS_SOURCE).then(NEW),
        "new_dst_port": pl.when(~IS_SOURCE).then(NEW_PORT),
        "started_at": pl.col("@ts"),
        "started_at_local": pl.col("@ts_local"),
    }
    return {column: pl.when(IS_NAT).then(value) for column, value in row.items()}


FORMAT = Format(
    name="hillstone",
    title="Hillstone StoneOS traffic log (sessions, NAT)",
    reference="https://docs.hillstonenet.com/en/Content/Log/Log_Messages.htm",
    notes="Built from the vendor's documentation and lines that operators quote. Times are local: --tz.",
    is_record=LINE.str.contains("@FLOW: ", literal=True) & LINE.str.contains(r"\b[A-Z][a-z]+@FLOW: "),
    layout=Messages(
        id=LINE.str.extract(r"@FLOW: ([A-Z]+)"),
        body=LINE.str.extract(HEAD).str.len_bytes(),
        patterns={"SESSION": (SESSION,), "NAT": (NAT,)},
        otherwise=(SESSION, NAT, OTHER),
        keep=("what",),
        noise=pl.col("@text").str.count_matches(ADDRESS) < 2,
    ),
    columns={
        "ts": pl.when(STARTED.is_null()).then(pl.col("@ts")),
        "ts_local": pl.coalesce(STARTED, "@ts_local"),
        "ts_end_local": CLOSED,
        "kind": pl.when(IS_NAT).then(pl.lit("nat")),
        "sensor": SENSOR,
        "action": mapped("verdict", ACTIONS),
        "disposition": lower("verdict"),
        "protocol": lower("proto"),
        "src_ip": pl.col("src"),
        "src_port": uint("src_port", bits=16),
        "dst_ip": pl.col("dst"),
        "dst_port": uint("dst_port", bits=16),
        "src_nat_ip": pl.when(IS_SOURCE).then(NEW),
        "src_nat_port": pl.when(IS_SOURCE).then(NEW_PORT),
        "dst_nat_ip": pl.when(~IS_SOURCE).then(NEW),
        "dst_nat_port": pl.when(~IS_SOURCE).then(NEW_PORT),
        "bytes_out": uint("bytes_out"),
        "bytes_in": uint("bytes_in"),
        "packets_out": uint("packets_out"),
        "packets_in": uint("packets_in"),
        "duration": (CLOSED - STARTED).dt.total_seconds().cast(pl.Float64),
        "in_iface": pl.col("interface"),
        "rule": pl.coalesce("policy", "policy_2"),
        "reason": pl.when(pl.col("reason") != "").then(pl.col("reason").str.strip_chars(" ,.")),
        "app": pl.when(~pl.col("app").str.contains("(?i)-any$")).then(pl.col("app")),
        "user_name": pl.when(~pl.col("user").is_in(NOTHING)).then(pl.col("user").str.strip_suffix("@-")),
    },
    tables={"translations": moved()},
)
