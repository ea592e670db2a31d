"""macOS application firewall: `appfirewall.log` and the lines of `socketfilterfw` and `Firewall` in the system log.

The firewall decides by application and names the peer in some sentences only: those without one have an application
and a verdict, and no addresses. The packet filter of old releases (`ipfw: 12190 Deny TCP …`) writes to the same log.

Reference: https://support.apple.com/guide/security/firewall-security-seca0e83763f/web

Time: local, without year. Not covered: the unified log's other lines of the firewall.
"""

# ruff: noqa: E501 (one sentence of the vendor, one line)
from __future__ import annotations

import polars as pl

from fwforensics.formats._fields import lower, mapped, port, text
from fwforensics.formats._format import Format
from fwforensics.formats._layouts import LINE, Messages

IP = r"[0-9A-Fa-f]*[.:][0-9A-Fa-f.:]*?"
PROGRAM = r"(?:socketfilterfw|Firewall)(?:\[\d+\])?(?: \([^)]*\))?(?: <\w+>)?:? ?"
PATTERNS = (
    r"^(?P<app>.+?): (?P<verdict>Allow|Deny|Block) (?P<proto>TCP|UDP) (?P<what>LISTEN|CONNECT|[A-Z]+) +\(in:(?P<in>\d+) out:(?P<out>\d+)\)",
    r"^(?P<app>.+?): (?P<verdict>Allow|Deny|Block) +\(in:(?P<in>\d+) out:(?P<out>\d+)\)",
    rf"^(?P<verdict>Stealth Mode) connection attempt to (?P<proto>TCP|UDP) (?P<dst>{IP}):(?P<dst_port>\d+) from (?P<src>{IP}):(?P<src_port>\d+)",
    rf"^(?P<verdict>Allow|Deny|Block) (?P<app>.+?) (?:connecting|data in|receiving data) from (?P<src>{IP}):(?P<src_port>\d+)(?: to port (?P<dst_port>\d+))?(?: uid ?= ?(?P<uid>\d+))?(?: proto ?= ?(?P<proto>\d+))?$",
    rf"^(?P<rule>\d+) (?P<verdict>Deny|Accept|Allow|Reject|Unreach|Reset|Count) (?P<proto>[A-Za-z]+)(?::(?P<icmp>\d+\.\d+))? (?P<src>{IP})(?::(?P<src_port>\d+))? (?P<dst>{IP})(?::(?P<dst_port>\d+))? (?P<way>in|out) via (?P<iface>\S+)",
)
ACTIONS = {
    **dict.fromkeys(("allow", "accept"), "allow"),
    **dict.fromkeys(("deny", "block", "stealth mode", "reject", "unreach", "reset"), "deny"),
}
WAY = pl.coalesce(
    pl.when(pl.col("way").is_not_null()).then(pl.col("way")),
    pl.when((pl.col("in") != "0") & (pl.col("out") == "0")).then(pl.lit("in")),
    pl.when(pl.col("src").is_not_null()).then(pl.lit("in")),
)

FORMAT = Format(
    name="macos_appfirewall",
    title="macOS application firewall (appfirewall.log)",
    reference="https://support.apple.com/guide/security/firewall-security-seca0e83763f/web",
    notes="Decisions are about applications; most lines name no address. Times are local, without year.",
    is_record=(
        LINE.str.contains("socketfilterfw", literal=True)
        | LINE.str.contains("Firewall[", literal=True)
        | LINE.str.contains("ipfw: ", literal=True)
    )
    & LINE.str.contains(
        rf"^.{{15,80}}? (?:(?:{PROGRAM})|ipfw(?:\[\d+\])?: \d+ (?:Deny|Accept|Allow|Reject|Unreach|Reset|Count) )"
    ),
    layout=Messages(
        id=pl.lit("firewall"),
        body=LINE.str.extract(rf"^(.{{15,80}}? (?:{PROGRAM}|ipfw(?:\[\d+\])?: ))").str.len_bytes(),
        patterns={"firewall": PATTERNS},
        noise=pl.col("@text").str.count_matches(r"\b\d{1,3}(?:\.\d{1,3}){3}\b") < 2,
    ),
    columns={
        "sensor": pl.col("@host"),
        "action": mapped("verdict", ACTIONS),
        "disposition": lower("verdict"),
        "direction": mapped(WAY, {"in": "inbound", "out": "outbound"}),
        "protocol": lower("proto"),
        "src_ip": pl.col("src"),
        "src_port": port("src_port"),
        "dst_ip": pl.col("dst"),
        "dst_port": port("dst_port"),
        "icmp_type": pl.col("icmp").str.extract(r"^(\d+)").cast(pl.UInt8, strict=False),
        "icmp_code": pl.col("icmp").str.extract(r"(\d+)$").cast(pl.UInt8, strict=False),
        "in_iface": pl.when(pl.col("way") == "in").then(pl.col("iface")),
        "out_iface": pl.when(pl.col("way") == "out").then(pl.col("iface")),
        "rule": pl.col("rule"),
        "app": text("app"),
    },
    required=("src_ip", "dst_ip", "app"),
)
