"""ulogd2, the logger of netfilter in user space: packets (NFLOG) and connections (NFCT) as JSON, GPRINT and PRINTFLOW.

JSON has the keys of ulogd, of which some bear other names (`src_ip`, `dest_port`); GPRINT is `key=value` with commas;
PRINTFLOW is `[NEW] ORIG: SRC=… , REPLY: SRC=…`. What LOGEMU prints of packets is read as `iptables`, the XML of
connections as `conntrack`.

Reference: https://www.netfilter.org/projects/ulogd/

Time: `oob.time.sec`, `flow.start.sec` (epoch) or `timestamp`, with zone or local; PRINTFLOW has the syslog header's. A
packet's verdict is `action` where the plugin was told to write one (`boolean_label`), else it stands, if anywhere, in
the prefix of the rule. A connection decides nothing; its end comes a time-out after its last packet. What the reply
does not mirror is the translation. PRINTFLOW writes type and code of ICMP in each other's place, and they are read so.
Not covered: OPRINT, which spreads a record over lines, and addresses that no filter has made text of.
"""

from __future__ import annotations

import polars as pl

from fwforensics.formats._either import Either
from fwforensics.formats._fields import iso, iso_local, port, text, uint
from fwforensics.formats._format import Format
from fwforensics.formats._json import Json
from fwforensics.formats._keyvalue import KeyValue
from fwforensics.formats._layouts import LINE
from fwforensics.formats._spelled import Spelled
from fwforensics.formats._verdict_words import ALLOW, DENY, word

IS_FLOW = LINE.str.contains(r"\bORIG: SRC=\S+ DST=\S+ .*, REPLY: SRC=")
IS_GPRINT = LINE.str.contains(r"(?:^|[,\s])(?:orig\.|reply\.)?ip\.(?:saddr|daddr)(?:\.str)?=") | LINE.str.contains(
    r"(?:^|[,\s])oob\.(?:prefix|hook|family)=[^,]*,"
)
IS_JSON = LINE.str.contains(r'^[^{]*\{.*"(?:oob\.|orig\.|ip\.|ct\.)[\w.]+"\s*:') & LINE.str.contains(
    r'"(?:dvc|oob\.(?:prefix|family|hook)|ip\.[sd]addr(?:\.str)?|orig\.ip\.[\w.]+|flow\.start\.sec|raw\.pktlen)"\s*:'
)
#: Field → ulogd's keys, and what PRINTFLOW prints for them.
NAMES = {
    "src": ("src_ip", "orig.ip.saddr.str", "ip.saddr.str", "orig.ip.saddr", "ip.saddr", "SRC"),
    "dst": ("dest_ip", "orig.ip.daddr.str", "ip.daddr.str", "orig.ip.daddr", "ip.daddr", "DST"),
    "sport": ("src_port", "orig.l4.sport", "tcp.sport", "udp.sport", "sctp.sport", "SPT"),
    "dport": ("dest_port", "orig.l4.dport", "tcp.dport", "udp.dport", "sctp.dport", "DPT"),
    "proto": ("orig.ip.protocol", "ip.protocol", "ip6.nexthdr", "PROTO"),
    "back_src": ("reply.ip.saddr.str", "reply.ip.saddr", "SRC#2"),
    "back_dst": ("reply.ip.daddr.str", "reply.ip.daddr", "DST#2"),
    "back_sport": ("reply.l4.sport", "SPT#2"),
    "back_dport": ("reply.l4.dport", "DPT#2"),
    "bytes_out": ("orig.raw.pktlen", "BYTES"),
    "bytes_in": ("reply.raw.pktlen", "BYTES#2"),
    "packets_out": ("orig.raw.pktcount", "PKTS"),
    "packets_in": ("reply.raw.pktcount", "PKTS#2"),
    "length": ("ip.totlen", "raw.pktlen"),
    "type": ("icmp.type", "icmpv6.type", "CODE"),
    "code": ("icmp.code", "icmpv6.code", "TYPE"),
    **{f: (f"tcp.{f}",) for f in ("syn", "ack", "fin", "rst", "psh", "urg", "ece", "cwr")},
}
TEXT = Either(
    KeyValue(anchor=LINE.str.find(r"[a-z][\w.]*="), separator=",", quote='"'),
    KeyValue(anchor=LINE.str.find(r"SRC=")),
    is_second=IS_FLOW,
)


def instant(key: str) -> pl.Expr:
    """Epoch seconds with microseconds in a key beside it."""
    whole = pl.col(f"{key}.sec").cast(pl.Int64, strict=False)
    part = pl.col(f"{key}.usec").cast(pl.Int64, strict=False).fill_null(0)
    return (pl.when(whole > 0).then(whole * 1_000_000 + part)).cast(pl.Datetime("us"))


