"""Cilium Hubble flows as JSON lines: export files and `hubble observe -o json` (also `jsonpb`).

A reply is a flow from server to client; it is written as the packet went. `source_xlated` is the source after its
translation. Pods stand with namespace in `extra`, and as leases from the first flow of a line on.

Reference: https://docs.cilium.io/en/stable/observability/hubble/configuration/export/
Reference: https://docs.cilium.io/en/stable/_api/v1/flow/README/

Time: RFC 3339 with nanoseconds. Field masks may leave anything out. Not covered: the compact and table outputs.
"""

from __future__ import annotations

import polars as pl

from fwforensics.formats._fields import mapped
from fwforensics.formats._format import Format
from fwforensics.formats._layouts import LINE, Json

VERDICTS = {
    "forwarded": "allow",
    "redirected": "allow",
    "audit": "allow",
    "translated": "allow",
    "dropped": "deny",
    "error": "deny",
}
FLOW = pl.col("flow")


def at(path: str) -> pl.Expr:
    """A field of the flow; lines of some versions are the flow itself."""
    return pl.coalesce(FLOW.str.json_path_match(f"$.{path}"), pl.col("@line").str.json_path_match(f"$.{path}"))


def as_number(value: pl.Expr, dtype: type[pl.DataType]) -> pl.Expr:
    """Text as a number, NULL where it is none."""
    return value.cast(dtype, strict=False)


L4 = {p: at(f"l4.{p}") for p in ("TCP", "UDP", "SCTP", "ICMPv4", "ICMPv6")}
PROTOCOL = pl.coalesce(
    *(
        pl.when(e.is_not_null()).then(pl.lit(n))
        for e, n in zip(L4.values(), ("tcp", "udp", "sctp", "icmp", "ipv6-icmp"), strict=True)
    )
)
SOURCE_PORT = pl.coalesce(*(at(f"l4.{p}.source_port") for p in ("TCP", "UDP", "SCTP")))
TARGET_PORT = pl.coalesce(*(at(f"l4.{p}.destination_port") for p in ("TCP", "UDP", "SCTP")))
FLAGS = pl.concat_str(
    [
        pl.when(at(f"l4.TCP.flags.{name}") == "true").then(pl.lit(letter)).otherwise(pl.lit(""))
        for name, letter in (
            ("CWR", "C"),
            ("ECE", "E"),
            ("URG", "U"),
            ("ACK", "A"),
            ("PSH", "P"),
            ("RST", "R"),
            ("SYN", "S"),
            ("FIN", "F"),
        )
    ]
)
XLATED = at("IP.source_xlated")


TIME = pl.coalesce(at("time"), pl.col("time"))
FRACTION = TIME.str.extract(r"\.(\d{1,9})Z?$").str.head(6).str.pad_end(6, "0").cast(pl.Int64, strict=False).fill_null(0)
#: Protobuf's JSON is always UTC, with nanoseconds.
WHEN = TIME.str.head(19).str.to_datetime("%Y-%m-%dT%H:%M:%S", strict=False, time_unit="us") + pl.duration(
    microseconds=FRACTION
)
FORMAT = Format(
    name="cilium_hubble",
    title="Cilium Hubble flows (JSON)",
    reference="https://docs.cilium.io/en/stable/_api/v1/flow/README/",
    notes="Every packet event is a record; replies are written as the packet went.",
    kind="flow",
    syslog=False,
    is_record=LINE.str.contains('"verdict"', literal=True)
    & LINE.str.contains(r'^\s*\{.*"(?:IP|ip)"\s*:\s*\{[^}]*"source"\s*:')
    & LINE.str.contains(r'"(?:l4|node_name|traffic_direction|is_reply|flow)"\s*:'),
    layout=Json(keep=("flow",)),
    columns={
        "ts": WHEN,
        "sensor": pl.coalesce(at("node_name"), pl.col("node_name")),
        "action": mapped(at("verdict"), VERDICTS),
        "disposition": at("verdict").str.to_lowercase(),
        "direction": mapped(at("traffic_direction"), {"ingress": "inbound", "egress": "outbound"}),
        "protocol": PROTOCOL,
        "src_ip": at("IP.source"),
        "src_port": as_number(SOURCE_PORT, pl.UInt16),
        "dst_ip": at("IP.destination"),
        "dst_port": as_number(TARGET_PORT, pl.UInt16),
        "src_nat_ip": XLATED,
        "tcp_flags": pl.when(FLAGS != "").then(FLAGS),
        "icmp_type": as_number(pl.coalesce(at("l4.ICMPv4.type"), at("l4.ICMPv6.type")), pl.UInt8),
        "icmp_code": as_number(pl.coalesce(at("l4.ICMPv4.code"), at("l4.ICMPv6.code")), pl.UInt8),
        "reason": pl.coalesce(at("drop_reason_desc"), at("auth_type")),
        "dst_name": pl.coalesce(
            at("l7.dns.query"), at("destination_names[0]"), at("l7.http.url").str.extract(r"^\w+://([^/:]+)")
        ),
        "app": pl.when(at("l7.dns").is_not_null())
        .then(pl.lit("dns"))
        .when(at("l7.http").is_not_null())
        .then(pl.lit("http")),
        "session_id": at("uuid"),
    },
)
