"""SiLK flow records as `rwcut` prints them: any fields by their titles, in columns or `--delimited`, any separator.

Reference: https://tools.netsa.cert.org/silk/rwcut.html

Rows without a line of titles (`--no-titles`) are read in the default order. Addresses may be padded with zeros or be
numbers (`--ip-format`). ICMP type and code stand in fields of their own, or as type × 256 + code in `dPort`, or in
`sPort` and `dPort` (`--icmp-type-and-code`). Titles that `rwcut` does not know (plug-ins, prefix maps) stay in `extra`.

Time: without zone; SiLK prints UTC unless told otherwise, so leave `--tz` alone then. Epoch seconds are read, too. A
record counts one way: all is out of the source. SiLK decides nothing, but flows of the types `innull` and `outnull`
were not routed: these are denials. The type also gives the direction. Not covered: addresses in hexadecimal.
"""

from __future__ import annotations

import re

import polars as pl

from fwforensics.formats._fields import epoch, mapped, naive, number, port, uint
from fwforensics.formats._format import Format, Layout
from fwforensics.formats._layouts import LINE
from fwforensics.formats._pattern import Headed, Pattern

#: Titles that older releases, or options, print for the same field.
TITLES = {
    "sTime+msec": "sTime", "eTime+msec": "eTime", "dur": "duration", "dur+msec": "duration", "durmsec": "duration",
    "sen": "sensor", "sensor": "sensor", "cla": "class", "iTy": "iType", "iCo": "iCode", "typ": "type",
    "protocol": "pro", "pkts": "packets", "proto": "pro", "application": "appli",
    "initialFlags": "initialF", "sessionFlags": "sessionF",
}  # fmt: skip
HEADER = LINE.str.contains(r"^\s*(?:\w[\w+ -]*[|,;:\t ])*\s*sIP\s*[|,;:\t ]") & LINE.str.contains(r"[|,;:\t ]\s*dIP\b")
DEFAULT = "sIP|dIP|sPort|dPort|pro|packets|bytes|flags|sTime|duration|eTime|sen|"
ADDRESS = r"(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*)"
TIME = r"(?:\d{4}/\d\d/\d\dT[\d:.]+|\d{9,10}\.\d+)"
BARE_ROW = rf"^\s*{ADDRESS}\|\s*{ADDRESS}\|(?:\s*\d+\|){{5}}[FSRPAUEC ]*\|\s*{TIME}\|\s*[\d.]+\|\s*{TIME}\|"


def separator(header: str) -> str:
    """What stands between the titles."""
    found = re.search(r"sIP\s*([|,;:\t ])", header)
    return found[1] if found else "|"


def below(header: str) -> Layout:
    """Values between separators, without the blanks that pad them; the last separator may be missing."""
    mark = separator(header)
    value = r"\S*" if mark == " " else rf"[^{re.escape(mark)}]*?"
    gap = r"\s+" if mark == " " else rf"\s*{re.escape(mark)}\s*"
    parts, seen = [], set[str]()
    for title in (t.strip() for t in header.strip().strip(mark).split(mark) if t.strip()):
        name = re.sub(r"\W", "_", TITLES.get(title, title))
        parts.append(value if name in seen or not name[:1].isalpha() else f"(?<{name}>{value})")
        seen.add(name)
    return Pattern(regex=rf"^\s*{gap.join(parts)}(?:{gap})?\s*$")


def rows_below(header: str) -> pl.Expr:
    """Lines with as many separators as the titles have."""
    mark = separator(header)
    count = header.strip().strip(mark).count(mark)
    marks = LINE.str.strip_chars(" \r").str.strip_chars(mark).str.count_matches(mark, literal=True)
    return marks.is_between(count, count + 1) & LINE.str.contains(r"[0-9]")


IS_ICMP = pl.col("pro").is_in(["1", "58", "icmp", "ipv6-icmp"]).fill_null(False)
#: Type and code in one number, unless the source's port holds the type.
PACKED = pl.when(IS_ICMP & (uint("sPort") == 0)).then(uint("dPort", bits=16))
APART = pl.when(IS_ICMP & (uint("sPort") > 0))


