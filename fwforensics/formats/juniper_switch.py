"""Juniper EX, QFX, MX and other Junos devices: packets that a firewall filter with `then syslog` matched.

`FW: interface action [Ethernet part] protocol source destination ports (N packets)`, written by the packet forwarding
engine as PFE_FW_SYSLOG_IP, PFE_FW_SYSLOG_ETH_IP or PFE_FW_SYSLOG_IP6_…, behind a syslog header or none.

Reference: https://www.juniper.net/documentation/us/en/software/junos/routing-policy/topics/topic-map/firewall-filter-logging-overview.html

Time: that of the header, by default local and without a year. A is accept, D discard, R reject. ICMP has its type and
code where the ports are. Frames that are not IP (PFE_FW_SYSLOG_ETH) name no addresses and are ignored.
Not covered: `show firewall log` as the command prints it.
"""

from __future__ import annotations

import polars as pl

from fwforensics.formats._fields import lower, mapped, uint
from fwforensics.formats._format import Format
from fwforensics.formats._layouts import LINE, Messages

#: No MAC address: IPv6 has a double colon or eight groups.
ADDRESS = r"(?:\d+\.\d+\.\d+\.\d+|[0-9A-Fa-f:]*::[0-9A-Fa-f:.]*|(?:[0-9A-Fa-f]+:){7}[0-9A-Fa-f]+)"
PACKET = (
    r"^FW: +(?P<interface>\S+) +(?P<verdict>[ADR])\b +(?:(?P<frame>.*?) +)??(?P<proto>[A-Za-z][\w-]*|\d{1,3}) +"
    rf"(?P<src>{ADDRESS}) +(?P<dst>{ADDRESS})(?: +(?:type )?(?P<src_port>\d+)[ ,]+(?:code )?(?P<dst_port>\d+))?"
    r"(?: *\((?P<packets>\d+) packets?\))?(?P<rest>.*)$"
)
WORDS = {"a": "accept", "d": "discard", "r": "reject"}
ACTIONS = {"a": "allow", "d": "deny", "r": "deny"}
IS_ICMP = lower("proto").str.contains("^(?:icmp|1$|58$)")

FORMAT = Format(
    name="juniper_switch",
    title="Juniper Junos firewall filter log (PFE_FW_SYSLOG)",
    reference="https://www.juniper.net/documentation/us/en/software/junos/routing-policy/topics/topic-map/firewall-filter-logging-overview.html",
    notes="Times have neither year nor zone: --year, --tz.",
    is_record=LINE.str.contains("FW: ", literal=True) & LINE.str.contains(r"(?:^|[ :])FW: +\S*[\d.]\S* +[ADR] "),
    layout=Messages(
        id=pl.lit("FW"),
        body=LINE.str.extract(r"^((?:.*?[ :])??)FW: +\S+ +[ADR] ").str.len_bytes(),
        patterns={"FW": (PACKET,)},
        keep=("proto",),
        noise=pl.col("@text").str.count_matches(r"\d+\.\d+\.\d+\.\d+| [0-9A-Fa-f]*:[0-9A-Fa-f]*:[0-9A-Fa-f:]* \d") < 2,
    ),
    columns={
        "sensor": pl.col("@host"),
        "action": mapped("verdict", ACTIONS),
        "disposition": mapped("verdict", WORDS),
        "protocol": lower("proto"),
        "src_ip": pl.col("src"),
        "src_port": uint("src_port", bits=16),
        "dst_ip": pl.col("dst"),
        "dst_port": uint("dst_port", bits=16),
        "packets_out": uint("packets"),
        "icmp_type": pl.when(IS_ICMP).then(uint("src_port", bits=8)),
        "icmp_code": pl.when(IS_ICMP).then(uint("dst_port", bits=8)),
        "in_iface": pl.col("interface"),
    },
)
