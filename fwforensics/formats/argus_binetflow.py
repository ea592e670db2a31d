"""Argus flows as `ra` prints them: CSV with any separator (binetflow files), and columns below their titles.

Any fields in any order, by the titles of `ra -s` or by the names of its fields (`stime,saddr,…`). Rows without a line
of titles are read where they have the order of binetflow: StartTime, Dur, Proto, SrcAddr, Sport, Dir, DstAddr, Dport,
State, sTos, dTos, TotPkts, TotBytes, SrcBytes, with or without SrcPkts and Label.

Reference: https://openargus.org/using-argus
Reference: https://github.com/openargus/clients

An arrow to the left says that the destination opened the flow: ends and counters are turned. An arrow with a question
mark says that nobody knows, and the ends stay as written. Argus decides nothing: `action` is NULL, `disposition` is the
state. States of TCP that list flags (`SPA_FA`) give `tcp_flags` of both directions. ICMP: the type is the low and the
code the high byte of `Sport`. Names in place of ports are read where they are common ones. Records of the sensor itself
(`man`) and of hosts without an address (`llc`, `stp`) are no traffic; ARP is an event without ports.

Time: with date in local time, or epoch seconds; a time of day alone is none. Not covered: `ra -M xml` and `-M json`.
"""

from __future__ import annotations

import polars as pl

from fwforensics.formats._cells import cells
from fwforensics.formats._cisco_words import SERVICES
from fwforensics.formats._delimited import Delimited
from fwforensics.formats._fields import epoch, lower, number, text, uint
from fwforensics.formats._format import Format, Layout
from fwforensics.formats._layouts import LINE
from fwforensics.formats._pattern import Headed, Pattern

#: Titles that `ra` prints, in lower case, and the names of the fields.
TITLES = {
    "starttime": "stime", "lasttime": "ltime", "dur": "dur", "proto": "proto", "srcaddr": "saddr", "sport": "sport",
    "dir": "dir", "dstaddr": "daddr", "dport": "dport", "state": "state", "totpkts": "pkts", "totbytes": "bytes",
    "srcpkts": "spkts", "dstpkts": "dpkts", "srcbytes": "sbytes", "dstbytes": "dbytes", "srcid": "srcid",
}  # fmt: skip
FIELDS = {**TITLES, **{name: name for name in TITLES.values()}}
NAMES = "stime dur proto saddr sport dir daddr dport state sTos dTos pkts bytes sbytes Label"
BINETFLOW = NAMES.split()
WITH_PACKETS = [*BINETFLOW[:-1], "spkts", "Label"]
HEADER = LINE.str.contains(r"^[\s\"#\x{feff}]*(?:[\w \"-]+[,;|\t ])*\"?(?:SrcAddr|saddr)\b") & LINE.str.contains(
    r"\b(?:DstAddr|daddr)\b"
)
#: Others call their addresses so, too; these are titles of Argus alone, or nearly.
HEADER &= LINE.str.contains(
    r"\b(?:StartTime|LastTime|Dur|TotPkts|TotBytes|Src(?:Pkts|Bytes)|Flgs|State|Dir|Sport|[sl]time|[sd]?pkts|dir|sport)\b"
)
TIME = r"(?:\d{4}[-/.]\d\d?[-/.]\d\d?[T. ]+\d\d?:\d\d:\d\d(?:[.,]\d+)?|\d{9,10}\.\d+)"
ARROW = r"(?:<?[?|o-]{1,2}>?|who|rsp)"
ROW = rf"^{TIME},[0-9.]+,[a-z][\w-]*,[0-9A-Fa-f:.]+,[\w-]*,\s*{ARROW}\s*,[0-9A-Fa-f:.]+,"
ADDRESS = r"(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]*:[0-9A-Fa-f:]*(?:\d{1,3}(?:\.\d{1,3}){3})?\*?)"
#: How a column looks whose values may be missing or hold blanks; any other is a word.
SHAPES = {
    "stime": rf"(?<stime>{TIME}|\d\d?:\d\d:\d\d(?:\.\d+)?|\d+\.\d+)",
    "ltime": rf"(?<ltime>{TIME}|\d\d?:\d\d:\d\d(?:\.\d+)?|\d+\.\d+)",
    "Flgs": r"(?:(?<Flgs>[A-Za-z*&@$ ]{1,9}?)\s+)??",
    "proto": r"(?<proto>[a-z][\w*-]*|\d+)",
    "saddr": rf"(?<saddr>{ADDRESS})",
    "daddr": rf"(?<daddr>{ADDRESS})",
    "dir": rf"(?<dir>{ARROW})",
}
#: A port stands behind a dot, or a blank, or is missing; a missing one must not take the arrow or a counter.
PORTS = {"sport": r"(?:[.:](?<sport>[\w*-]+))?", "dport": r"(?:[.:](?<dport>[\w*-]+))?"}


