"""Ekinops OneOS (formerly OneAccess) routers: access-list lines in syslog.

`#INFO# list NAME denied udp 192.0.2.1:547-> 198.51.100.8:546 3 matches`; protocols without a name are `proto 47`.
Matches are packets since the last line of the rule. All other lines with a `#LEVEL#` are no traffic.

Reference: https://www.ekinops.com/products-services/products/access-middleware/oneos6

Time: that of the syslog header, without year and zone. Not covered: the stateful firewall's sessions.
"""

from __future__ import annotations

import polars as pl

from fwforensics.formats._fields import lower, mapped, port, text, uint
from fwforensics.formats._format import Format
from fwforensics.formats._layouts import LINE, Messages

LEVEL = r" : *#[A-Z]+# "
END = r"\[?(?P<{0}>\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]*:[0-9A-Fa-f:.]*)\]?(?::(?P<{0}_port>\d+))?"
RECORD = (
    r"^ *(?:ip(?:v6)? )?(?:access-)?list (?P<rule>\S+) (?P<verdict>permitted|denied|permit|deny|rejected|reject) "
    r"(?:proto(?:col)? (?P<number>\d+)|(?P<proto>[\w-]+)) +"
    rf"{END.replace('{0}', 'src')} *-> *{END.replace('{0}', 'dst')}"
    r"(?: *\((?P<icmp_type>\d+)(?:/(?P<icmp_code>\d+))?\))?(?:,? +(?P<count>\d+) match(?:es)?)?(?: +(?P<rest>.+))?$"
)
WORDS = {
    **dict.fromkeys(("permitted", "permit"), "allow"),
    **dict.fromkeys(("denied", "deny", "rejected", "reject"), "deny"),
}

FORMAT = Format(
    name="ekinops_oneos",
    title="Ekinops OneOS access lists",
    reference="https://www.ekinops.com/products-services/products/access-middleware/oneos6",
    notes="Times have neither year nor zone. Built from published lines; the vendor documents no format.",
    is_record=LINE.str.contains("# ", literal=True) & LINE.str.contains(rf"^[^#]{{0,120}}{LEVEL}"),
    layout=Messages(
        id=LINE.str.extract(r"#([A-Z]+)# "),
        body=LINE.str.extract(rf"^([^#]{{0,120}}{LEVEL})").str.len_bytes(),
        patterns={},
        otherwise=(RECORD,),
        noise=~pl.col("@text").str.contains(r"^ *(?:ip(?:v6)? )?(?:access-)?list \S+ (?:permit|den|rej)"),
    ),
    columns={
        "sensor": pl.col("@host"),
        "action": mapped("verdict", WORDS),
        "disposition": lower("verdict"),
        "protocol": lower("number", "proto"),
        "src_ip": pl.col("src"),
        "src_port": port("src_port"),
        "dst_ip": pl.col("dst"),
        "dst_port": port("dst_port"),
        "packets_out": uint("count"),
        "icmp_type": uint("icmp_type", bits=8),
        "icmp_code": uint("icmp_code", bits=8),
        "rule": text("rule"),
    },
)