PREFIX = pl.col("oob.prefix").str.strip_chars()
ACTION = pl.col("action").str.to_lowercase()
SAID = pl.coalesce(
    pl.when(ACTION.is_in(["allowed", "accept", "accepted"])).then(pl.lit("allow")),
    pl.when(ACTION.is_in(["blocked", "drop", "dropped"])).then(pl.lit("deny")),
    pl.when(PREFIX.str.contains(word(*DENY, "drp"))).then(pl.lit("deny")),
    pl.when(PREFIX.str.contains(word(*ALLOW))).then(pl.lit("allow")),
)
SENSOR = pl.coalesce(pl.when(pl.col("dvc") != "Netfilter").then(pl.col("dvc")), pl.col("@host"))
EVENTS = {"1": "new", "2": "update", "4": "destroy"}
EVENT = pl.coalesce(
    pl.col("ct.event").replace_strict(EVENTS, default=None, return_dtype=pl.String),
    pl.col("@head").str.extract(r"\[(NEW|UPDATE|DESTROY)\]\s*ORIG:\s*$").str.to_lowercase(),
)
IS_PACKET = pl.coalesce("length", "oob.hook", "oob.prefix").is_not_null() & pl.col("packets_out").is_null()
#: `2026/03/04-10:00:00`, as GPRINT has it.
STAMP = pl.col("timestamp").str.strptime(pl.Datetime("us"), "%Y/%m/%d-%H:%M:%S", strict=False)
START, END = pl.coalesce(instant("oob.time"), instant("flow.start")), instant("flow.end")
FLAGS = {"cwr": "C", "ece": "E", "urg": "U", "ack": "A", "psh": "P", "rst": "R", "syn": "S", "fin": "F"}
LETTERS = pl.concat_str([pl.when(pl.col(k) == "1").then(pl.lit(x)).otherwise(pl.lit("")) for k, x in FLAGS.items()])
#: An end as the reply sees it; equal to the original where nothing is translated.
NEW_SRC, NEW_DST = pl.col("back_dst"), pl.col("back_src")
SRC_MOVED = (pl.col("src") != NEW_SRC) | (pl.col("back_dport") != pl.col("sport")).fill_null(False)
DST_MOVED = (pl.col("dst") != NEW_DST) | (pl.col("back_sport") != pl.col("dport")).fill_null(False)


def told(value: pl.Expr) -> pl.Expr:
    """A column of a translation, NULL where nothing was translated."""
    return pl.when(SRC_MOVED | DST_MOVED).then(value)


PREFIXED_RULE = pl.when(PREFIX != "").then(PREFIX.str.strip_chars("[]: "))

FORMAT = Format(
    name="ulogd",
    title="ulogd2 (JSON, GPRINT, PRINTFLOW)",
    reference="https://www.netfilter.org/projects/ulogd/",
    notes="LOGEMU is read as iptables, the XML of connections as conntrack. "
    "Built from the daemon's documentation and code; not tried on a recorded log.",
    priority=40,
    is_record=IS_FLOW
    | (LINE.str.contains("=", literal=True) & ~LINE.str.contains("{", literal=True) & IS_GPRINT)
    | (LINE.str.contains("{", literal=True) & IS_JSON),
    layout=Spelled(
        Either(TEXT, Json(begin=LINE.str.find("{", literal=True)), is_second=LINE.str.contains("{", literal=True)),
        NAMES,
    ),
    columns={
        "ts": pl.coalesce(START, iso("timestamp"), pl.col("@ts")),
        "ts_local": pl.coalesce(iso_local("timestamp"), STAMP, pl.col("@ts_local")),
        "ts_end": END,
        "kind": pl.when(IS_PACKET).then(pl.lit("firewall")).otherwise(pl.lit("flow")),
        "sensor": SENSOR,
        "action": pl.when(IS_PACKET).then(SAID),
        "disposition": pl.coalesce(ACTION, PREFIX.str.extract(word(*DENY, *ALLOW)).str.to_lowercase(), EVENT),
        "protocol": pl.col("proto"),
        "src_ip": pl.col("src"),
        "src_port": port("sport"),
        "dst_ip": pl.col("dst"),
        "dst_port": port("dport"),
        "src_nat_ip": pl.when(SRC_MOVED).then(NEW_SRC),
        "src_nat_port": pl.when(SRC_MOVED).then(port("back_dport")),
        "dst_nat_ip": pl.when(DST_MOVED).then(NEW_DST),
        "dst_nat_port": pl.when(DST_MOVED).then(port("back_sport")),
        "bytes_out": pl.coalesce(uint("bytes_out"), pl.when(IS_PACKET).then(uint("length"))),
        "bytes_in": uint("bytes_in"),
        "packets_out": pl.coalesce(uint("packets_out"), pl.when(IS_PACKET).then(uint("raw.pktcount"))),
        "packets_in": uint("packets_in"),
        "duration": ((END - instant("flow.start")).dt.total_microseconds() / 1e6).round(6),
        "tcp_flags": pl.when(LETTERS != "").then(LETTERS),
        "icmp_type": uint("type", bits=8),
        "icmp_code": uint("code", bits=8),
        "in_iface": text("oob.in"),
        "out_iface": text("oob.out"),
        "rule": PREFIXED_RULE,
        "session_id": text("ct.id"),
    },
    tables={
        "translations": {
            "protocol": told(pl.col("proto")),
            "orig_src_ip": told(pl.col("src")),
            "orig_src_port": told(port("sport")),
            "orig_dst_ip": told(pl.col("dst")),
            "orig_dst_port": told(port("dport")),
            "new_src_ip": told(NEW_SRC),
            "new_src_port": told(port("back_dport")),
            "new_dst_ip": told(NEW_DST),
            "new_dst_port": told(port("back_sport")),
            "sensor": told(SENSOR),
            "started_at": told(instant("flow.start")),
            "ended_at": told(END),
        }
    },
)  # fmt: skip
