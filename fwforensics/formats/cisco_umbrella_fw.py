"""Cisco Umbrella and Secure Access: logs of the cloud-delivered firewall, as they are exported to S3.

Comma-separated values, quoted or not, in the order of any log version up to 10 (later columns are missing in older
ones), with or without the header row of newer versions, which may name the columns in any order.

Reference: https://docs.umbrella.com/umbrella-user-guide/docs/cloud-firewall-log-formats
Reference: https://docs.sse.cisco.com/sse-user-guide/docs/cloud-firewall-log-formats

Time: UTC. Bytes and packets are those sent and received where the version has them, else the size of the packet. The
names that a rule looked at (`fqdns`) are `dst_name` where there is exactly one. Not covered: DNS, proxy, IP-layer and
intrusion logs.
"""

from __future__ import annotations

import polars as pl

from fwforensics.formats._delimited import Columnar, Delimited
from fwforensics.formats._fields import epoch, mapped, naive
from fwforensics.formats._format import Format
from fwforensics.formats._layouts import LINE

NAMES = [
    "timestamp", "origin ids", "identities", "identity type", "direction", "protocol", "packet size", "source ip",
    "source port", "destination ip", "destination port", "data center", "rule id", "action", "fqdns",
    "destination list ids", "first packet timestamp", "last packet timestamp", "packets sent", "packets received",
    "bytes sent", "bytes received", "fw event id", "destination country", "app id", "private resource id",
    "private app group id", "private flow", "posture id", "casi category ids", "traffic source",
    "content category ids", "content category list ids", "organization id", "egress ip", "security overridden",
]  # fmt: skip
HEADER = r'^\W{0,3}"?(?:[Tt]imestamp|TIMESTAMP)"?, ?"?(?:[Oo]rigin [Ii][Dd]s?|ORIGIN IDS?)"?,'
ROW = (
    r'^"?\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"?, ?"?\[[\d, ]*\]"?,.*?, ?"?[A-Z]*"?, ?"?[A-Za-z0-9-]+"?, ?"?\d*"?, ?"?'
    r'[0-9A-Fa-f.:]*"?, ?"?\d*"?, ?"?[0-9A-Fa-f.:]*"?, ?"?\d*"?,'
)


def column_names(header: str) -> list[str]:
    """Names of the columns, as the header row has them."""
    return [name.strip(' "\ufeff').lower() for name in header.split(",")]


def value(key: str) -> pl.Expr:
    """A value without the blank and the quotes that some exports leave around it."""
    inner = pl.col(key).str.strip_chars(' "')
    return pl.when(inner != "").then(inner)


def count(key: str) -> pl.Expr:
    """A whole number."""
    return value(key).cast(pl.UInt64, strict=False)


NAME = value("fqdns")
SPAN = [epoch(f"{end} packet timestamp") for end in ("first", "last")]

FORMAT = Format(
    name="cisco_umbrella_fw",
    title="Cisco Umbrella and Secure Access cloud firewall logs",
    reference="https://docs.umbrella.com/umbrella-user-guide/docs/cloud-firewall-log-formats",
    notes="Times are UTC. Columns by log version, or by the header row.",
    syslog=False,
    is_record=LINE.str.contains(ROW) | LINE.str.contains(HEADER),
    layout=Columnar(
        header=LINE.str.contains(HEADER),
        names=column_names,
        default=NAMES,
        delimited=Delimited(names=NAMES, quote='"', null=("", '""', ' ""', " ")),
    ),
    columns={
        "ts": pl.coalesce(SPAN[0], naive("timestamp")),
        "ts_end": SPAN[1],
        "sensor": value("data center"),
        "action": mapped(
            value("action"),
            {
                **dict.fromkeys(("allow", "allowed"), "allow"),
                **dict.fromkeys(("block", "blocked", "deny", "denied"), "deny"),
            },
        ),
        "disposition": value("action").str.to_lowercase(),
        "direction": mapped(value("direction"), {w: w for w in ("inbound", "outbound", "internal", "external")}),
        "protocol": value("protocol").str.to_lowercase(),
        "src_ip": value("source ip"),
        "src_port": value("source port").cast(pl.UInt16, strict=False),
        "dst_ip": value("destination ip"),
        "dst_port": value("destination port").cast(pl.UInt16, strict=False),
        "src_nat_ip": value("egress ip"),
        "bytes_out": pl.coalesce(count("bytes sent"), count("packet size")),
        "bytes_in": count("bytes received"),
        "packets_out": count("packets sent"),
        "packets_in": count("packets received"),
        "rule": value("rule id"),
        "dst_name": pl.when(~NAME.str.contains(",")).then(NAME),
        "user_name": value("identities"),
        "session_id": value("fw event id"),
    },
)
