"""What nfdump prints: line, long, extended, biline, bilong, nsel, `fmt:…`, csv of 1.6 and 1.7, json-log and pipe.

The line of titles names the columns, whatever they are; without one (`-q`), line, long, extended, biline and the CSV of
1.6 are read. Numbers may be scaled (`1.2 M`); what follows the rows (summary, time window) is no record. Statistics
(`-s srcip`) have one end and are no flows.

Reference: https://github.com/phaag/nfdump

Time: local to the machine that printed it, without zone; `fmt:%tsr` and csv-fast are epoch, `%tsg` is UTC. `in`
counters run from source to destination, `out` ones back. ICMP stands as `type.code` in the destination's port, or as
one number in CSV. An IPv6 address that was shortened to fit (`2001:db..de19`, print with -6) is none. NSEL events that
were denied, and pflog's verdicts, give `action`; `INVALID` is a flow without event. Counters of several flows (-a)
stay one row with `repeat_count`.

The JSON array over many lines of `-o json` is read as `nfdump_json`. Not covered: `-o raw`.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from fwforensics.formats._delimited import Delimited
from fwforensics.formats._either import Either
from fwforensics.formats._fields import epoch, iso, iso_local, lower, mapped, naive, tcp_flag_bits, text, uint
from fwforensics.formats._format import Context, Fields, Format, Layout
from fwforensics.formats._json import Json
from fwforensics.formats._layouts import LINE
from fwforensics.formats._lines import Lines
from fwforensics.formats._nfdump_printed import (
    BILINES,
    CSV_16,
    LINES,
    Pipe,
    below,
    csv_names,
    expression,
    is_csv,
)
from fwforensics.formats._pattern import Headed, Pattern

IS_JSON = LINE.str.contains(r'^\s*\{.*"(?:src[46]_addr|dst[46]_addr)"\s*:') & LINE.str.contains(
    r'"(?:first|t_first|in_packets|in_bytes)"\s*:'
)
IS_PIPE = LINE.str.contains(r"^(?:2|10|0)(?:\|\d+){23}\s*$")
CSV_ROW = (
    r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,[\d.]+,[0-9A-Fa-f:.]+,[0-9A-Fa-f:.]+,\d+,[\d.]+,"
)
IS_CSV_ROW = LINE.str.contains(CSV_ROW)
PRINTED = LINE.str.contains(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ .* <?-> ")
CSV_HEADER = (
    r"^(?:\w+,)*(?:sa|srcAddr|sa4),(?:\w+,)*(?:da|dstAddr)(?:,|\s*$)|^flows,bytes,packets,avg_bps,"
    r"|^ts,te,td,pr,val,fl,"
)
TITLED = r"(?:Date first seen|Date flow start|Src IP Addr|Dst IP Addr|First seen (?:raw|GMT))\b"
HEADER = (LINE.str.contains(TITLED) & ~LINE.str.contains(r"^\s*\{|Top \d+|ordered by")) | LINE.str.contains(CSV_HEADER)
SUMMARY = (
    r"^(?:Summary: total flows:|Summary\s*$|Time window: |Total (?:flows|records) processed: |Sys: +[\d.]+s "
    r"|Top \d+ .* ordered by |Aggregated flows \d|No match(?:ed|ing) flows|Ident: '|Byte limit: )"
)
DEFAULT = Either(
    Either(Pattern(regex=LINES), Pattern(regex=BILINES), is_second=LINE.str.contains(" <-> ", literal=True)),
    Delimited(names=csv_names(CSV_16.replace(" ", ",")), separator=","),
    is_second=IS_CSV_ROW,
)


@dataclass(frozen=True, slots=True)
class Said:
    """Objects and pipes say themselves what they are; whatever is printed stands below a header."""

    printed: Layout
    reads_json = True

    def fields(self, lines: Lines, wanted: set[str], context: Context) -> Fields:
        """See `Layout`."""
        alone = Either(self.printed, Either(Json(), Pipe(), is_second=IS_PIPE), is_second=IS_JSON | IS_PIPE)
        return alone.fields(lines, wanted, context)


def rows_below(header: str) -> pl.Expr:
    """Lines that the header's titles fit."""
    if is_csv(header):
        return (LINE.str.count_matches(",", literal=True) == header.count(",")) & LINE.str.contains(r"^[\w<]")
    if "(%)" in header:
        return LINE.str.contains(r"^\s*\d{4}-\d\d-\d\d \d\d:\d\d:\d\d.*\([ \d.]+\)")
    return LINE.str.contains(expression(header))