def separator(header: str) -> str | None:
    """What stands between the titles; None: blanks."""
    return next((mark for mark in ",;|\t" if mark in header), None)


def titles(header: str) -> list[str]:
    """The titles, as names of fields where a column reads them."""
    mark = separator(header)
    body = header.strip().lstrip("#\ufeff")
    names = cells(body, mark) if mark else body.split()
    return [FIELDS.get(name.strip().lower(), name.strip()) for name in names]


def below(header: str) -> Layout:
    """How the rows below a line of titles fall apart."""
    mark = separator(header)
    if mark is None:
        return Pattern(regex=columns(titles(header)), null=("", "*"))
    return Delimited(names=titles(header), separator=mark, quote='"')


def columns(names: list[str]) -> str:
    """An expression for rows in columns: what follows the destination may be missing."""
    parts: list[str] = []
    seen: set[str] = set()
    for name in names:
        gap = r"\s*" if not parts else r"\s+"
        group = "".join(c if c.isalnum() else "_" for c in name)
        if name in seen or not group[:1].isalpha():
            parts.append(rf"(?:{gap}\S+)?")
        elif name in PORTS:
            parts.append(PORTS[name])
        elif name == "Flgs":
            parts.append(gap + SHAPES[name] + r"(?:)")
        elif name in SHAPES:
            # Flags bring the blanks that follow them.
            parts.append(("" if parts and parts[-1].endswith("(?:)") else gap) + SHAPES[name])
        else:
            parts.append(rf"(?:{gap}(?<{group}>\S+))?")
        seen.add(name)
    return "^" + "".join(parts)


def rows_below(header: str) -> pl.Expr:
    """Lines with as many separators as the titles have, or nearly: a label may hold more, or be missing."""
    mark = separator(header)
    if mark is None:
        return LINE.str.contains(columns(titles(header)))
    count = header.count(mark)
    return (LINE.str.count_matches(mark, literal=True) >= count - 1) & LINE.str.contains(r"^\"?[\w-]")


def plain(count: int) -> list[str] | None:
    """Names of a row without titles, by the number of its fields."""
    return WITH_PACKETS if count >= len(WITH_PACKETS) else BINETFLOW[:count] if count > 12 else None


HEADLESS = Delimited(names=lambda _kind, count: plain(count), separator=",")
DIR = pl.col("dir").str.strip_chars()
TURNED = DIR.str.contains(r"^<[-|o]$").fill_null(False)
IS_ICMP = pl.col("proto").str.contains(r"(?i)icmp").fill_null(False)


def end(this: str, other: str, kind: str = "addr") -> pl.Expr:
    """A field of the end that opened the flow, or of the other."""
    a, b = pl.col(f"{this}{kind}").str.strip_chars(), pl.col(f"{other}{kind}").str.strip_chars()
    return pl.when(TURNED).then(b).otherwise(a)


def port_of(this: str, other: str) -> pl.Expr:
    """A port as a number, in hexadecimal or by its name."""
    given = end(this, other, "port")
    return pl.coalesce(
        given.cast(pl.UInt16, strict=False),
        given.str.strip_prefix("0x").str.to_integer(base=16, strict=False).cast(pl.UInt16, strict=False),
        given.replace_strict(NAMED_PORTS, default=None, return_dtype=pl.String).cast(pl.UInt16, strict=False),
    )


