"""Squid's access.log: the built-in formats squid, common, combined and referrer, and many custom ones.

What marks a line is the result, `TCP_MISS/200` or `TCP_DENIED:HIER_NONE`. Of the native order, the time may be written
in other ways, and elapsed time, size, user, peer and type may be missing or more may follow them (`log_mime_hdrs`,
custom fields: `extra.rest`). Read is also `%>a:%>p %{Host}>h %<a:%<p %rv %rm %>Hs %Ss:%Sh %ru`, which filters of
coding agents write. A syslog header may stand before all of them.

Reference: https://www.squid-cache.org/Doc/config/logformat/
Reference: https://wiki.squid-cache.org/SquidFaq/SquidLogs

Time: epoch or with its zone, else local; that of the end, from which the elapsed time gives the start. DENIED is a
denial, whoever asked for the password (407) included; everything that was fetched, found or tunnelled is allowed,
whatever the server answered; a request that was none (NONE, error:…) has no action. The destination's name is that of
the URL, its address the peer that was asked, or the URL's own. The port is that of the URL, or of its scheme. Bytes are
what the client got. Not covered: useragent.log, store.log and formats without the result.
"""

from __future__ import annotations

import polars as pl

from fwforensics.formats._fields import epoch, host_name, iso, iso_local, lower, number, text, uint
from fwforensics.formats._format import Format
from fwforensics.formats._layouts import LINE
from fwforensics.formats._pattern import Pattern, Patterns

STAMP = (
    r"(?<time>\d{9,10}\.\d{1,6}|\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?"
    r"|\[?\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d(?:\.\d+)? [+-]\d{4}\]?)"
)
HEAD = r"^(?<head>(?:.*?\s)?)"
CLIENT = r"(?<client>[0-9A-Fa-f]*:[0-9A-Fa-f:.]+|\d{1,3}(?:\.\d{1,3}){3}|[\w.-]+)(?::(?<client_port>\d+))?"
RESULT = r"(?<result>(?:TCP|UDP|NONE|TAG|ICP)_[A-Z_]+|NONE)"
NATIVE = (
    rf"{HEAD}{STAMP}\|?\s+(?:(?<elapsed>-?\d+)\s+)?{CLIENT}(?:/(?<client_name>\S+))?\s+{RESULT}/(?<status>\d{{3}}|-)\s+"
    r"(?:(?<size>\d+|-)\s+)?(?<method>[A-Z_-]+)\s+(?<url>\S+)"
    r"(?:\s+(?<user>\S+)\s+(?<hierarchy>[A-Z_]+)/(?<peer>\S+))?(?:\s+(?<type>[\w.+-]+/[\w.+*-]+\S*|-))?"
    r"(?:\s+(?<rest>\S.*?))?\s*$"
)
COMMON = (
    rf"{HEAD}{CLIENT}\s+(?<ident>\S+)\s+(?<user>\S+)\s+{STAMP}\s+"
    rf"\"(?<method>[A-Z_-]+) (?<url>\S+)(?: (?<version>\S+?))?\"\s+"
    rf"(?<status>\d{{3}}|-)\s+(?<size>\d+|-)(?:\s+\d+)?(?:\s+\"(?<referrer>[^\"]*)\"\s+\"(?<agent>[^\"]*)\")?\s+"
    rf"{RESULT}:(?<hierarchy>[A-Z_]+)(?:\s+(?<rest>\S.*?))?\s*$"
)
FILTER = (
    rf"{HEAD}{STAMP}\s+{CLIENT}\s+(?<host>\S+)\s+(?<peer>\S+?):(?<peer_port>\d+|-)\s+(?<version>[\d.-]+)\s+"
    rf"(?<method>[A-Z_-]+)\s+(?<status>\d{{3}}|-)\s+{RESULT}:(?<hierarchy>[A-Z_]+)\s+(?<url>\S+)(?:\s+\"(?<agent>[^\"]*)\")?\s*$"
)
REFERRER = (
    r"^(?<time>\d{9,10}\.\d{3})\s+(?<client>[0-9A-Fa-f:.]+)\s+(?<referrer>https?://\S+|-)\s+(?<url>[a-z]+://\S+)\s*$"
)
MARK = r"\b(?:(?:TCP|UDP|NONE|TAG|ICP)_[A-Z_]+|NONE)(?:/(?:\d{3}|-)|:[A-Z_]+)(?:\s|$)"
NULL = ("", "-", "-:-")
#: Read in part, and worth keeping whole.
KEPT = ("url", "status", "hierarchy", "peer")

