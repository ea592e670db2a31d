"""Flows of GoFlow and GoFlow2 as JSON, and of Akvorado as JSON rows of its `flows` tables.

GoFlow2 writes `src_addr`, `time_flow_start_ns`, …; GoFlow 1 and Akvorado `SrcAddr`, `TimeFlowStart`, `TimeReceived`.

Reference: https://github.com/netsampler/goflow2/blob/main/docs/protobuf.md
Reference: https://demo.akvorado.net/docs/internals

Time: nanoseconds or seconds since 1970, or text in UTC; where the flow's own are missing (Akvorado, sFlow), when it was
received. Counters run one way and are not multiplied by `sampling_rate`, which stays in `extra`. The sensor is the
exporter's name or address. A forwarding status of dropped is a denial. Not covered: the binary and the text forms.
"""

from __future__ import annotations

import polars as pl

from fwforensics.formats._fields import epoch, iso, lower, naive, port, tcp_flag_bits, text, uint
from fwforensics.formats._format import Format
from fwforensics.formats._json import Json
from fwforensics.formats._layouts import LINE
from fwforensics.formats._spelled import Spelled

#: Field → spellings of GoFlow2, GoFlow 1 and Akvorado.
NAMES = {
    "start": ("time_flow_start_ns", "time_flow_start", "TimeFlowStart", "TimeFlowStartNs", "TimeFlowStartMs"),
    "end": ("time_flow_end_ns", "time_flow_end", "TimeFlowEnd", "TimeFlowEndNs", "TimeFlowEndMs"),
    "received": ("time_received_ns", "time_received", "TimeReceived", "TimeReceivedNs"),
    "sensor": ("ExporterName", "sampler_address", "SamplerAddress", "ExporterAddress"),
    "src_addr": ("src_addr", "SrcAddr"), "dst_addr": ("dst_addr", "DstAddr"),
    "src_port": ("src_port", "SrcPort"), "dst_port": ("dst_port", "DstPort"),
    "src_nat": ("SrcAddrNAT", "src_addr_nat"), "dst_nat": ("DstAddrNAT", "dst_addr_nat"),
    "src_nat_port": ("SrcPortNAT", "src_port_nat"), "dst_nat_port": ("DstPortNAT", "dst_port_nat"),
    "proto": ("proto", "Proto"), "bytes": ("bytes", "Bytes"), "packets": ("packets", "Packets"),
    "in_if": ("InIfName", "in_if", "InIf", "InIfIndex"), "out_if": ("OutIfName", "out_if", "OutIf", "OutIfIndex"),
    "tcp_flags": ("tcp_flags", "TCPFlags"), "icmp_type": ("icmp_type", "IcmpType", "ICMPType", "ICMPv4Type"),
    "icmp_code": ("icmp_code", "IcmpCode", "ICMPCode", "ICMPv4Code"),
    "icmp6_type": ("ICMPv6Type",), "icmp6_code": ("ICMPv6Code",),
    "forwarding": ("forwarding_status", "ForwardingStatus"), "dst_name": ("DstAddrName",),
    "sequence": ("FlowId", "flow_id"),
}  # fmt: skip
ENDS = r'"(?:src_addr|SrcAddr)"\s*:.*"(?:dst_addr|DstAddr)"\s*:|"(?:dst_addr|DstAddr)"\s*:.*"(?:src_addr|SrcAddr)"\s*:'
MARKS = (
    r'"(?:time_received(?:_ns)?|time_flow_start(?:_ns)?|sampler_address|TimeReceived|SamplerAddress|ExporterAddress)"'
)
IS_SIX = lower("proto").is_in(["58", "ipv6-icmp", "icmpv6", "icmp6"]).fill_null(False)


def when(key: str) -> pl.Expr:
    """An instant: ISO 8601, epoch in any unit, or text in UTC; 0 is none."""
    return pl.coalesce(iso(key), pl.when(pl.col(key).str.contains(r"^[1-9]\d{8,}")).then(epoch(key)), naive(key))


def word(key: str) -> pl.Expr:
    """A text that is neither empty nor a zero for none."""
    return pl.when(~pl.col(key).is_in(["", "0", "::"])).then(pl.col(key))


FLAGS = pl.coalesce(
    pl.col("tcp_flags").cast(pl.Int64, strict=False),
    pl.col("tcp_flags").str.extract(r"^0x([0-9A-Fa-f]+)$").str.to_integer(base=16, strict=False),
)
START, END = pl.coalesce(when("start"), when("received")), when("end")

FORMAT = Format(
    name="goflow2",
    title="GoFlow, GoFlow2 and Akvorado flows (JSON)",
    reference="https://github.com/netsampler/goflow2/blob/main/docs/protobuf.md",
    notes="Counters are not multiplied by the sampling rate. "
    "Built from the collectors' documentation; not tried on a recorded file.",
    kind="flow",
    is_record=LINE.str.contains("{", literal=True) & LINE.str.contains(ENDS) & LINE.str.contains(MARKS),
    layout=Spelled(Json(begin=LINE.str.find("{", literal=True)), NAMES),
    columns={
        "ts": START,
        "ts_end": END,
        "sensor": word("sensor"),
        "action": pl.when(uint("forwarding") // 64 == 2).then(pl.lit("deny")),
        "protocol": pl.col("proto"),
        "src_ip": pl.col("src_addr"),
        "src_port": port("src_port"),
        "dst_ip": pl.col("dst_addr"),
        "dst_port": port("dst_port"),
        "src_nat_ip": text("src_nat"),
        "src_nat_port": port("src_nat_port"),
        "dst_nat_ip": text("dst_nat"),
        "dst_nat_port": port("dst_nat_port"),
        "bytes_out": uint("bytes"),
        "packets_out": uint("packets"),
        "duration": ((END - when("start")).dt.total_microseconds() / 1e6).round(6),
        "tcp_flags": tcp_flag_bits(FLAGS),
        "icmp_type": pl.when(IS_SIX).then(pl.coalesce(uint("icmp6_type", bits=8), uint("icmp_type", bits=8)))
        .otherwise(uint("icmp_type", bits=8)),
        "icmp_code": pl.when(IS_SIX).then(pl.coalesce(uint("icmp6_code", bits=8), uint("icmp_code", bits=8)))
        .otherwise(uint("icmp_code", bits=8)),
        "in_iface": word("in_if"),
        "out_iface": word("out_if"),
        "dst_name": lower("dst_name"),
        "session_id": word("sequence"),
    },
)  # fmt: skip
