"""What nfdump prints: expressions for the titles of its columns, names for its CSV, addresses out of its numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

import polars as pl

from fwforensics.formats._delimited import Delimited
from fwforensics.formats._format import Context, Fields, Layout
from fwforensics.formats._lines import Lines
from fwforensics.formats._pattern import Pattern

STAMP = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?"
COUNT = r"\d+(?:\.\d+)?(?: +[KMGTkmgt]\b)?"
WHOLE = r"\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]*:[0-9A-Fa-f:]*(?:\d{1,3}(?:\.\d{1,3}){3})?"
#: An IPv6 address that was cut in its middle to fit the column.
CUT = r"[0-9A-Fa-f:]+\.\.[0-9A-Fa-f:]+"


def address(end: str, *, with_port: bool) -> str:
    """An address; behind a colon, or a dot for IPv6, the port or the type and code of ICMP."""
    port = rf"(?:[.:](?<{end}_port>\d+(?:\.\d+)?))?" if with_port else ""
    return rf"(?:(?<{end}_ip>{WHOLE})|(?<{end}_cut>{CUT}))(?:\(\S*\))?{port}(?:\([^)]*\))?"


#: Titles that are no words, or whose values are none, and what stands below them.
TITLES = {
    **dict.fromkeys(("Date first seen", "Date flow start"), rf"(?<first>{STAMP})"),
    "Date last seen": rf"(?<last>{STAMP})",
    **dict.fromkeys(("Date flow received GMT", "Date flow received", "Received at"), rf"(?<received>{STAMP})"),
    "First seen GMT": rf"(?<first_gmt>{STAMP})",
    "Last seen GMT": rf"(?<last_gmt>{STAMP})",
    "First seen raw": r"(?<first_raw>[\d.]+)",
    "Last seen raw": r"(?<last_raw>[\d.]+)",
    "Received raw": r"(?<received_raw>[\d.]+)",
    "Event time": rf"(?<event_time>{STAMP})",
    "Duration": r"(?<duration>(?:\d+d )?[\d:.]+)",
    "Proto": r"(?<proto>[\w<>.-]+)",
    "X-Src IP Addr:Port": address("src_nat", with_port=True),
    "X-Dst IP Addr:Port": address("dst_nat", with_port=True),
    **dict.fromkeys(("Src IP Addr:Port", "Src IP Addr(..):Port"), address("src", with_port=True)),
    **dict.fromkeys(("Dst IP Addr:Port", "Dst IP Addr(..):Port"), address("dst", with_port=True)),
    **dict.fromkeys(("Src IP Addr", "Src IP Addr(..)"), address("src", with_port=False)),
    **dict.fromkeys(("Dst IP Addr", "Dst IP Addr(..)"), address("dst", with_port=False)),
    "X-late Src IP": address("src_nat", with_port=False),
    "X-late Dst IP": address("dst_nat", with_port=False),
    "XsPort": r"(?<src_nat_port>\d+)",
    "XdPort": r"(?<dst_nat_port>\d+)",
    "Src Pt": r"(?<src_port>[\d.]+)",
    "Dst Pt": r"(?<dst_port>[\d.]+)",
    "ICMP-T": r"(?<icmp_type>\d+)",
    "ICMP-C": r"(?<icmp_code>\d+)",
    "Flags": r"(?<flags>[CEUAPRSF.]{6,8}|0x[0-9A-Fa-f]+)",
    "Packets": rf"(?<packets>{COUNT})",
    "Bytes": rf"(?<bytes>{COUNT})",
    "In Pkt": rf"(?<packets_out>{COUNT})",
    "In Byte": rf"(?<bytes_out>{COUNT})",
    "Out Pkt": rf"(?<packets_in>{COUNT})",
    "Out Byte": rf"(?<bytes_in>{COUNT})",
    "pps": rf"(?<pps>{COUNT})",
    "bps": rf"(?<bps>{COUNT})",
    "Flows": r"(?<flows>\d+)",
    "Input": r"(?<input>\S+)",
    "Output": r"(?<output>\S+)",
    "Event": r"(?<event>\S+)",
    "XEvent": r"(?<xevent>No Syn|\S+)",
    "Router IP": r"(?<router>\S+)",
    "Ingress ACL": r"(?<ingress_acl>\S+)",
    "Egress ACL": r"(?<egress_acl>\S+)",
    "UserName": r"(?<user_name>\S+)",
    "Conn-ID": r"(?<connect_id>\S+)",
    "Src IP location info": r"(?<src_location>\S.*?)",
    "Dst IP location info": r"(?<dst_location>\S.*?)",
    "Src AS organisation": r"(?<src_as_name>\S.*?)",
    "Dst AS organisation": r"(?<dst_as_name>\S.*?)",
    **{
        title: rf"(?<{title.replace(' ', '_').replace('-', '_').lower()}>\S+)"
        for title in (
            "Src AS", "Dst AS", "Next AS", "Prev AS", "Next-hop IP", "BGP next-hop IP", "Src Network", "Dst Network",
            "Input interface name", "Output interface name", "In src MAC Addr", "Out dst MAC Addr", "In dst MAC Addr",
            "Out src MAC Addr", "C Latency", "S latency", "A latency", "Exp ID", "nbar ID", "nbar name",
            "Input Payload", "Output Payload", "nat string", "sni name", "TLS ver", "MPLS lbl 1",
        )
    },
}  # fmt: skip
TOKENS = re.compile(
    "|".join(re.escape(t) for t in sorted(TITLES, key=len, reverse=True)) + r"|<?->|[\w.()/-]+|[^\w\s]|\s+"
)
#: Names in CSV headers of nfdump 1.6 and 1.7.
CSV = {
    "first": "ts firstSeen first", "last": "te lastSeen last", "received": "tr received", "duration": "td duration",
    "proto": "pr proto", "src_ip": "sa srcAddr", "dst_ip": "da dstAddr", "src_port": "sp srcPort",
    "dst_port": "dp dstPort", "flags": "flg flags", "packets_out": "ipkt inPackets", "bytes_out": "ibyt inBytes",
    "packets_in": "opkt outPackets", "bytes_in": "obyt outBytes", "packets": "pkt packets", "bytes": "byt bytes",
    "input": "in input", "output": "out output", "router": "ra routerIP", "src_nat_ip": "srcXIP", "flows": "fl flows",
    "dst_nat_ip": "dstXIP", "src_nat_port": "srcXPort", "dst_nat_port": "dstXPort", "event": "event",
    "user_name": "nselUser", "ingress_acl": "ingressACL", "connect_id": "connectionID", "pf_action": "pfAction",
    "pf_rule": "pfRule", "pf_reason": "pfReason", "icmp_type": "icmpTYpe icmpType", "icmp_code": "icmpCode",
}  # fmt: skip
NAMES = {name: ours for ours, names in CSV.items() for name in names.split()}
CSV_16 = (
    "ts te td sa da sp dp pr flg fwd stos ipkt ibyt opkt obyt in out sas das smk dmk dtos dir nh nhb svln dvln ismc "
    "odmc idmc osmc mpls1 mpls2 mpls3 mpls4 mpls5 mpls6 mpls7 mpls8 mpls9 mpls10 cl sl al ra eng exid tr"
)
PIPE = (
    "af first first_ms last last_ms proto s0 s1 s2 s3 src_port d0 d1 d2 d3 dst_port src_as dst_as input output "
    "flags tos packets bytes"
)


def is_csv(header: str) -> bool:
    """Is it a line of CSV names, and not of titles?"""
    return "," in header and "Addr:" not in header and "IP Addr" not in header


def csv_names(header: str) -> list[str | None]:
    """Names of a CSV header as ours, where there is one."""
    return [NAMES.get(name.strip(), name.strip()) for name in header.split(",")]


@cache
def expression(header: str) -> str:
    """An expression for the rows below a line of titles; arrows between the ends have no title."""
    parts, seen = ["^"], set[str]()
    behind_title = False
    for token in TOKENS.findall(header.strip()):
        if token.isspace():
            continue
        is_mark = token not in TITLES and not re.search(r"\w", token)
        if is_mark:
            parts.append(rf"\s*{re.escape(token)}")
        else:
            group = TITLES.get(token) or _word(token)
            names = set(re.findall(r"\?<(\w+)>", group))
            parts.append((r"\s+(?:<?->\s*)?" if behind_title else r"\s*") + (r"\S+" if names & seen else group))
            seen |= names
        behind_title = not is_mark
    return "".join(parts) + r"\s*$"


def _word(title: str) -> str:
    """One word below a title that is no more known than by its name."""
    name = re.sub(r"\W", "_", title)
    return rf"(?<{name}>\S+)" if name[:1].isalpha() else r"\S+"


#: line, long and extended without their titles.
_FRONT = (
    rf"^(?<first>{STAMP})\s+(?<duration>(?:\d+d )?[\d:.]+)\s+(?<proto>[\w<>.-]+)\s+{address('src', with_port=True)}\s+"
)
_BACK = rf"\s+{address('dst', with_port=True)}\s+(?:(?<flags>[CEUAPRSF.]{{6,8}}|0x[0-9A-Fa-f]+)\s+(?<tos>\d+)\s+)?"
LINES = (
    rf"{_FRONT}->{_BACK}(?<packets>{COUNT})\s+(?<bytes>{COUNT})"
    rf"(?:\s+(?<pps>{COUNT})\s+(?<bps>{COUNT})\s+(?<bpp>\d+))?\s+(?<flows>\d+)\s*$"
)
BILINES = (
    rf"{_FRONT}<->{_BACK}(?<packets_in>{COUNT})\s+(?<packets_out>{COUNT})\s+(?<bytes_in>{COUNT})\s+"
    rf"(?<bytes_out>{COUNT})\s+(?<flows>\d+)\s*$"
)


def below(header: str) -> Layout | str:
    """How the rows below a header fall apart; statistics and sums are no flows."""
    if "avg_bps" in header or "(%)" in header or "flP" in header.split(","):
        return "statistics"
    if is_csv(header):
        return Delimited(names=csv_names(header), separator=",")
    return Pattern(regex=expression(header), null=("", "<empty>"))


@dataclass(frozen=True, slots=True)
class Pipe:
    """`-o pipe`: 24 numbers, of which addresses take four each."""

    table = Delimited(names=PIPE.split(), separator="|")

    def fields(self, lines: Lines, wanted: set[str], context: Context) -> Fields:
        """See `Layout`."""
        parts = [f"{end}{i}" for end in "sd" for i in range(4)]
        part = self.table.fields(lines, {*wanted, *parts, "af", "first_ms", "last_ms"}, context)
        number = {c: pl.col(c).cast(pl.UInt32, strict=False) for c in parts}
        stamps = [pl.concat_str([c, pl.lit("."), pl.col(f"{c}_ms").str.zfill(3)]).alias(c) for c in ("first", "last")]
        frame = part.frame.with_columns(*stamps)
        is_four = frame["af"] == "2"
        for end, name in (("s", "src_ip"), ("d", "dst_ip")):
            words = frame.select(number[f"{end}{i}"] for i in range(4))
            frame = frame.with_columns(
                pl.select(pl.when(is_four).then(_dotted(words)).otherwise(_hex(words)).alias(name))
            )
        return Fields(frame.drop(*parts, "af", "first_ms", "last_ms"), part.bad)


def _dotted(words: pl.DataFrame) -> pl.Series:
    """The last of four words as an IPv4 address."""
    last = pl.col(words.columns[3])
    return words.select(pl.format("{}.{}.{}.{}", *(last // 256**i % 256 for i in (3, 2, 1, 0)))).to_series()


def _hex(words: pl.DataFrame) -> pl.Series:
    """Four words as an IPv6 address."""
    digits = pl.Series([f"{i:x}" for i in range(1 << 16)])
    halves = [half for c in words.iter_columns() for half in (c // 65536, c % 65536)]
    texts = [digits.gather(h.fill_null(0)).alias(str(i)) for i, h in enumerate(halves)]
    return pl.DataFrame(texts).select(pl.concat_str(pl.all(), separator=":")).to_series()