IS_DENIED = pl.col("result").str.contains("DENIED", literal=True)
#: One cache asks another, which is no connection to the server.
IS_QUERY = pl.col("result").str.starts_with("UDP_").fill_null(False)
IS_NOTHING = pl.col("result").str.contains(r"^(?:NONE|TAG_NONE)") & (pl.col("status") != "200").fill_null(True)
IS_BY_PARENT = (
    pl.col("hierarchy").str.contains(r"PARENT|SIBLING|CARP|ROUNDROBIN|SOURCEHASH|USERHASH|CD_").fill_null(False)
)
URL = pl.col("url").str.extract_groups(
    r"^(?:(?<scheme>[A-Za-z][A-Za-z0-9+.-]*)://)?(?:[^/?#@\s]*@)?"
    r"(?<host>\[[0-9A-Fa-f:.]+\]|[^/?#:\s\[\]]+)(?::(?<port>\d+))?"
)
IS_URL = pl.col("url").str.contains(r"://|^\[?[\w.:-]+\]?:\d+/?$")
HOST, SCHEME = (pl.when(IS_URL).then(URL.struct.field(f)) for f in ("host", "scheme"))
PORTS = {"http": "80", "ws": "80", "https": "443", "wss": "443", "ftp": "21", "gopher": "70", "wais": "210"}
PORT = pl.when(IS_URL).then(
    pl.coalesce(
        URL.struct.field("port"),
        SCHEME.str.to_lowercase().replace_strict(PORTS, default=None, return_dtype=pl.String),
    )
)
ADDRESS = r"^\[?(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]*:[0-9A-Fa-f:.]*)\]?$"


def only_address(value: pl.Expr) -> pl.Expr:
    """A text that is an address, and no name."""
    return pl.when(value.str.contains(ADDRESS)).then(value)


#: `[04/Mar/2026:10:00:00 +0100]`.
WITH_ZONE = (
    pl.col("time")
    .str.strip_chars("[]")
    .str.to_datetime("%d/%b/%Y:%H:%M:%S%.f %z", strict=False, time_unit="us")
    .dt.convert_time_zone("UTC")
    .dt.replace_time_zone(None)
)
EPOCH = pl.when(pl.col("time").str.contains(r"^\d{9,10}\.\d+$")).then(epoch("time", "s"))
ZONED, LOCAL = pl.coalesce(EPOCH, WITH_ZONE, iso("time")), iso_local("time")
LASTED = pl.when(number("elapsed") >= 0).then(number("elapsed") / 1000)
SPAN = pl.duration(microseconds=(LASTED * 1e6).round().fill_null(0))

FORMAT = Format(
    name="squid",
    title="Squid access.log (squid, common, combined, referrer and custom formats with the result)",
    reference="https://www.squid-cache.org/Doc/config/logformat/",
    notes="A denial is one of Squid; what a server refused is allowed.",
    kind="proxy",
    is_record=(LINE.str.contains(MARK) & pl.any_horizontal(LINE.str.contains(r) for r in (NATIVE, COMMON, FILTER)))
    | (LINE.str.contains("://", literal=True) & LINE.str.contains(REFERRER)),
    layout=Patterns(tuple(Pattern(regex=r, null=NULL, keep=KEPT) for r in (NATIVE, COMMON, FILTER, REFERRER))),
    columns={
        "ts": ZONED - SPAN,
        "ts_local": LOCAL - SPAN,
        "ts_end": pl.when(LASTED.is_not_null()).then(ZONED),
        "ts_end_local": pl.when(LASTED.is_not_null()).then(LOCAL),
        "sensor": pl.col("@host"),
        "action": pl.when(IS_DENIED).then(pl.lit("deny")).when(pl.col("result").is_not_null() & ~IS_NOTHING)
        .then(pl.lit("allow")),
        "disposition": lower("result"),
        "protocol": pl.when(IS_QUERY).then(pl.lit("udp")).otherwise(pl.lit("tcp")),
        "src_ip": only_address(pl.col("client")),
        "src_port": pl.when(uint("client_port", bits=16) > 0).then(uint("client_port", bits=16)),
        "dst_ip": pl.coalesce(
            pl.when(~IS_BY_PARENT).then(only_address(pl.col("peer"))), only_address(HOST), only_address(pl.col("peer"))
        ),
        "dst_port": pl.when(~IS_QUERY).then(PORT).cast(pl.UInt16, strict=False),
        "bytes_in": uint("size"),
        "duration": LASTED,
        "app": SCHEME.str.to_lowercase(),
        "dst_name": pl.coalesce(
            pl.when(HOST.str.contains(r"[A-Za-z]") & ~HOST.str.contains(ADDRESS)).then(HOST.str.to_lowercase()),
            host_name(pl.col("host")),
        ),
        "user_name": text("user"),
    },
)  # fmt: skip
