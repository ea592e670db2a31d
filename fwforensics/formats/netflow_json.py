"""NetFlow and IPFIX records as JSON objects, one a line, whose keys are the names of the exported elements.

Read are the names of NetFlow 5 and 9 (`IPV4_SRC_ADDR`, `L4_SRC_PORT`; nProbe, and lower case below `netflow` from
Logstash's codec), those of IPFIX (`sourceIPv4Address`; also with `iana:` before them from IPFIXcol2 and below `flows`
from YAF's super_mediator), and IPFIX names in snake case below `netflow` (Filebeat, Elastic Agent).

Reference: https://www.iana.org/assignments/ipfix/ipfix.xhtml
Reference: https://www.elastic.co/guide/en/logstash/current/plugins-codecs-netflow.html
Reference: https://www.elastic.co/guide/en/beats/filebeat/current/exported-fields-netflow.html

Time: ISO 8601 or epoch. `FIRST_SWITCHED` and `flowStartSysUpTime` of few digits count from the exporter's boot: only
`duration` is then known, and `ts` is when the record was taken in (`@timestamp`), or NULL. Octets and packets `in`
run from source to destination; those `out`, or of the responder, back. A flow export decides nothing; firewall events
(NSEL) and a forwarding status of dropped give `action`. ICMP type and code come out of their element, else out of the
destination's port. Not covered: vFlow's numbered elements, and records that name neither end by address.
"""

from __future__ import annotations

import re

import polars as pl

from fwforensics.formats._fields import epoch, iso, iso_local, lower, mapped, number, tcp_flag_bits, text, uint
from fwforensics.formats._format import Format
from fwforensics.formats._json import Json
from fwforensics.formats._layouts import LINE
from fwforensics.formats._netflow_elements import FIREWALL_ACTIONS, FIREWALL_EVENTS
from fwforensics.formats._spelled import Spelled

#: Field → names in IPFIX's and in NetFlow's manner.
ELEMENTS = {
    "src_ip": "sourceIPv4Address sourceIPv6Address IPV4_SRC_ADDR IPV6_SRC_ADDR",
    "dst_ip": "destinationIPv4Address destinationIPv6Address IPV4_DST_ADDR IPV6_DST_ADDR",
    "src_port": "sourceTransportPort L4_SRC_PORT SRC_PORT udpSourcePort tcpSourcePort",
    "dst_port": "destinationTransportPort L4_DST_PORT DST_PORT udpDestinationPort tcpDestinationPort",
    "protocol": "protocolIdentifier PROTOCOL PROTO PROTOCOL_MAP",
    "octets": "octetDeltaCount octetTotalCount IN_BYTES IN_OCTETS DOCTETS initiatorOctets IN_PERMANENT_BYTES",
    "octets_back": "reverseOctetDeltaCount reverseOctetTotalCount responderOctets OUT_BYTES postOctetDeltaCount",
    "packets": "packetDeltaCount packetTotalCount IN_PKTS IN_PACKETS DPKTS initiatorPackets IN_PERMANENT_PKTS",
    "packets_back": "reversePacketDeltaCount reversePacketTotalCount responderPackets OUT_PKTS postPacketDeltaCount",
    "start": "flowStartMilliseconds flowStartMicroseconds flowStartNanoseconds flowStartSeconds "
    "FLOW_START_MILLISECONDS FLOW_START_MSEC "
    "FLOW_START_SEC FLOW_START_SECONDS FIRST_SWITCHED flowStartSysUpTime FLOW_START_SYS_UP_TIME",
    "end": "flowEndMilliseconds flowEndMicroseconds flowEndNanoseconds flowEndSeconds FLOW_END_MILLISECONDS "
    "FLOW_END_MSEC FLOW_END_SEC FLOW_END_SECONDS LAST_SWITCHED flowEndSysUpTime FLOW_END_SYS_UP_TIME",
    "observed": "observationTimeMilliseconds observationTimeSeconds EVENT_TIME_MSEC",
    "milliseconds": "flowDurationMilliseconds FLOW_DURATION_MILLISECONDS",
    "flags": "tcpControlBits TCP_FLAGS",
    "icmp": "icmpTypeCodeIPv4 icmpTypeCodeIPv6 ICMP_TYPE",
    "icmp_type": "icmpTypeIPv4 icmpTypeIPv6",
    "icmp_code": "icmpCodeIPv4 icmpCodeIPv6",
    "in_iface": "ingressInterface INPUT_SNMP INPUT",
    "out_iface": "egressInterface OUTPUT_SNMP OUTPUT",
    "src_nat_ip": "postNATSourceIPv4Address postNATSourceIPv6Address XLATE_SRC_ADDR_IPV4 POST_NAT_SRC_IPV4_ADDR",
    "dst_nat_ip": "postNATDestinationIPv4Address postNATDestinationIPv6Address XLATE_DST_ADDR_IPV4 "
    "POST_NAT_DST_IPV4_ADDR",
    "src_nat_port": "postNAPTSourceTransportPort XLATE_SRC_PORT POST_NAPT_SRC_TRANSPORT_PORT",
    "dst_nat_port": "postNAPTDestinationTransportPort XLATE_DST_PORT POST_NAPT_DST_TRANSPORT_PORT",
    "app": "applicationName APPLICATION_NAME L7_PROTO_NAME",
    "user_name": "userName USER_NAME USERNAME",
    "session_id": "flowId FLOW_ID CONN_ID connectionId",
    "event": "firewallEvent FW_EVENT",
    "forwarding": "forwardingStatus FORWARDING_STATUS",
    "exporter": "exporterIPv4Address exporterIPv6Address EXPORTER_IPV4_ADDRESS EXPORTER_IPV6_ADDRESS",
    "server_name": "httpRequestHost HTTP_HOST TLS_SERVER_NAME SSL_SERVER_NAME",
}  # fmt: skip
#: What the tools themselves say beside the record.
BESIDE = {
    "src_ip": ("source.ip",), "dst_ip": ("destination.ip",), "src_port": ("source.port",),
    "dst_port": ("destination.port",), "taken": ("@timestamp",),
    "exporter": ("netflow.exporter.address", "observer.ip", "host"),
}  # fmt: skip


