"""Linux connection tracking: `conntrack -E` and `-L`, also as XML or commands, and `/proc/net/nf_conntrack`.

A line has two tuples, the connection as it began and the reply that is expected; where they do not mirror each other,
the difference is the translation. NEW begins a translation, DESTROY ends it; a snapshot (`-L`) says that it was there,
and not when. An UPDATE is an event and tells no new translation.

Reference: https://manpages.debian.org/stable/conntrack/conntrack.8.en.html
Reference: https://docs.kernel.org/networking/nf_conntrack-sysctl.html

Time: `-o timestamp` in epoch seconds; `-o ktimestamp` (start, stop) and the XML's `when` are local without zone.
Without these there is none, and `ts` is NULL. DESTROY comes a time-out after the last packet, and up to a minute later
still: `delta-time` then gives a start that is as much too late, which is told of the event and not of the translation.
Counters stand there where `nf_conntrack_acct` is on. The file's name, or `--sensor`, is the translating device.
The state goes to `reason`; the ids of ICMP are none of a connection. Not covered: the expectation table.
"""

from __future__ import annotations

import polars as pl

from fwforensics.formats._conntrack import IS_SAVED, IS_XML, Rewritten
from fwforensics.formats._either import Either
from fwforensics.formats._fields import civil, code, epoch, iso_local, port, text, uint
from fwforensics.formats._format import Format
from fwforensics.formats._layouts import LINE, KeyValue

TUPLE = r"src=\S+\s+dst=\S+\s"
#: What stands before the first tuple, from the protocol on: name, number, time-out, state.
PROTOCOL = r"(?:^|\s)([a-z][a-z0-9-]*)\s+(\d+)\s+(?:\d+\s+)?(?:([A-Z][A-Z0-9_]+)\s+)?"
ANCHOR = LINE.str.find(r"\bsrc=")
TEXT = KeyValue(anchor=ANCHOR)

HEAD = pl.col("@head")
PARTS = HEAD.str.extract_groups(PROTOCOL + "$")
NUMBER = PARTS.struct.field("2")
NAME = PARTS.struct.field("1")
IP_PROTOCOL = pl.when((NAME == "unknown") & (NUMBER != "0")).then(NUMBER).when(NAME != "unknown").then(NAME)
STATE = PARTS.struct.field("3").str.to_lowercase()
EVENT = HEAD.str.extract(r"\[(NEW|UPDATE|DESTROY)\]").str.to_lowercase()
IS_END = (EVENT == "destroy").fill_null(False)
#: When the line was written, to the microsecond.
STAMP = HEAD.str.extract_groups(r"\[(\d{8,11})\.(\d{1,9})\]\s")
WRITTEN = (
    STAMP.struct.field("1").cast(pl.Int64) * 1_000_000 + STAMP.struct.field("2").str.head(6).str.zfill(6).cast(pl.Int64)
).cast(pl.Datetime("us"))
TS = pl.coalesce(WRITTEN, pl.col("@ts"))
LASTED = (pl.col("delta-time").cast(pl.Float64, strict=False) * 1_000_000).cast(pl.Int64).cast(pl.Duration("us"))


def kernel_time(word: str) -> pl.Expr:
    """`[start=Thu Jan  1 00:00:00 2026]`, as the host's clock has it."""
    parts = pl.col("@line").str.extract_groups(rf"\[{word}=\w+ +(\w+) +(\d+) +(\d+):(\d+):(\d+) +(\d{{4}})\]")
    month, day, hour, minute, second, year = (parts.struct.field(str(i)) for i in range(1, 7))
    words = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    number = month.replace_strict({w: f"{i:02}" for i, w in enumerate(words, 1)}, default=None, return_dtype=pl.String)
    return civil(year, number, day, hour, minute, second)


START_LOCAL, STOP_LOCAL = kernel_time("start"), kernel_time("stop")
#: The line was written within a minute or so after the stop: what else lies between them is the host's zone.
ZONE = ((STOP_LOCAL - WRITTEN).dt.total_seconds() / 900).round() * 900
START = pl.coalesce(epoch("start-ns", "ns"), START_LOCAL - pl.duration(microseconds=(ZONE * 1_000_000).cast(pl.Int64)))
WHEN_LOCAL = pl.coalesce(iso_local("when"), pl.col("@ts_local"))

