"""Antrea: the audit log of network policies (`np.log`), and records of its flow exporter as JSON.

The audit log as of all releases: with SRC and DEST (up to 1.6), with rule name and ports (1.7), with the pod that the
policy applies to and a log label (1.12 and later). `<nil>` is none. `[3 packets in 1.01s]` sums up equal packets:
`repeat_count`. Table, priority, pod, label and the packet's length stand in `extra`. Redirected traffic was let
through; Pass hands on to Kubernetes' own policies and decides nothing.

Flow records are IPFIX elements by name, as the flow aggregator and collectors write them, one object a line. Counters
are those since the record before (`…DeltaCount`), where there are any. The action is that of the policy rule which
decided, a denial before an allowance. The destination's service address is before its translation.

Reference: https://antrea.io/docs/main/docs/antrea-network-policy/#audit-logging-for-antrea-native-policies
Reference: https://antrea.io/docs/main/docs/network-flow-visibility/

Time: np.log local, without zone; flow records in epoch seconds or ISO 8601.
Not covered: the aggregator's CSV; Layer 7 logs are Suricata's EVE.
"""

from __future__ import annotations

import polars as pl

from fwforensics.formats._either import Either
from fwforensics.formats._fields import instant, lower, mapped, naive, port, text, uint
from fwforensics.formats._format import Format
from fwforensics.formats._layouts import LINE, Json, Messages

TIME = r"(?P<time>\d{4}/\d\d/\d\d \d\d:\d\d:\d\d(?:\.\d+)?)"
BEGIN = rf"^{TIME} (?P<table>\S+) (?P<policy>\w*NetworkPolicy(?::\S+)?) "
END = r"(?: (?P<label>[^\[\s]\S*))?(?: \[(?P<count>\d+) packets? in (?P<window>\S+)\])?\s*$"
ADDRESS, NUMBER = r"[0-9a-fA-F.:]+", r"(?:\d+|<nil>)"
VERDICT = r"(?P<disposition>Allow|Drop|Reject|Pass|Redirect\w*)"
PORTS = (
    rf"{BEGIN}(?P<rule>\S+) {VERDICT} (?P<priority>\S+) (?:(?P<pod>\S+/\S+|<nil>) )?"
    rf"(?P<src>{ADDRESS}) (?P<src_port>{NUMBER}) (?P<dst>{ADDRESS}) (?P<dst_port>{NUMBER}) "
    rf"(?P<protocol>\S+) (?P<length>\d+){END}"
)
NO_PORTS = (
    rf"{BEGIN}{VERDICT} (?P<priority>\S+) SRC: (?P<src>{ADDRESS}) DEST: (?P<dst>{ADDRESS}) "
    rf"(?P<length>\d+) (?P<protocol>\S+){END}"
)
RULE_ACTIONS = {"1": "allow", "2": "deny", "3": "deny", "allow": "allow", "drop": "deny", "reject": "deny"}
SIDES = ("ingress", "egress")


def flow_action() -> pl.Expr:
    """The policy's decision in a flow record."""
    each = [mapped(f"{side}NetworkPolicyRuleAction", RULE_ACTIONS) for side in SIDES]
    return pl.coalesce(*(pl.when(e == "deny").then(e) for e in each), *each)


def counted(what: str, *, back: bool) -> pl.Expr:
    """A counter of one direction, since the last record or in all."""
    return uint(*(f"reverse{w[0].upper()}{w[1:]}" if back else w for w in (f"{what}DeltaCount", f"{what}TotalCount")))


FORMAT = Format(
    name="antrea",
    title="Antrea network policy audit log and flow records",
    reference="https://antrea.io/docs/main/docs/antrea-network-policy/#audit-logging-for-antrea-native-policies",
    notes="Built from the vendor's documentation; not tried on a recorded log. np.log has no time zone.",
    is_record=LINE.str.contains("NetworkPolicy", literal=True)
    & LINE.str.contains(r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d(?:\.\d+)? \w+ \w*NetworkPolicy(?::\S+)? ")
    | (
        LINE.str.contains('"protocolIdentifier"', literal=True)
        & LINE.str.contains(r'"(?:source|destination)PodName"')
        & LINE.str.contains(r'"source(?:IPv[46]Address|IP)"')
    ),
    layout=Either(
        first=Messages(
            id=pl.lit("np.log"),
            body=LINE.str.find(r"\d{4}/\d\d/\d\d \d\d:"),
            patterns={"np.log": (PORTS, NO_PORTS)},
            keep=("table",),
        ),
        second=Json(keep=tuple(f"{side}NetworkPolicy{what}" for side in SIDES for what in ("Name", "RuleAction"))),
        is_second=LINE.str.contains(r"^\s*\{"),
    ),
    columns={
        "ts": instant("flowStartSeconds", "flowStartMilliseconds"),
        "ts_local": naive("time"),
        "ts_end": instant("flowEndSeconds", "flowEndMilliseconds"),
        "kind": pl.when(pl.col("protocolIdentifier").is_not_null()).then(pl.lit("flow")),
        "sensor": pl.coalesce(text("originalObservationNodeName"), pl.col("@host")),
        "action": pl.coalesce(
            mapped("disposition", {"allow": "allow", "drop": "deny", "reject": "deny", "redirect": "allow"}),
            flow_action(),
        ),
        "disposition": lower("disposition"),
        "direction": pl.when(pl.col("table").str.contains("Ingress"))
        .then(pl.lit("inbound"))
        .when(pl.col("table").str.contains("Egress"))
        .then(pl.lit("outbound")),
        "protocol": lower("protocol", "protocolIdentifier"),
        "src_ip": text("src", "sourceIPv4Address", "sourceIPv6Address", "sourceIP"),
        "src_port": port("src_port", "sourceTransportPort"),
        "dst_ip": text("dst", "destinationIPv4Address", "destinationIPv6Address", "destinationIP"),
        "dst_port": port("dst_port", "destinationTransportPort"),
        "bytes_out": counted("octet", back=False),
        "bytes_in": counted("octet", back=True),
        "packets_out": counted("packet", back=False),
        "packets_in": counted("packet", back=True),
        "src_zone": text("sourcePodNamespace"),
        "dst_zone": text("destinationPodNamespace"),
        "rule": pl.coalesce(
            pl.when(~pl.col("rule").is_in(["<nil>", "nil"])).then(pl.concat_str(["policy", "rule"], separator="/")),
            pl.col("policy"),
            *(
                pl.when(mapped(f"{side}NetworkPolicyRuleAction", RULE_ACTIONS) == verdict).then(
                    pl.col(f"{side}NetworkPolicyName")
                )
                for verdict in ("deny", "allow")
                for side in SIDES
            ),
        ),
        "repeat_count": pl.when(uint("count", bits=32) > 0).then(uint("count", bits=32)),
    },
)
