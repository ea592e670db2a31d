"""Cilium Hubble flows as people read them: `hubble observe` in its compact form, a line for each packet event.

Ends are addresses, or pods by namespace and name: these give the zone and no address, and stand in `extra` with their
identities. The packet is written as it went: `a <- b` is b's reply to a. A policy verdict (`policy-verdict:… ALLOWED`)
is the decision on a new connection, and the lines behind it tell where the packet went. The JSON forms have addresses
and are `cilium_hubble`.

Reference: https://docs.cilium.io/en/stable/observability/hubble/hubble-cli/

Time: local, without year or zone, by default; RFC 3339 where it was asked for. Not covered: the table and dict forms.
"""

from __future__ import annotations

import polars as pl

from fwforensics.formats._fields import iso, tcp_flag_words
from fwforensics.formats._format import Format
from fwforensics.formats._layouts import LINE, Messages

STAMP = r"(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)?|\d{4}-\d\d-\d\dT[0-9:.]+(?:Z|[+-]\d\d:\d\d))"
VERDICTS = {
    "forwarded": "allow", "redirected": "allow", "audit": "allow", "audited": "allow", "allowed": "allow",
    "dropped": "deny", "denied": "deny", "error": "deny",
}  # fmt: skip
WORDS = "|".join([*(word.upper() for word in VERDICTS), "TRACED", "TRANSLATED"])
END = r"\S+"
FLOW = (
    rf"^(?P<stamp>{STAMP})(?: \[(?P<node>[^\]]+)\])?: (?P<left>{END})(?: \((?P<left_id>[^)]*)\))? (?P<arrow>->|<-|<>) "
    rf"(?P<right>{END})(?: \((?P<right_id>[^)]*)\))? (?P<type>\S.*?) (?P<verdict>{WORDS})(?: \((?P<summary>.*)\))?\s*$"
)
REPLY = pl.col("arrow") == "<-"
PROTOCOLS = {"tcp": "tcp", "udp": "udp", "sctp": "sctp", "icmpv4": "icmp", "icmpv6": "ipv6-icmp"}
SUMMARY = pl.col("summary")
FIRST = SUMMARY.str.extract(r"^([A-Za-z]+[46]?)").str.to_lowercase()


def end(*, source: bool) -> pl.Expr:
    """One end of the packet, as written."""
    here, there = ("left", "right") if source else ("right", "left")
    return pl.when(REPLY).then(pl.col(there)).otherwise(pl.col(here))


def address(of: pl.Expr) -> pl.Expr:
    """The address that an end is."""
    return pl.coalesce(
        of.str.extract(r"^(\d{1,3}(?:\.\d{1,3}){3})(?::\d+)?$"),
        of.str.extract(r"^\[([0-9a-fA-F:.]+)\](?::\d+)?$"),
        of.str.extract(r"^([0-9a-fA-F]*:[0-9a-fA-F:.]*:[0-9a-fA-F:.]*)$"),
    )


def port(of: pl.Expr) -> pl.Expr:
    """The port behind an end."""
    return of.str.extract(r"^(?:[^:\[\]]+|\[[^\]]+\]):(\d+)$").cast(pl.UInt16, strict=False)


def namespace(of: pl.Expr) -> pl.Expr:
    """The namespace of a pod."""
    return of.str.extract(r"^([^/\[\]:]+)/")


SOURCE, DESTINATION = end(source=True), end(source=False)

FORMAT = Format(
    name="cilium_hubble_text",
    title="Cilium Hubble flows (compact text)",
    reference="https://docs.cilium.io/en/stable/observability/hubble/hubble-cli/",
    notes="Built from the vendor's documentation; not tried on a recorded log. Pods are named in place of addresses.",
    kind="flow",
    is_record=LINE.str.contains_any([" -> ", " <- ", " <> "])
    & LINE.str.contains(rf" (?:->|<-|<>) \S+ .*\b(?:{WORDS})\b")
    & LINE.str.contains(rf"^{STAMP}(?: \[[^\]]+\])?: \S+ "),
    layout=Messages(
        id=pl.lit("flow"),
        body=pl.lit(0),
        patterns={"flow": (FLOW,)},
        keep=("left", "right", "arrow", "type", "summary"),
    ),
    columns={
        "ts": iso("stamp"),
        "ts_local": pl.col("@ts_local"),
        "kind": pl.when(FIRST == "dns").then(pl.lit("dns")).when(FIRST == "http").then(pl.lit("proxy")),
        "sensor": pl.col("node"),
        "action": pl.col("verdict").str.to_lowercase().replace_strict(VERDICTS, default=None, return_dtype=pl.String),
        "disposition": pl.col("verdict").str.to_lowercase(),
        "direction": pl.when(pl.col("type").str.contains(r"\bINGRESS\b"))
        .then(pl.lit("inbound"))
        .when(pl.col("type").str.contains(r"\bEGRESS\b"))
        .then(pl.lit("outbound")),
        "protocol": pl.when(FIRST == "http")
        .then(pl.lit("tcp"))
        .otherwise(FIRST.replace_strict(PROTOCOLS, default=None, return_dtype=pl.String)),
        "src_ip": address(SOURCE),
        "src_port": port(SOURCE),
        "dst_ip": address(DESTINATION),
        "dst_port": port(DESTINATION),
        "src_zone": namespace(SOURCE),
        "dst_zone": namespace(DESTINATION),
        "tcp_flags": pl.when(FIRST == "tcp").then(tcp_flag_words(SUMMARY)),
        "reason": pl.when(pl.col("verdict").is_in(["DROPPED", "DENIED", "ERROR"])).then(pl.col("type")),
        "app": pl.when(FIRST.is_in(["dns", "http"])).then(FIRST),
    },
    required=("src_ip", "dst_ip", "src_zone", "dst_zone"),
)