def snake(name: str) -> str:
    """An IPFIX name as Beats write it."""
    parts = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    return re.sub(r"(IP|NAT|NAPT)(v\d)?([A-Z][a-z])", r"\1\2_\3", parts).lower()


def spellings(name: str) -> tuple[str, ...]:
    """All ways in which tools write one element."""
    if name.isupper():
        return (name, name.lower(), f"netflow.{name.lower()}")
    return (name, f"iana:{name}", f"flows.{name}", f"netflow.{name}", f"netflow.{snake(name)}", snake(name))


NAMES = {
    field: tuple(s for name in ELEMENTS.get(field, "").split() for s in spellings(name)) + BESIDE.get(field, ())
    for field in {**ELEMENTS, **BESIDE}
}
SOURCE = r'(?i)"(?:iana:)?(?:source_?ipv[46]_?address|ipv[46]_src_addr)"\s*:'
TARGET = r'(?i)"(?:iana:)?(?:destination_?ipv[46]_?address|ipv[46]_dst_addr)"\s*:'

IS_ICMP = pl.col("protocol").str.contains(r"(?i)^(?:1|58|icmp|icmp6|icmpv6|ipv6-icmp)$").fill_null(False)
#: Type and code in one number: in an element of its own, else in the port.
PACKED = pl.when(IS_ICMP).then(pl.coalesce(uint("icmp", bits=16), uint("dst_port", bits=16)))
UPTIME = pl.col("start").str.contains(r"^\d{1,9}$").fill_null(False)
TOLD_ACTIONS = {str(n): word for n, word in FIREWALL_ACTIONS.items()}
TOLD_EVENTS = {str(n): word for n, word in FIREWALL_EVENTS.items()}


def when(key: str) -> pl.Expr:
    """An instant; what counts from the exporter's boot is none."""
    return pl.coalesce(iso(key), pl.when(pl.col(key).str.contains(r"^\d{10,}(?:\.\d+)?$")).then(epoch(key)))


