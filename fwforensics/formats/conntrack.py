"""Linux connection tracking: `conntrack -E` and `-L` as text, `/proc/net/nf_conntrack`.

A line has two tuples, the connection as it began and the reply that is expected; where they do not mirror each other,
the difference is the translation. NEW begins a translation, DESTROY ends it (a time-out after the last packet); a
snapshot (`-L`) says that it was there, and not when.

Reference: https://manpages.debian.org/stable/conntrack/conntrack.8.en.html
Reference: https://docs.kernel.org/networking/nf_conntrack-sysctl.html

Time: `-o timestamp` in epoch seconds; without it there is none and `ts` is NULL. Counters stand there where
`nf_conntrack_acct` is on. The file's name, or `--sensor`, is the translating device. Not covered: XML output.
"""

from __future__ import annotations

import polars as pl

from fwforensics.formats._fields import code, port, text, uint
from fwforensics.formats._format import Format
from fwforensics.formats._layouts import LINE, KeyValue

HEAD = (
    r"^\s*(?:\[(\d{9,10}\.\d{1,9})\]\s+)?(?:\[(NEW|UPDATE|DESTROY)\]\s+)?(?:(ipv4|ipv6)\s+\d+\s+)?"
    r"([a-z0-9-]+)\s+(\d+)\s+"
)
PARTS = pl.col("@line").str.extract_groups(HEAD + r"(?:(\d+)\s+)?([A-Z][A-Z0-9_]+)?")
EVENT = PARTS.struct.field("2").str.to_lowercase()
STATE = PARTS.struct.field("7").str.to_lowercase()
#: Time of the line, as text and as a time.
STAMP = pl.col("@line").str.extract(r"^\s*\[(\d{9,10}\.\d{1,9})\]")
TS = (STAMP.cast(pl.Float64, strict=False) * 1_000_000).round(0).cast(pl.Int64).cast(pl.Datetime("us"))
LASTED = (pl.col("delta-time").cast(pl.Float64, strict=False) * 1_000_000).cast(pl.Int64).cast(pl.Duration("us"))
#: A connection's own end as the reply sees it; equal to the original where nothing is translated.
NEW_SRC, NEW_SPORT = pl.col("dst#2"), port("dport#2")
NEW_DST, NEW_DPORT = pl.col("src#2"), port("sport#2")
TRANSLATED = (
    NEW_SRC.ne_missing(pl.col("src"))
    | NEW_DST.ne_missing(pl.col("dst"))
    | (NEW_SPORT.is_not_null() & NEW_SPORT.ne_missing(port("sport")))
    | (NEW_DPORT.is_not_null() & NEW_DPORT.ne_missing(port("dport")))
) & NEW_SRC.is_not_null()
#: An UPDATE adds nothing to the NEW before it or the DESTROY after it.
TELLS = TRANSLATED & (EVENT.is_null() | EVENT.is_in(["new", "destroy"]))


def told(value: pl.Expr) -> pl.Expr:
    """A column of a translation, NULL where the line tells of none."""
    return pl.when(TELLS).then(value)


FORMAT = Format(
    name="conntrack",
    title="Linux conntrack (events, table, /proc/net/nf_conntrack)",
    reference="https://manpages.debian.org/stable/conntrack/conntrack.8.en.html",
    notes="Give --sensor: the text does not say which device it is of. Snapshots have no time.",
    kind="flow",
    syslog=False,
    is_record=LINE.str.contains(" src=", literal=True)
    & LINE.str.contains(HEAD + r".*?\bsrc=\S+ dst=\S+ .*\bsrc=\S+ dst=\S+"),
    is_noise={"header": LINE.str.contains(r"^conntrack v[\d.]+ \(conntrack-tools\)")},
    layout=KeyValue(anchor=LINE.str.find(r"\bsrc=")),
    columns={
        "ts": pl.when((EVENT == "destroy") & LASTED.is_not_null()).then(TS - LASTED).otherwise(TS),
        "ts_end": pl.when((EVENT == "destroy") & LASTED.is_not_null()).then(TS),
        "disposition": pl.coalesce(EVENT, STATE),
        "protocol": PARTS.struct.field("4"),
        "src_ip": pl.col("src"),
        "src_port": port("sport"),
        "dst_ip": pl.col("dst"),
        "dst_port": port("dport"),
        "src_nat_ip": NEW_SRC,
        "src_nat_port": NEW_SPORT,
        "dst_nat_ip": NEW_DST,
        "dst_nat_port": NEW_DPORT,
        "packets_out": uint("packets"),
        "bytes_out": uint("bytes"),
        "packets_in": uint("packets#2"),
        "bytes_in": uint("bytes#2"),
        "duration": pl.col("delta-time").cast(pl.Float64, strict=False),
        "icmp_type": code("type"),
        "icmp_code": code("code"),
        "reason": STATE,
        "session_id": pl.when(~PARTS.struct.field("4").str.starts_with("icmp"))
        .then(text("id"))
        .otherwise(text("id#3", "id#2", "id")),
    },
    tables={
        "translations": {
            "protocol": told(PARTS.struct.field("4")),
            "orig_src_ip": told(pl.col("src")),
            "orig_src_port": told(port("sport")),
            "orig_dst_ip": told(pl.col("dst")),
            "orig_dst_port": told(port("dport")),
            "new_src_ip": told(NEW_SRC),
            "new_src_port": told(NEW_SPORT),
            "new_dst_ip": told(NEW_DST),
            "new_dst_port": told(NEW_DPORT),
            "started_at": told(pl.when(EVENT == "new").then(TS).when(EVENT == "destroy").then(TS - LASTED)),
            "ended_at": told(pl.when(EVENT == "destroy").then(TS)),
        }
    },
)
