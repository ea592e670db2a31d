"""Linux netfilter LOG lines: iptables, nftables, UFW, firewalld, Shorewall, OpenWrt, UniFi and EdgeOS gateways.

The kernel writes `IN=… OUT=… SRC=… DST=… PROTO=…` behind a prefix of the administrator's choice; syslog, dmesg or the
journal puts a header before it. The verdict stands, if anywhere, in the prefix.

Reference: https://docs.kernel.org/networking/nf_conntrack-sysctl.html
Reference: https://manpages.debian.org/stable/iptables/iptables-extensions.8.en.html#LOG

Time: that of the syslog header, in most forms without year and zone; `dmesg` without `-T` has none. The inner packet of
an ICMP error (in brackets) goes to `extra` under `inner.…`. Not covered: ulogd's JSON, GPRINT and XML outputs.
"""

from __future__ import annotations

import polars as pl

from fwforensics.formats._fields import code, lower, port, tcp_flag_words, uint
from fwforensics.formats._format import Format
from fwforensics.formats._layouts import LINE, KeyValue
from fwforensics.formats._verdict_words import ALLOW, DENY, word

ANCHOR = r"IN=\S* (?:OUT=|PHYSIN=|MAC=|SRC=)"


PREFIX = pl.col("@prefix").str.replace(r"^\[\s*\d+\.\d+\]\s*", "").str.strip_chars(" ")
#: UniFi puts the rule's description behind its name: `[WAN_LOCAL-D-2147483647] DESCR="No guests"`.
DESCRIBED = r'^\[([^\]]+)\]\s*DESCR="?([^"]*)"?$'
NAME = PREFIX.str.replace(DESCRIBED, "$1 $2").str.strip_chars(" :").str.strip_prefix("[").str.strip_suffix("]")
#: Rule names of EdgeOS, VyOS and UniFi end in the verdict: `[WAN_LOCAL-default-D]`, `[wan-lan-2000-A]`, or have a
#: number behind it.
MARK = pl.coalesce(PREFIX.str.extract(r"-([ADR])\]?$"), PREFIX.str.extract(r"^\[\S+-([ADR])-\d+\]"))
ZONES = NAME.str.extract_groups(r"^([^-]+)-([^-]+)-(?:default|\d+)-[ADR]$")

FORMAT = Format(
    name="iptables",
    title="Linux netfilter LOG (iptables, nftables, UFW, firewalld, UniFi, EdgeOS)",
    reference="https://manpages.debian.org/stable/iptables/iptables-extensions.8.en.html",
    notes="The verdict is taken from the log prefix; a prefix without one gives no action.",
    is_record=LINE.str.contains(" PROTO=", literal=True)
    & LINE.str.contains(r"IN=\S* OUT=|\bSRC=\S+ DST=\S+ LEN=|\bPROTO=(?:TCP|UDP) SPT=\d+ DPT=\d+ "),
    layout=KeyValue(anchor=LINE.str.find(ANCHOR)),
    columns={
        "sensor": pl.col("@host"),
        "action": pl.when(MARK == "A")
        .then(pl.lit("allow"))
        .when(MARK.is_not_null() | PREFIX.str.contains(word(*DENY)))
        .then(pl.lit("deny"))
        .when(PREFIX.str.contains(word(*ALLOW)))
        .then(pl.lit("allow")),
        "disposition": pl.when(~PREFIX.str.contains(DESCRIBED))
        .then(PREFIX)
        .str.extract(word(*DENY, *ALLOW, "audit"))
        .str.to_lowercase(),
        "protocol": lower("PROTO"),
        "src_ip": pl.col("SRC"),
        "src_port": port("SPT"),
        "dst_ip": pl.col("DST"),
        "dst_port": port("DPT"),
        "bytes_out": uint("LEN"),
        "tcp_flags": tcp_flag_words(pl.col("@words")),
        "icmp_type": code("TYPE"),
        "icmp_code": code("CODE"),
        "in_iface": pl.col("IN"),
        "out_iface": pl.col("OUT"),
        "src_zone": ZONES.struct.field("1"),
        "dst_zone": ZONES.struct.field("2"),
        "rule": pl.when(NAME != "").then(NAME),
    },
)
