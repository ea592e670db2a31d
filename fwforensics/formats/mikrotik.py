"""MikroTik RouterOS firewall log: filter, NAT, mangle and bridge rules with `log=yes`.

`[prefix ]chain: in:if out:if,[ connection-state:new,snat][ src-mac …], proto TCP (SYN), a:p->b:p,[ NAT …,] len 60`
behind the topics (`firewall,info`) and any header, or none. The verdict stands, if anywhere, in the rule's log prefix.

Reference: https://help.mikrotik.com/docs/spaces/ROS/pages/328094/Log
Reference: https://help.mikrotik.com/docs/spaces/ROS/pages/250708064/Common+Firewall+Matchers+and+Actions

Time: that of the syslog header or of RouterOS itself (`2026-05-12 10:15:20`, `may/12/2026 10:15:20`, `10:15:20`
without a date: none), local unless a zone stands there. `len` is the packet's length. Not covered: RouterOS' CEF and
connection lists.
"""

# ruff: noqa: E501 (one sentence of the vendor, one line)
from __future__ import annotations

import polars as pl

from fwforensics.formats._fields import civil, lower, mapped, port, tcp_flag_words, uint
from fwforensics.formats._format import Format
from fwforensics.formats._layouts import LINE, Messages
from fwforensics.formats._month_day import NAMES
from fwforensics.formats._verdict_words import ALLOW, DENY, word

CHAIN = r"[\w.<>-]+: (?:in:|out:)"
#: IPv6 addresses stand in brackets where a port follows.
END = r"\[?(?P<{0}>\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]*:[0-9A-Fa-f:.]*)\]?(?::(?P<{0}_port>\d+))?"
ANY = r"\[?[0-9A-Fa-f:.]+\]?(?::\d+)?"
#: The translated end in `(before->after)`.
AFTER = r"\[?(?P<{0}_nat>\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]*:[0-9A-Fa-f:]*?)\]?(?::(?P<{0}_nat_port>\d+))?"
NAT = rf"(?:, NAT (?:\({ANY}->{AFTER.replace('{0}', 'src')}\)|{ANY})->(?:\({ANY}->{AFTER.replace('{0}', 'dst')}\)|{ANY}))?"
RECORD = (
    r"^(?P<chain>[\w.<>-]+): (?:in:(?P<in_iface>.*?))?(?:,? ?out:(?P<out_iface>[^,]*?))?,?"
    r"(?: connection-mark:(?P<mark>\S+?))?,?(?: ?connection-state:(?P<state>[\w,]*\w))?,?(?: ?src-mac (?P<src_mac>[0-9A-Fa-f:-]{17}))?,?"
    r"(?: ?dst-mac (?P<dst_mac>[0-9A-Fa-f:-]{17}))?,?(?: ?eth-proto (?P<eth_proto>\S+?))?,?"
    r" ?proto (?P<proto>[\w-]+)(?: \((?P<detail>[^)]*)\))?, "
    rf"{END.replace('{0}', 'src')}->{END.replace('{0}', 'dst')}{NAT}(?:, prio (?P<prio>[^,]*))?(?:, len (?P<length>\d+))?(?P<more>.+)?$"
)
PREFIX = pl.col("@prefix").str.replace(r"^(?:.*\s)?[a-z0-9]+(?:,[a-z0-9!]+)+:?\s*", "").str.strip_chars(" :")
PROGRAM = pl.when(~pl.col("@program").str.contains(r"^(?:in|out|input|forward|output|prerouting)$")).then(
    pl.col("@program")
)
NAME = pl.coalesce(pl.when(PREFIX != "").then(PREFIX), PROGRAM)
#: RouterOS' own stamp in its log files before release 7.
OWN = pl.col("@head").str.extract_groups(r"^\s*([a-z]{3})/(\d\d)/(\d{4}) (\d\d):(\d\d):(\d\d)")
MONTHS = {name.lower(): number for number, name in NAMES.items()}
OWN_TIME = civil(
    OWN.struct.field("3"),
    OWN.struct.field("1").replace_strict(MONTHS, default=None, return_dtype=pl.String),
    *(OWN.struct.field(str(i)) for i in (2, 4, 5, 6)),
)
NOT_GIVEN = r"^\((?:unknown \d+|none|unknown)\)$"
DETAIL = pl.col("detail")


def iface(key: str) -> pl.Expr:
    """An interface; `(unknown 0)` is none."""
    return pl.when(~pl.col(key).str.contains(NOT_GIVEN)).then(pl.col(key))


FORMAT = Format(
    name="mikrotik",
    title="MikroTik RouterOS firewall log",
    reference="https://help.mikrotik.com/docs/spaces/ROS/pages/328094/Log",
    notes="The verdict is taken from the log prefix; a prefix without one gives no action.",
    is_record=LINE.str.contains("proto ", literal=True)
    & LINE.str.contains("->", literal=True)
    & LINE.str.contains(rf"(?:^|\s){CHAIN}.*\bproto [\w-]+(?: \([^)]*\))?, {ANY}->{ANY}"),
    layout=Messages(
        id=pl.lit("firewall"),
        body=LINE.str.extract(rf"^(.*?\s|)(?:{CHAIN}.*\bproto )").str.len_bytes(),
        patterns={"firewall": (RECORD,)},
    ),
    columns={
        "ts": pl.col("@ts"),
        "ts_local": pl.coalesce("@ts_local", OWN_TIME),
        "sensor": pl.when(~pl.col("@host").str.contains(",", literal=True)).then(pl.col("@host")),
        "action": pl.when(NAME.str.contains(word(*DENY))).then(pl.lit("deny"))
        .when(NAME.str.contains(word(*ALLOW))).then(pl.lit("allow")),
        "disposition": NAME.str.extract(word(*DENY, *ALLOW)).str.to_lowercase(),
        "direction": mapped("chain", {"input": "inbound", "output": "outbound"}),
        "protocol": lower("proto"),
        "src_ip": pl.col("src"),
        "src_port": port("src_port"),
        "dst_ip": pl.col("dst"),
        "dst_port": port("dst_port"),
        "src_nat_ip": pl.col("src_nat"),
        "src_nat_port": port("src_nat_port"),
        "dst_nat_ip": pl.col("dst_nat"),
        "dst_nat_port": port("dst_nat_port"),
        "bytes_out": uint("length"),
        "tcp_flags": pl.when(lower("proto") == "tcp").then(tcp_flag_words(DETAIL)),
        "icmp_type": DETAIL.str.extract(r"type (\d+)").cast(pl.UInt8, strict=False),
        "icmp_code": DETAIL.str.extract(r"code (\d+)").cast(pl.UInt8, strict=False),
        "in_iface": iface("in_iface"),
        "out_iface": iface("out_iface"),
        "rule": pl.coalesce(NAME, pl.col("chain")),
    },
)  # fmt: skip