IS_ICMP = pl.col("proto").str.contains(r"(?i)^(?:icmp|icmp6|icmpv6|ipv6-icmp|1|58)$").fill_null(False)
PACKED = pl.when(IS_ICMP).then(pl.col("dst_port").cast(pl.UInt16, strict=False))
PROTOCOL = pl.when(~pl.col("proto").is_in(["0", "any"])).then(pl.col("proto"))


def when(*keys: str) -> pl.Expr:
    """Epoch, or a text with its zone."""
    return pl.coalesce(
        *(e for k in keys for e in (iso(k), pl.when(pl.col(k).str.contains(r"^\d{9,13}(?:\.\d+)?$")).then(epoch(k))))
    )


def scaled(key: str) -> pl.Expr:
    """A counter, maybe in thousands, millions and so on."""
    size = pl.col(key).str.extract(r"([KMGTkmgt])\W*$").str.to_uppercase()
    factor = size.replace_strict({"K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}, default=None, return_dtype=pl.Float64)
    value = pl.col(key).str.extract(r"^\s*([\d.]+)").cast(pl.Float64, strict=False) * factor
    return pl.coalesce(uint(key), value.round().cast(pl.UInt64, strict=False))


def seconds(key: str) -> pl.Expr:
    """`12.345`, `00:00:12.345` or `1d 00:00:12.345`."""
    parts = pl.col(key).str.extract_groups(r"^(?:(\d+)d )?(\d+):(\d\d):(\d\d(?:\.\d+)?)$")
    d, h, m, s = (parts.struct.field(str(i)).cast(pl.Float64, strict=False) for i in range(1, 5))
    return pl.coalesce(pl.col(key).cast(pl.Float64, strict=False), d.fill_null(0) * 86400 + h * 3600 + m * 60 + s)


def no_zeros(key: str) -> pl.Expr:
    """A text that is none of the words for nothing."""
    return pl.when(~pl.col(key).is_in(["", "0", "<empty>", "<none>", "0x0/0x0/0x0"])).then(pl.col(key))


LASTED = pl.duration(microseconds=(seconds("duration") * 1e6).round())
START = pl.coalesce(when("first", "t_first", "first_raw"), naive("first_gmt"))
START_LOCAL = pl.coalesce(iso_local("first"), iso_local("t_first"))
END = pl.coalesce(when("last", "t_last", "last_raw"), naive("last_gmt"))
END_LOCAL = pl.coalesce(iso_local("last"), iso_local("t_last"))
FLAGS = text("flags", "tcp_flags").str.replace_all(".", "", literal=True)
BITS = pl.coalesce(
    FLAGS.str.extract(r"^0x([0-9A-Fa-f]+)$").str.to_integer(base=16, strict=False), FLAGS.cast(pl.Int64, strict=False)
)
EVENTS = {"create": "allow", "delete": "allow", "update": "allow", "denied": "deny", "deny": "deny"}
RETURNED = pl.coalesce(scaled("bytes_in"), uint("out_bytes")) > 0

FORMAT = Format(
    name="nfdump_text",
    title="nfdump output (line, long, extended, biline, nsel, fmt, csv, json-log, pipe)",
    reference="https://github.com/phaag/nfdump",
    notes="Columns by their titles. Times are local to the machine that printed them.",
    kind="flow",
    syslog=False,
    opens=HEADER,
    follows=rows_below,
    is_record=(PRINTED & (LINE.str.contains(LINES) | LINE.str.contains(BILINES)))
    | IS_CSV_ROW
    | IS_PIPE
    | IS_JSON
    | HEADER,
    is_noise={"summary": LINE.str.contains(SUMMARY)},
    layout=Said(Headed(header=HEADER, layout=below, default=DEFAULT)),
    columns={
        "ts": START,
        "ts_local": START_LOCAL,
        "ts_end": pl.coalesce(END, START + LASTED),
        "ts_end_local": pl.coalesce(END_LOCAL, START_LOCAL + LASTED),
        "sensor": pl.when(~text("router", "ip4_router", "ip6_router").is_in(["0.0.0.0", "::"]))  # noqa: S104
        .then(text("router", "ip4_router", "ip6_router")),
        "action": pl.coalesce(mapped("event", EVENTS), mapped("pf_action", {"pass": "allow", "block": "deny"})),
        "disposition": pl.coalesce(
            pl.when(~lower("event").is_in(["invalid", "ignore", "<no-evt>"])).then(lower("event")), lower("pf_action")
        ),
        "protocol": PROTOCOL,
        "src_ip": text("src_ip", "src4_addr", "src6_addr"),
        "src_port": pl.when(~IS_ICMP).then(uint("src_port", bits=16)),
        "dst_ip": text("dst_ip", "dst4_addr", "dst6_addr"),
        "dst_port": pl.when(~IS_ICMP).then(uint("dst_port", bits=16)),
        "src_nat_ip": text("src_nat_ip", "src4_xlt_ip", "src6_xlt_ip"),
        "src_nat_port": uint("src_nat_port", "src_xlt_port", bits=16),
        "dst_nat_ip": text("dst_nat_ip", "dst4_xlt_ip", "dst6_xlt_ip"),
        "dst_nat_port": uint("dst_nat_port", "dst_xlt_port", bits=16),
        "bytes_out": pl.coalesce(scaled("bytes_out"), scaled("bytes"), uint("in_bytes")),
        "bytes_in": pl.coalesce(pl.when(RETURNED).then(scaled("bytes_in")), uint("out_bytes")),
        "packets_out": pl.coalesce(scaled("packets_out"), scaled("packets"), uint("in_packets")),
        "packets_in": pl.coalesce(pl.when(RETURNED).then(scaled("packets_in")), uint("out_packets")),
        "duration": pl.coalesce(seconds("duration"), (END - START).dt.total_microseconds() / 1e6,
                                (END_LOCAL - START_LOCAL).dt.total_microseconds() / 1e6),
        "tcp_flags": pl.coalesce(
            tcp_flag_bits(BITS), pl.when(FLAGS.str.contains(r"^[CEUAPRSF]+$")).then(FLAGS)
        ),
        "icmp_type": pl.when(IS_ICMP).then(pl.coalesce(
            uint("icmp_type", bits=8), pl.col("dst_port").str.extract(r"^(\d+)\.").cast(pl.UInt8, strict=False),
            (PACKED // 256).cast(pl.UInt8, strict=False))),
        "icmp_code": pl.when(IS_ICMP).then(pl.coalesce(
            uint("icmp_code", bits=8), pl.col("dst_port").str.extract(r"\.(\d+)$").cast(pl.UInt8, strict=False),
            (PACKED % 256).cast(pl.UInt8, strict=False))),
        "in_iface": no_zeros("input"),
        "out_iface": no_zeros("output"),
        "rule": pl.coalesce(no_zeros("ingress_acl"), pl.col("pf_rule")),
        "reason": pl.coalesce("pf_reason", pl.when(~lower("xevent").is_in(["ignore", "<no-evt>"])).then("xevent")),
        "user_name": pl.coalesce(no_zeros("user_name"), no_zeros("username")),
        "session_id": no_zeros("connect_id"),
        "repeat_count": pl.when(uint("flows", "aggr_flows", bits=32) > 0).then(uint("flows", "aggr_flows", bits=32)),
    },
)  # fmt: skip