def flag_bits() -> pl.Expr:
    """TCP flags as letters, out of a number or out of letters between dots."""
    hexadecimal = pl.col("flags").str.extract(r"^0x([0-9A-Fa-f]+)$").str.to_integer(base=16, strict=False)
    bits = pl.coalesce(pl.col("flags").cast(pl.Int64, strict=False), hexadecimal)
    letters = pl.col("flags").str.replace_all(r"[^CEUAPRSF]", "")
    return pl.coalesce(tcp_flag_bits(bits), pl.when(bits.is_null() & (letters != "")).then(letters))


def one_way(count: str, back: str) -> pl.Expr:
    """What the source sent; an exporter that counts on the way out gives only that."""
    return pl.coalesce(uint(count), uint(back))


def returned(count: str, back: str) -> pl.Expr:
    """What the destination sent."""
    return pl.when(uint(count).is_not_null()).then(uint(back))


#: One address or name, maybe in a list, or with the port that it sent from.
EXPORTER = pl.col("exporter").str.extract(r'^(?:\[")?((?:\d+\.){3}\d+|[\w.:-]+?)(?::\d+)?(?:"\])?$')
START, END = when("start"), when("end")
COUNTED = (number("end") - number("start")) / 1000

FORMAT = Format(
    name="netflow_json",
    title="NetFlow and IPFIX records as JSON (Logstash, Filebeat, nProbe, IPFIXcol2, YAF)",
    reference="https://www.iana.org/assignments/ipfix/ipfix.xhtml",
    notes="Times that count from the exporter's boot give a duration only.",
    kind="flow",
    is_record=LINE.str.contains("{", literal=True) & LINE.str.contains(SOURCE) & LINE.str.contains(TARGET),
    layout=Spelled(Json(begin=LINE.str.find("{", literal=True)), NAMES),
    columns={
        "ts": pl.coalesce(START, when("observed"), when("taken"), pl.col("@ts")),
        "ts_local": pl.coalesce(iso_local("start"), iso_local("taken"), pl.col("@ts_local")),
        "ts_end": END,
        "ts_end_local": iso_local("end"),
        "sensor": pl.coalesce(EXPORTER, "@host"),
        "action": pl.coalesce(
            mapped("event", TOLD_ACTIONS),
            pl.when((uint("forwarding") // 64 == 2) | lower("forwarding").str.starts_with("dropped"))
            .then(pl.lit("deny")),
        ),
        "disposition": mapped("event", TOLD_EVENTS),
        "protocol": pl.col("protocol"),
        "src_ip": pl.col("src_ip"),
        "src_port": uint("src_port", bits=16),
        "dst_ip": pl.col("dst_ip"),
        "dst_port": uint("dst_port", bits=16),
        "src_nat_ip": text("src_nat_ip"),
        "src_nat_port": uint("src_nat_port", bits=16),
        "dst_nat_ip": text("dst_nat_ip"),
        "dst_nat_port": uint("dst_nat_port", bits=16),
        "bytes_out": one_way("octets", "octets_back"),
        "bytes_in": returned("octets", "octets_back"),
        "packets_out": one_way("packets", "packets_back"),
        "packets_in": returned("packets", "packets_back"),
        "duration": pl.coalesce(
            number("milliseconds") / 1000,
            pl.when(UPTIME & (COUNTED >= 0)).then(COUNTED),
            (pl.coalesce(END - START, iso_local("end") - iso_local("start")).dt.total_microseconds() / 1e6).round(6),
        ),
        "tcp_flags": flag_bits(),
        "icmp_type": pl.coalesce(uint("icmp_type", bits=8), (PACKED // 256).cast(pl.UInt8, strict=False)),
        "icmp_code": pl.coalesce(uint("icmp_code", bits=8), (PACKED % 256).cast(pl.UInt8, strict=False)),
        "in_iface": pl.col("in_iface"),
        "out_iface": pl.col("out_iface"),
        "app": lower("app"),
        "dst_name": lower("server_name"),
        "user_name": pl.col("user_name"),
        "session_id": pl.col("session_id"),
    },
)  # fmt: skip
