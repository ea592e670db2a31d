"""Aggregates of pmacct (nfacctd, sfacctd, pmacctd, uacctd): JSON from any plugin, CSV and columns of the print plugin.

A record sums all traffic with equal keys, and has only the keys that `aggregate` names. JSON objects stand one a line;
CSV and columns are named by the line of titles above them, which differ from the JSON names and are read as these.

Reference: https://github.com/pmacct/pmacct/blob/master/CONFIG-KEYS
Reference: https://github.com/pmacct/pmacct/blob/master/QUICKSTART

Time: `timestamp_start` and `timestamp_end`; in their absence the first and last of `timestamp_min`, `_arrival`,
`_export` or the bin `stamp_inserted`. Epoch, RFC 3339, or text without zone (local, unless `timestamps_utc`). The
sensor is the exporter (`peer_ip_src`), else the collector's `writer_id`. Counters are as pmacct wrote them:
renormalised where sampling was, one way, out of the source. Dropped traffic (`fwd_status`) and denied NSEL events give
`action`. Labels, AS paths, communities and MPLS stay in `extra`. Markers of a purge hold no traffic. Not covered: Avro.
"""

from __future__ import annotations

import re

import polars as pl

from fwforensics.formats._delimited import Delimited
from fwforensics.formats._either import Either
from fwforensics.formats._fields import epoch, iso, iso_local, lower, mapped, tcp_flag_bits, tcp_flag_words, text, uint
from fwforensics.formats._format import Format, Layout
from fwforensics.formats._json import Json
from fwforensics.formats._layouts import LINE
from fwforensics.formats._netflow_elements import FIREWALL_ACTIONS, FIREWALL_EVENTS
from fwforensics.formats._pattern import Headed, Pattern
from fwforensics.formats._spelled import Spelled

IS_JSON = LINE.str.contains("{", literal=True)
RECORD = r'"ip_(?:src|dst)"\s*:'
COUNTED = r'"(?:packets|bytes|flows)"\s*:|"writer_id"\s*:'
HEADER = LINE.str.contains(r"^(?:[A-Z][A-Z0-9_]+(?:[,;|\t]| +))*(?:SRC_IP|DST_IP)\b") & LINE.str.contains(
    r"\b(?:BYTES|PACKETS)\b"
)
#: Titles of CSV and columns that say it the other way round than JSON.
TURNED = re.compile(r"^(POST_NAT_|TUNNEL_)?(SRC|DST)_(IP|PORT|AS|NET|MASK|MAC)$")
TITLES = {"PROTOCOL": "ip_proto", "IN_IFACE": "iface_in", "OUT_IFACE": "iface_out", "PEER_SRC_IP": "peer_ip_src"}


def json_name(title: str) -> str:
    """A title as the JSON name of the same key."""
    title = title.strip()
    turned = TURNED.match(title)
    if turned:
        return f"{turned[1] or ''}{turned[3]}_{turned[2]}".lower()
    return TITLES.get(title, title.lower())


def separator(header: str) -> str | None:
    """What stands between the titles; None: blanks."""
    return next((mark for mark in ",;|\t" if mark in header), None)


def below(header: str) -> Layout:
    """How the rows below a line of titles fall apart."""
    mark = separator(header)
    if mark is None:
        return Pattern(regex=columns(header))
    return Delimited(names=[json_name(t) for t in header.split(mark)], separator=mark, quote='"')


def columns(header: str) -> str:
    """An expression for rows in columns; only a time has a blank in it."""
    names = [json_name(t) for t in header.split()]
    stamp, word = r"\d{4}-\d\d-\d\d[ T][\d:.]+\S*|\S+", r"\S+"
    groups = [rf"(?<{n}>{stamp if n.startswith('timestamp_') else word})" for n in names]
    return "^" + r"\s+".join(groups) + r"\s*$"


def rows_below(header: str) -> pl.Expr:
    """Lines with as many separators as the titles have."""
    mark = separator(header)
    if mark is None:
        return LINE.str.contains(columns(header))
    return (LINE.str.count_matches(mark, literal=True) >= header.count(mark)) & ~LINE.str.contains(r"^\s*\{")


def when(key: str) -> pl.Expr:
    """Epoch seconds, or a time with its zone."""
    return pl.coalesce(iso(key), pl.when(pl.col(key).str.contains(r"^\d{9,11}(?:\.\d+)?$")).then(epoch(key, "s")))