def address(key: str) -> pl.Expr:
    """An address; zeros in front of an IPv4 part, or a number in place of the whole, are rewritten."""
    whole = pl.col(key).cast(pl.UInt32, strict=False)
    dotted = pl.format("{}.{}.{}.{}", *(whole // 256**i % 256 for i in (3, 2, 1, 0)))
    plain = pl.col(key).str.replace_all(r"(^|\.)0+(\d)", "$1$2")
    return (
        pl.when(whole.is_not_null())
        .then(dotted)
        .when(pl.col(key).str.contains(r"^[\d.]+$"))
        .then(plain)
        .otherwise(pl.col(key))
    )


def moment(key: str) -> pl.Expr:
    """Epoch seconds."""
    return pl.when(pl.col(key).str.contains(r"^\d{9,10}(?:\.\d+)?$")).then(epoch(key, "s"))


LETTERS = pl.col("flags").str.to_uppercase()
BITS = pl.col("flags").cast(pl.Int64, strict=False)
DIRECTIONS = {
    **dict.fromkeys(("in", "inweb", "inicmp", "innull"), "inbound"), "int2int": "internal", "ext2ext": "external",
    **dict.fromkeys(("out", "outweb", "outicmp", "outnull"), "outbound"),
}  # fmt: skip
FLAGS = {"C": 128, "E": 64, "U": 32, "A": 16, "P": 8, "R": 4, "S": 2, "F": 1}


def flags() -> pl.Expr:
    """TCP flags as letters, out of letters or a number."""
    present = [LETTERS.str.contains(x, literal=True) | ((BITS & bit) > 0).fill_null(False) for x, bit in FLAGS.items()]
    letters = [pl.when(p).then(pl.lit(x)).otherwise(pl.lit("")) for p, x in zip(present, FLAGS, strict=True)]
    joined = pl.concat_str(letters)
    return pl.when(joined != "").then(joined)


LASTED = pl.duration(microseconds=(number("duration") * 1e6).round())

FORMAT = Format(
    name="silk_rwcut",
    title="SiLK flow records (rwcut)",
    reference="https://tools.netsa.cert.org/silk/rwcut.html",
    notes="Any fields by their titles. Times have no zone; SiLK's own default is UTC. "
    "Built from SiLK's documentation; not tried on a recorded file.",
    kind="flow",
    syslog=False,
    opens=HEADER,
    follows=rows_below,
    is_record=LINE.str.contains(BARE_ROW) | HEADER,
    layout=Headed(header=HEADER, layout=below, default=below(DEFAULT)),
    columns={
        "ts": pl.coalesce(moment("sTime"), moment("eTime") - LASTED),
        "ts_local": pl.coalesce(naive("sTime"), naive("eTime") - LASTED),
        "ts_end": pl.coalesce(moment("eTime"), moment("sTime") + LASTED),
        "ts_end_local": pl.coalesce(naive("eTime"), naive("sTime") + LASTED),
        "sensor": pl.col("sensor"),
        "action": mapped("type", {"innull": "deny", "outnull": "deny"}),
        "disposition": mapped("type", {"innull": "innull", "outnull": "outnull"}),
        "direction": mapped("type", DIRECTIONS),
        "protocol": pl.col("pro"),
        "src_ip": address("sIP"),
        "src_port": pl.when(~IS_ICMP).then(port("sPort")),
        "dst_ip": address("dIP"),
        "dst_port": pl.when(~IS_ICMP).then(port("dPort")),
        "bytes_out": uint("bytes"),
        "packets_out": uint("packets"),
        "duration": pl.coalesce(number("duration"), ((moment("eTime") - moment("sTime")).dt.total_microseconds() / 1e6),
                                (naive("eTime") - naive("sTime")).dt.total_microseconds() / 1e6),
        "tcp_flags": flags(),
        "icmp_type": pl.coalesce(uint("iType", bits=8), APART.then(uint("sPort", bits=8)),
                                 (PACKED // 256).cast(pl.UInt8, strict=False)),
        "icmp_code": pl.coalesce(uint("iCode", bits=8), APART.then(uint("dPort", bits=8)),
                                 (PACKED % 256).cast(pl.UInt8, strict=False)),
        "in_iface": pl.col("in"),
        "out_iface": pl.col("out"),
    },
)  # fmt: skip