NAMED_PORTS = SERVICES | {
    "bootps": "67", "bootpc": "68", "imap": "143", "imap2": "143", "imaps": "993", "pop3s": "995", "epmap": "135",
    "microsoft-ds": "445", "ms-wbt-server": "3389", "mdns": "5353", "ssdp": "1900", "llmnr": "5355", "http-alt": "8080",
    "submission": "587", "smtps": "465", "mysql": "3306", "postgresql": "5432", "route": "520", "snmp-trap": "162",
    "ftps": "990", "socks": "1080", "x11": "6000", "ipsec-nat-t": "4500", "sip-tls": "5061", "rsync": "873",
}  # fmt: skip
CODES = pl.when(IS_ICMP).then(
    pl.col("sport").str.strip_chars().str.extract(r"^0x([0-9A-Fa-f]{1,4})$").str.to_integer(base=16, strict=False)
)


def counter(what: str, *, back: bool) -> pl.Expr:
    """What the opener sent, or got; what the destination sent is the rest of the total where it is not said."""
    source = uint(f"s{what}")
    rest = pl.when(uint(what) >= source).then(uint(what) - source)
    target = pl.coalesce(uint(f"d{what}"), rest)
    return pl.when(pl.lit(back) != TURNED).then(target).otherwise(source)


def moment(key: str) -> pl.Expr:
    """Epoch seconds."""
    return pl.when(pl.col(key).str.contains(r"^\d{9,10}(?:\.\d+)?$")).then(epoch(key, "s"))


def written(key: str) -> pl.Expr:
    """Date and time of day, as `ra` writes them or as its user had it."""
    stamp = pl.col(key).str.replace(r"^(\d{4})[-/.](\d\d?)[-/.](\d\d?)[T. ]+(\d\d?:\d\d:\d\d)", "$1-$2-$3 $4")
    return stamp.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", strict=False, time_unit="us")


LASTED = pl.duration(microseconds=(number("dur") * 1e6).round())
IS_MAC = r"^(?:[0-9A-Fa-f]{1,2}:){5}[0-9A-Fa-f]{1,2}$"
NO_TRAFFIC = (
    pl.when(pl.col("proto").is_in(["man", "Man", "MAN"])).then(pl.lit("record of the sensor"))
    .when(pl.col("saddr").str.contains(IS_MAC) & pl.col("daddr").str.contains(IS_MAC)).then(pl.lit("no IP traffic"))
    .when(pl.col("proto").is_in(["llc", "stp", "lldp", "cdp", "loop"])).then(pl.lit("no IP traffic"))
)  # fmt: skip
FLAGS = pl.when(pl.col("state").str.contains(r"^[SAFRPUEC]*_[SAFRPUEC]*$")).then(pl.col("state"))

FORMAT = Format(
    name="argus_binetflow",
    title="Argus flows (ra output: CSV, tab, columns; binetflow)",
    reference="https://openargus.org/using-argus",
    notes="Any fields, by their titles. Times with date are local; Argus decides nothing.",
    kind="flow",
    syslog=False,
    opens=HEADER,
    follows=rows_below,
    is_record=LINE.str.contains(ROW) | HEADER,
    layout=Headed(header=HEADER, layout=below, default=HEADLESS),
    columns={
        "ts": moment("stime"),
        "ts_local": written("stime"),
        "ts_end": pl.coalesce(moment("ltime"), moment("stime") + LASTED),
        "ts_end_local": pl.coalesce(written("ltime"), written("stime") + LASTED),
        "ignored": NO_TRAFFIC,
        "sensor": text("srcid"),
        "disposition": lower("state"),
        "protocol": pl.col("proto").str.strip_chars(),
        "src_ip": end("s", "d"),
        "src_port": pl.when(~IS_ICMP).then(port_of("s", "d")),
        "dst_ip": end("d", "s"),
        "dst_port": pl.when(~IS_ICMP).then(port_of("d", "s")),
        "bytes": uint("bytes"),
        "packets": uint("pkts"),
        "bytes_out": counter("bytes", back=False),
        "bytes_in": counter("bytes", back=True),
        "packets_out": counter("pkts", back=False),
        "packets_in": counter("pkts", back=True),
        "duration": number("dur"),
        "tcp_flags": pl.concat_str(
            [pl.when(FLAGS.str.contains(x, literal=True)).then(pl.lit(x)).otherwise(pl.lit("")) for x in "CEUAPRSF"]
        ).replace("", None),
        "icmp_type": (CODES % 256).cast(pl.UInt8, strict=False),
        "icmp_code": (CODES // 256).cast(pl.UInt8, strict=False),
    },
)  # fmt: skip