def given(key: str) -> pl.Expr:
    """An address that is not written for none."""
    return pl.when(~pl.col(key).is_in(["", "0.0.0.0", "::"])).then(pl.col(key))  # noqa: S104


STARTS = ("timestamp_start", "timestamp_min", "timestamp_arrival", "timestamp_export", "stamp_inserted")
ENDS = ("timestamp_end", "timestamp_max")
FLAGS = pl.col("tcp_flags")
HEXADECIMAL = FLAGS.str.extract(r"^0x([0-9A-Fa-f]+)$").str.to_integer(base=16, strict=False)
BITS = pl.coalesce(FLAGS.cast(pl.Int64, strict=False), HEXADECIMAL)
STATUS = lower("fwd_status")
DROPPED = STATUS.str.starts_with("dropped") | (uint("fwd_status") // 64 == 2)
ACTIONS = {str(n): word for n, word in FIREWALL_ACTIONS.items()} | {"denied": "deny", "flow denied": "deny"}
START, START_LOCAL = pl.coalesce(*map(when, STARTS)), pl.coalesce(*map(iso_local, STARTS))
END, END_LOCAL = pl.coalesce(*map(when, ENDS)), pl.coalesce(*map(iso_local, ENDS))

FORMAT = Format(
    name="pmacct_json",
    title="pmacct aggregates (JSON, CSV, columns)",
    reference="https://github.com/pmacct/pmacct/blob/master/CONFIG-KEYS",
    notes="Aggregates over the keys that are there; one way.",
    kind="flow",
    opens=HEADER,
    follows=rows_below,
    is_record=(IS_JSON & LINE.str.contains(RECORD) & LINE.str.contains(COUNTED)) | HEADER,
    is_noise={
        "purge marker": IS_JSON
        & LINE.str.contains(r'"event_type"\s*:\s*"purge_(?:init|close)"')
        & LINE.str.contains('"writer_id"', literal=True),
        "header": LINE.str.contains(r"^--(?:START|END) \(\d+\)--"),
    },
    layout=Spelled(
        Either(
            Headed(header=HEADER, layout=below, default=Delimited(names=lambda _kind, _count: None)),
            Json(begin=LINE.str.find("{", literal=True)),
            is_second=IS_JSON,
        ),
        {},
    ),
    columns={
        "ts": pl.coalesce(START, pl.col("@ts")),
        "ts_local": pl.coalesce(START_LOCAL, pl.col("@ts_local")),
        "ts_end": END,
        "ts_end_local": END_LOCAL,
        "sensor": pl.coalesce(given("peer_ip_src"), text("writer_id")),
        "action": pl.coalesce(mapped("fw_event", ACTIONS), pl.when(DROPPED).then(pl.lit("deny"))),
        "disposition": pl.coalesce(
            mapped("fw_event", {str(n): w for n, w in FIREWALL_EVENTS.items()}),
            pl.when(STATUS != "0").then(STATUS),
        ),
        "protocol": pl.when(pl.col("ip_proto") != "0").then(pl.col("ip_proto")),
        "src_ip": given("ip_src"),
        "src_port": uint("port_src", bits=16),
        "dst_ip": given("ip_dst"),
        "dst_port": uint("port_dst", bits=16),
        "src_nat_ip": text("post_nat_ip_src"),
        "src_nat_port": uint("post_nat_port_src", bits=16),
        "dst_nat_ip": text("post_nat_ip_dst"),
        "dst_nat_port": uint("post_nat_port_dst", bits=16),
        "bytes_out": uint("bytes"),
        "packets_out": uint("packets"),
        "duration": (pl.coalesce(END - START, END_LOCAL - START_LOCAL).dt.total_microseconds() / 1e6).round(6),
        "tcp_flags": pl.coalesce(tcp_flag_bits(BITS), tcp_flag_words(FLAGS)),
        "in_iface": pl.coalesce(pl.col("iface_name_in"), pl.when(pl.col("iface_in") != "0").then("iface_in")),
        "out_iface": pl.coalesce(pl.col("iface_name_out"), pl.when(pl.col("iface_out") != "0").then("iface_out")),
        "app": lower("class"),
        "repeat_count": pl.when(uint("flows", bits=32) > 0).then(uint("flows", bits=32)),
    },
)  # fmt: skip
