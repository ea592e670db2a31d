"""Alibaba Cloud VPC flow logs, out of Log Service: JSON lines, CSV, or the vendor's order separated by blanks.

JSON as a consumer, a shipment to OSS or a download writes it, also with `__time__` and `__topic__`; CSV and blanks with
a line of field names, which may come in any order; blanks also without one. Numbers may be strings; `-` is none.

A record counts one direction of a flow at a network interface within a window of up to ten minutes: all bytes are
`bytes_out`, and the sensor is the interface. NODATA and SKIPDATA records are no traffic, but show that the sensor was
alive; SKIPDATA marks records as lost. Instances, VPC, switch and path stand in `extra`.

Reference: https://www.alibabacloud.com/help/en/sls/flowlog-field-details

Time: `start` and `end` of the window in epoch seconds (UTC). Not covered: the packet's own addresses; there are none.
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from fwforensics.formats._either import Either
from fwforensics.formats._exports import Export, csv_rows
from fwforensics.formats._fields import epoch, mapped, port, tcp_flag_bits, uint
from fwforensics.formats._format import Format
from fwforensics.formats._layouts import LINE, Columnar, Delimited

NAMES = [
    "version", "vswitch-id", "vm-id", "vpc-id", "account-id", "eni-id", "srcaddr", "srcport", "dstaddr", "dstport",
    "protocol", "direction", "packets", "bytes", "start", "end", "log-status", "action",
]  # fmt: skip
CSV_HEADER = LINE.str.contains(r"^[\x{feff}]?[\w\" .-]+(?:,[\w\" .-]*){5,}$") & LINE.str.contains(
    r"\beni-id\b.*\bsrcaddr\b|\bsrcaddr\b.*\beni-id\b"
)
HEADER = LINE.str.contains(r"^(?:[a-z_][a-z_-]* )*eni-id(?: [a-z_][a-z_-]*)* *$")
RECORD = r"^\d (?:vsw-\w+|-) (?:\S+) (?:vpc-\w+|-) \d+ eni-\w+ (?:[0-9a-fA-F:.]+|-) "


def names_below(header: str) -> list[str] | Callable[[str | None, int], list[str]]:
    """The names in a header."""
    return header.split()


def rows_below(header: str) -> pl.Expr:
    """Rows below either kind of header."""
    if "," in header:
        return csv_rows(header)
    return (LINE.str.count_matches(" ", literal=True) == header.strip().count(" ")) & ~LINE.str.contains(r"[={]")


FORMAT = Format(
    name="alibaba_vpcflow",
    title="Alibaba Cloud VPC flow logs",
    reference="https://www.alibabacloud.com/help/en/sls/flowlog-field-details",
    notes="Built from the vendor's documentation; not tried on a recorded log. One direction a record.",
    kind="flow",
    syslog=False,
    opens=CSV_HEADER | HEADER,
    follows=rows_below,
    is_record=(
        LINE.str.contains('"eni-id"', literal=True)
        & LINE.str.contains('"srcaddr"', literal=True)
        & LINE.str.contains(r'"(?:vswitch-id|log-status|vpc-id)"')
    )
    | LINE.str.contains(RECORD)
    | CSV_HEADER
    | HEADER,
    layout=Either(
        first=Export(CSV_HEADER),
        second=Columnar(
            header=HEADER,
            names=names_below,
            default=NAMES,
            delimited=Delimited(names=(), separator=" ", null=("", "-")),
        ),
        is_second=LINE.str.contains(RECORD) | ~LINE.str.contains("[,{]"),
    ),
    columns={
        "ts": epoch("start", "s"),
        "ts_end": epoch("end", "s"),
        "sensor": pl.col("eni-id"),
        "action": mapped("action", {"accept": "allow", "reject": "deny"}),
        "disposition": pl.when(pl.col("action") != "-").then(pl.col("action").str.to_lowercase()),
        "direction": mapped("direction", {"in": "inbound", "out": "outbound"}),
        "protocol": pl.when(pl.col("protocol") != "-").then(pl.col("protocol")),
        "src_ip": pl.col("srcaddr"),
        "src_port": port("srcport"),
        "dst_ip": pl.col("dstaddr"),
        "dst_port": port("dstport"),
        "bytes_out": uint("bytes"),
        "packets_out": uint("packets"),
        "tcp_flags": tcp_flag_bits(uint("tcp-flags", bits=16)),
        "ignored": pl.when(pl.col("log-status").is_in(["NODATA", "SKIPDATA"])).then(pl.lit("no traffic")),
        "lost": (pl.col("log-status") == "SKIPDATA").cast(pl.UInt64),
    },
)
