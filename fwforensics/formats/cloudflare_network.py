"""Cloudflare's network logs out of Logpush: JSON lines of five data sets, told apart by their fields.

Network analytics (Magic Transit, Magic and Network Firewall, DDoS protection: sampled packets), Gateway network (Zero
Trust policies), Zero Trust network sessions, Magic IDS detections, and Spectrum events. Field selections may leave
anything out that is no address.

What was done with a packet is its `Outcome`; `Verdict`, what an enforced rule would have done, stands in `extra`. Bytes
are those of the one packet, whatever `SampleInterval` says. A detection that passed is an alert. Sessions have no
verdict; their egress address is the source's translation. `OverrideIP` is the destination's.

Reference: https://developers.cloudflare.com/logs/logpush/logpush-job/datasets/account/network_analytics_logs/
Reference: https://developers.cloudflare.com/logs/logpush/logpush-job/datasets/account/gateway_network/

Time: RFC 3339 with any offset, or a number of seconds, milli- or nanoseconds since 1970, as the job says.
Not covered: HTTP requests, firewall events (WAF), DNS.
"""

from __future__ import annotations

import polars as pl

from fwforensics.formats._fields import code, host_name, instant, lower, mapped, port, tcp_flag_bits, text, uint
from fwforensics.formats._format import Format
from fwforensics.formats._layouts import LINE, Json

SIGNATURE = pl.col("SignatureID")
DECISION = lower("Outcome", "Verdict", "Action")
EVENTS = {"clientfiltered": "deny"}
START, END = instant("SessionStartTime"), instant("SessionEndTime")


def translated(key: str) -> pl.Expr:
    """A port; 0 stands for none."""
    return pl.when(port(key) > 0).then(port(key))


FORMAT = Format(
    name="cloudflare_network",
    title="Cloudflare network logs (Logpush)",
    reference="https://developers.cloudflare.com/logs/logpush/logpush-job/datasets/account/network_analytics_logs/",
    notes="Network analytics are sampled packets; bytes are those of the packet in the record.",
    syslog=False,
    is_record=(
        LINE.str.contains('"IPSourceAddress"', literal=True) & LINE.str.contains('"IPDestinationAddress"', literal=True)
    )
    | (
        LINE.str.contains('"SourceIP"', literal=True)
        & LINE.str.contains(r'"(?:DestinationIP|OriginIP)"\s*:')
        & LINE.str.contains(
            r'"(?:Datetime|SessionStartTime|SessionEndTime|Timestamp)"\s*:\s*(?:"\d{4}-\d\d-\d\dT|"?\d{10,19}\b)'
        )
        & LINE.str.contains(
            r'"(?:AccountID|PolicyID|OverrideIP|SessionID|SignatureMessage|Transport|ColoCode|EgressIP)"'
        )
    )
    | (
        LINE.str.contains('"ClientIP"', literal=True)
        & LINE.str.contains('"OriginIP"', literal=True)
        & LINE.str.contains('"IpFirewall"', literal=True)
    ),
    layout=Json(keep=("Verdict", "Outcome")),
    columns={
        "ts": pl.coalesce(START, instant("Datetime", "Timestamp", "SessionEndTime")),
        "ts_end": END,
        "kind": pl.when(SIGNATURE.is_not_null())
        .then(pl.lit("ids"))
        .when(pl.col("BytesSent").is_not_null() | pl.col("ClientBytes").is_not_null())
        .then(pl.lit("flow")),
        "sensor": text("ColoName", "ColoCode", "IngressColoName"),
        "action": pl.when(SIGNATURE.is_not_null())
        .then(mapped(DECISION, {"pass": "alert", "block": "deny", "drop": "deny"}))
        .when(DECISION.str.contains(r"^(?:pass|allow|override|audit)"))
        .then(pl.lit("allow"))
        .when(DECISION.str.contains(r"^(?:drop|block|deny)"))
        .then(pl.lit("deny"))
        .otherwise(mapped("Event", EVENTS)),
        "disposition": pl.coalesce(DECISION, lower("Event")),
        "direction": mapped("Direction", {"ingress": "inbound", "egress": "outbound"}),
        "protocol": lower(
            "IPProtocolName", "IPProtocol", "TransportProtocol", "Transport", "Protocol", "OriginProtocol"
        ),
        "src_ip": text("IPSourceAddress", "SourceIP", "ClientIP"),
        "src_port": port("SourcePort", "ClientPort"),
        "dst_ip": text("IPDestinationAddress", "DestinationIP", "OriginIP"),
        "dst_port": port("DestinationPort", "OriginPort"),
        "src_nat_ip": pl.col("EgressIP"),
        "src_nat_port": translated("EgressPort"),
        "dst_nat_ip": pl.col("OverrideIP"),
        "dst_nat_port": translated("OverridePort"),
        "bytes_out": uint("IPTotalLength", "BytesSent", "ClientBytes"),
        "bytes_in": uint("BytesReceived", "OriginBytes"),
        "duration": pl.when(END >= START).then((END - START).dt.total_microseconds() / 1e6),
        "tcp_flags": tcp_flag_bits(uint("TCPFlags", bits=16)),
        "icmp_type": code("ICMPType"),
        "icmp_code": code("ICMPCode"),
        "rule": text("PolicyName", "RuleName", "EgressRuleName", "PolicyID", "RuleID"),
        "reason": lower("MitigationReason", "ConnectionCloseReason"),
        "app": lower("DetectedProtocol"),
        "dst_name": pl.coalesce(host_name(pl.col("SNI")), host_name(pl.col("DestinationHostname"))),
        "user_name": text("Email"),
        "signature": text("SignatureMessage", "AttackVector"),
        "signature_id": SIGNATURE,
        "session_id": pl.col("SessionID"),
    },
)