#: A connection's own end as the reply sees it; equal to the original where nothing is translated.
NEW_SRC, NEW_SPORT = pl.col("dst#2"), port("dport#2")
NEW_DST, NEW_DPORT = pl.col("src#2"), port("sport#2")
SRC_MOVED = NEW_SRC.ne_missing(pl.col("src")) | (NEW_SPORT.is_not_null() & NEW_SPORT.ne_missing(port("sport")))
DST_MOVED = NEW_DST.ne_missing(pl.col("dst")) | (NEW_DPORT.is_not_null() & NEW_DPORT.ne_missing(port("dport")))
#: An UPDATE adds nothing to the NEW before it or the DESTROY after it.
TELLS = (SRC_MOVED | DST_MOVED) & NEW_SRC.is_not_null() & (EVENT.is_null() | (EVENT != "update"))


def told(value: pl.Expr) -> pl.Expr:
    """A column of a translation, NULL where the line tells of none."""
    return pl.when(TELLS).then(value)


def within(key: str) -> pl.Expr:
    """A counter of a line; a repeated line of one connection would count again, so that an UPDATE has none."""
    return pl.when(EVENT.is_null() | (EVENT != "update")).then(uint(key))


FORMAT = Format(
    name="conntrack",
    title="Linux conntrack (events, table, /proc/net/nf_conntrack)",
    reference="https://manpages.debian.org/stable/conntrack/conntrack.8.en.html",
    notes="Give --sensor: the text does not say which device it is of. Snapshots have no time.",
    kind="flow",
    is_record=(LINE.str.contains(" src=", literal=True) & LINE.str.contains(rf"{PROTOCOL}{TUPLE}.*\b{TUPLE}"))
    | (LINE.str.contains("<layer3 ", literal=True) & IS_XML)
    | IS_SAVED,
    is_noise={
        "header": LINE.str.contains(r"^conntrack v[\d.]+ \(conntrack-tools\)|^</?conntrack>\s*$")
        | LINE.str.contains(r'^<\?xml version="1\.0" encoding="utf-8"\?>\s*$')
    },
    layout=Either(TEXT, Rewritten(TEXT), is_second=~LINE.str.contains(" src=", literal=True)),
    columns={
        "ts": pl.when(IS_END).then(pl.coalesce(START, TS - LASTED, TS)).otherwise(TS),
        "ts_local": pl.when(IS_END).then(pl.coalesce(START_LOCAL, WHEN_LOCAL - LASTED, WHEN_LOCAL))
        .otherwise(pl.coalesce(WHEN_LOCAL, START_LOCAL)),
        "ts_end": pl.when(IS_END & (LASTED.is_not_null() | START.is_not_null())).then(TS),
        "ts_end_local": pl.when(IS_END & (LASTED.is_not_null() | START_LOCAL.is_not_null()))
        .then(pl.coalesce(WHEN_LOCAL, STOP_LOCAL)),
        "sensor": pl.col("@host"),
        "disposition": pl.coalesce(EVENT, STATE),
        "protocol": IP_PROTOCOL,
        "src_ip": pl.col("src"),
        "src_port": port("sport"),
        "dst_ip": pl.col("dst"),
        "dst_port": port("dport"),
        "src_nat_ip": pl.when(SRC_MOVED).then(NEW_SRC),
        "src_nat_port": pl.when(SRC_MOVED).then(NEW_SPORT),
        "dst_nat_ip": pl.when(DST_MOVED).then(NEW_DST),
        "dst_nat_port": pl.when(DST_MOVED).then(NEW_DPORT),
        "packets_out": within("packets"),
        "bytes_out": within("bytes"),
        "packets_in": within("packets#2"),
        "bytes_in": within("bytes#2"),
        "duration": pl.col("delta-time").cast(pl.Float64, strict=False),
        "icmp_type": code("type"),
        "icmp_code": code("code"),
        "reason": STATE,
        "session_id": pl.when(NAME.str.starts_with("icmp") & pl.col("type").is_not_null())
        .then(text("id#3"))
        .otherwise(text("id")),
    },
    tables={
        "translations": {
            "protocol": told(IP_PROTOCOL),
            "orig_src_ip": told(pl.col("src")),
            "orig_src_port": told(port("sport")),
            "orig_dst_ip": told(pl.col("dst")),
            "orig_dst_port": told(port("dport")),
            "new_src_ip": told(NEW_SRC),
            "new_src_port": told(NEW_SPORT),
            "new_dst_ip": told(NEW_DST),
            "new_dst_port": told(NEW_DPORT),
            "sensor": told(pl.col("@host")),
            "started_at": told(pl.when(EVENT == "new").then(TS).when(IS_END).then(START)),
            "started_at_local": told(pl.when(EVENT == "new").then(WHEN_LOCAL).when(IS_END).then(START_LOCAL)),
            "ended_at": told(pl.when(IS_END).then(TS)),
            "ended_at_local": told(pl.when(IS_END).then(pl.coalesce(WHEN_LOCAL, STOP_LOCAL))),
        }
    },
)  # fmt: skip
