"""Cilium Hubble flows as JSON lines: export files and `hubble observe -o json` (also `jsonpb`).

Every packet event is a record, written as the packet went: a reply (`is_reply`) runs from server to client.
`source_xlated` is the source after its translation. Namespaces are the zones; pods, labels, identities, the DNS query
and everything else stand in `extra` under the names that they have inside the flow. A queried name is not the name of
the server asked. Lost events, agent events and node states are no traffic; what was lost counts for coverage.

Reference: https://docs.cilium.io/en/stable/observability/hubble/configuration/export/
Reference: https://docs.cilium.io/en/stable/_api/v1/flow/README/

Time: RFC 3339 in UTC with nanoseconds. Field masks may leave anything out; what has no address at all (ARP) is no
traffic. A flow under policy audit or redirected to a proxy was let through; TRACED and TRANSLATED are no verdicts.
Not covered: the compact, dict and table outputs, which name pods in place of addresses.
"""

from __future__ import annotations

import polars as pl

from fwforensics.formats._fields import code, host_name, iso, lower, mapped, text, uint
from fwforensics.formats._format import Format
from fwforensics.formats._inner import Inner
from fwforensics.formats._layouts import LINE, Json

VERDICTS = {
    "forwarded": "allow",
    "redirected": "allow",
    "audit": "allow",
    "dropped": "deny",
    "error": "deny",
}
PROTOCOLS = {"TCP": "tcp", "UDP": "udp", "SCTP": "sctp", "ICMPv4": "icmp", "ICMPv6": "ipv6-icmp", "VRRP": "vrrp",
             "IGMP": "igmp"}  # fmt: skip
FLAGS = {"CWR": "C", "ECE": "E", "URG": "U", "ACK": "A", "PSH": "P", "RST": "R", "SYN": "S", "FIN": "F"}
#: What an export holds beside flows, with the reason why it is no traffic.
OTHERS = {
    "lost_events": "events lost",
    "agent_event": "agent event",
    "debug_event": "debug event",
    "node_status": "node state",
}
#: Taken by a column in part, and worth keeping whole.
KEPT = (
    "is_reply",
    "destination_names",
    "egress_allowed_by",
    "ingress_allowed_by",
    "egress_denied_by",
    "ingress_denied_by",
)
PAIR = r'"\w+"\s*:\s*"[^"\\]*"'
#: What an exporter writes before and after the flow itself: the node's name and the time.
BEFORE = rf'^(\s*\{{\s*(?:{PAIR}\s*,\s*)*"flow"\s*:\s*)\{{'
AFTER = rf"\}}(\s*(?:,\s*{PAIR}\s*)*\}}\s*)$"
NODE, TIME = r'"node_name"\s*:\s*"([^"\\]*)"', r'"time"\s*:\s*"([^"\\]*)"'


WITH_PORTS = ("TCP", "UDP", "SCTP")


def port(end: str) -> pl.Expr:
    """The port of one end; 0 stands for none."""
    given = text(*(f"l4.{p}.{end}_port" for p in WITH_PORTS)).cast(pl.UInt16, strict=False)
    return pl.when(given > 0).then(given)


def first_policy(*keys: str) -> pl.Expr:
    """The name of the first policy of the first of these lists that has one."""
    return pl.coalesce(*(pl.col(k).str.json_path_match("$[0].name") for k in keys))


ICMP = ("ICMPv4", "ICMPv6")
LETTERS = pl.concat_str(
    pl.when(pl.col(f"l4.TCP.flags.{flag}") == "true").then(pl.lit(letter)).otherwise(pl.lit(""))
    for flag, letter in FLAGS.items()
)
IS_REPLY = (text("is_reply", "reply") == "true").fill_null(False)
#: Names of the destination as the agent's DNS cache has them; the host of a request.
NAME = pl.coalesce(
    pl.col("destination_names").str.json_path_match("$[0]"),
    pl.when(~IS_REPLY).then(host_name(pl.col("l7.http.url").str.extract(r"^(\w+://.*)"))),
)

FORMAT = Format(
    name="cilium_hubble",
    title="Cilium Hubble flows (JSON)",
    reference="https://docs.cilium.io/en/stable/_api/v1/flow/README/",
    notes="Every packet event is a record; replies are written as the packet went.",
    kind="flow",
    syslog=False,
    is_record=(
        LINE.str.contains('"flow"', literal=True)
        & LINE.str.contains(r'^\s*\{[^{]*"flow"\s*:\s*\{')
        & LINE.str.contains(r'"(?:verdict|IP|l4|traffic_direction|is_reply)"\s*:')
        & ~LINE.str.contains(r'"event_type"\s*:\s*"')
    )
    | (
        LINE.str.contains('"verdict"', literal=True)
        & LINE.str.contains(r'"(?:IP|ethernet)"\s*:\s*\{')
        & LINE.str.contains(r'"(?:node_name|l4|traffic_direction|Type|is_reply)"\s*:')
        & ~LINE.str.contains(r'"event_type"\s*:\s*"')
    )
    | LINE.str.contains(rf'^\s*\{{\s*(?:{PAIR}\s*,\s*)*"(?:{"|".join(OTHERS)})"\s*:\s*\{{'),
    layout=Inner(layout=Json(keep=KEPT), before=BEFORE, after=AFTER, around={"@node": NODE, "@time": TIME}),
    columns={
        "ts": iso("time", "@time"),
        "kind": pl.when(pl.col("l7.dns").is_not_null())
        .then(pl.lit("dns"))
        .when(pl.col("l7.http").is_not_null())
        .then(pl.lit("proxy")),
        "sensor": text("node_name", "@node"),
        "action": mapped("verdict", VERDICTS),
        "disposition": lower("verdict"),
        "direction": mapped("traffic_direction", {"ingress": "inbound", "egress": "outbound"}),
        "protocol": pl.coalesce(
            pl.when(pl.col(f"l4.{name}").is_not_null()).then(pl.lit(ours)) for name, ours in PROTOCOLS.items()
        ),
        "src_ip": pl.col("IP.source"),
        "src_port": port("source"),
        "dst_ip": pl.col("IP.destination"),
        "dst_port": port("destination"),
        "src_nat_ip": pl.col("IP.source_xlated"),
        "tcp_flags": pl.when(LETTERS != "").then(LETTERS),
        "icmp_type": pl.coalesce(code(f"l4.{p}.type") for p in ICMP),
        "icmp_code": pl.coalesce(code(f"l4.{p}.code") for p in ICMP),
        "src_zone": pl.col("source.namespace"),
        "dst_zone": pl.col("destination.namespace"),
        "rule": first_policy("egress_denied_by", "ingress_denied_by", "egress_allowed_by", "ingress_allowed_by"),
        "reason": text("drop_reason_desc", "drop_reason"),
        "dst_name": NAME,
        "app": pl.when(pl.col("l7.dns").is_not_null())
        .then(pl.lit("dns"))
        .when(pl.col("l7.http").is_not_null())
        .then(pl.lit("http"))
        .when(pl.col("l7.kafka").is_not_null())
        .then(pl.lit("kafka")),
        "session_id": pl.col("uuid"),
        "lost": uint("lost_events.num_events_lost"),
        "ignored": pl.coalesce(
            *(pl.when(pl.col(key).is_not_null()).then(pl.lit(why)) for key, why in OTHERS.items()),
            pl.when(pl.col("IP").is_null()).then(pl.lit("no addresses")),
        ),
    },
)
