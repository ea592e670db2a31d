"""The keys that FortiOS products write (FortiGate, FortiProxy), their words, and the columns that they are."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from fwforensics.formats._either import Either
from fwforensics.formats._fields import code, host_name, lower, mapped, number, port, text, uint
from fwforensics.formats._format import Columns
from fwforensics.formats._layouts import LINE, KeyValue
from fwforensics.formats._rewritten import Rewritten

#: The first key of a record: behind a header, or glued to the priority (`<189>date=`).
FIRST_KEY = r"\b(?:date|time|eventtime|itime|timestamp|logver|devname|devid|device_id|tz|vd|log_?id|type)="
#: Keys that a column may take and that say something of their own; they go to `extra` as well.
KEPT = (
    "policyid", "service", "level", "devid", "type", "subtype", "unauthuser", "count", "status", "dir", "init", "role"
)  # fmt: skip
NOTHING = ["N/A", "n/a", "(null)", "none", "-", "undefined"]

ALLOWED = (
    "accept start close client-rst server-rst timeout ip-conn dns pass passthrough permit exempt exempted allow "
    "allowed bypass resign-as-untrusted resign-as-trusted redirect "
    "log-only monitor monitored override tagged info forwarded kickout-exempt"
)
DENIED = (
    "deny denied block blocked drop dropped reset reset_client reset_server reset-both drop_session clear_session ban "
    "ban_sender quarantine quarantine_ip quarantine_interface authblock kickout prohibited rate-limited state-invalid "
    "tunnel-limited violation reject rejected alert_deny deny_no_log period_block block_period"
)
ALERTED = "detected detect pass_session monitored pass passthrough alert log-only info"
ACTIONS: Mapping[str, str] = dict.fromkeys(ALLOWED.split(), "allow") | dict.fromkeys(DENIED.split(), "deny")
#: In logs of an attack, what was not stopped was an alert.
ATTACK_ACTIONS = dict.fromkeys(f"{ALLOWED} {ALERTED}".split(), "alert") | dict.fromkeys(DENIED.split(), "deny")
KINDS = {
    **dict.fromkeys(("ips", "anomaly", "virus", "waf", "attack", "signature", "antivirus"), "ids"),
    **dict.fromkeys(("webfilter", "urlfilter", "icap", "http", "http-transaction"), "proxy"),
    "dns": "dns",
}
EVENT_KINDS = {"vpn": "vpn", "ipsec": "vpn", "sslvpn-user": "vpn", "user": "auth", "auth": "auth", "fsso": "auth"}
SEVERITIES = {
    "info": "informational", "information": "informational", "informational": "informational", "debug": "informational",
    "notice": "informational", "notification": "informational", "low": "low", "warning": "medium", "medium": "medium",
    "elevated": "medium", "error": "high", "high": "high", "alert": "critical", "critical": "critical",
    "emergency": "critical",
}  # fmt: skip


def given(*keys: str) -> pl.Expr:
    """The first value that is not one of FortiOS's words for none."""
    return pl.when(~text(*keys).is_in(NOTHING)).then(text(*keys))


def not_zero(value: pl.Expr) -> pl.Expr:
    """NULL for 0, which is how FortiOS writes "no session"."""
    return pl.when(value != "0").then(value)


def micro(stamp: pl.Expr) -> pl.Expr:
    """Microseconds since 1970 of a number of seconds, milli-, micro- or nanoseconds, told apart by size."""
    return (
        pl.when(stamp < 10**11)
        .then(stamp * 1_000_000)
        .when(stamp < 10**14)
        .then(stamp * 1000)
        .when(stamp < 10**17)
        .then(stamp)
        .otherwise(stamp // 1000)
    )


EVENT = micro(pl.col("eventtime").cast(pl.Int64, strict=False))
LOCAL = (
    pl.concat_str([pl.col("date"), pl.lit("T"), pl.col("time")])
    .str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", strict=False, time_unit="us")
    .cast(pl.Int64)
)
ZONE = pl.col("tz").str.strip_prefix("UTC").str.strip_prefix("GMT").str.replace(":", "", literal=True)
OFFSET = pl.when(ZONE.str.starts_with("-")).then(-60_000_000).otherwise(60_000_000) * (
    ZONE.str.slice(1, 2).cast(pl.Int64, strict=False) * 60 + ZONE.str.slice(3, 2).cast(pl.Int64, strict=False)
)
LOGGED = pl.coalesce(EVENT, LOCAL - OFFSET)
INSTANT = pl.Datetime("us")

TYPE, SUBTYPE = pl.col("type"), lower("subtype")
IS_EVENT = TYPE == "event"
ATTACK = pl.coalesce(SUBTYPE, lower("type")).is_in([k for k, v in KINDS.items() if v == "ids"])
WORD = lower("action", "status")
#: The peer opened the tunnel.
INBOUND = (pl.col("dir") == "inbound") | (pl.col("init") == "remote") | (pl.col("role") == "responder")
PEER_FIRST = pl.col("remip").is_not_null() & (INBOUND.fill_null(False) | pl.col("locip").is_null())


def ends(first: str, second: str, *keys: str) -> pl.Expr:
    """A column of one end: the session's, else that of the tunnel's end which it is."""
    return pl.coalesce(*(pl.col(k) for k in keys), pl.when(PEER_FIRST).then(pl.col(first)).otherwise(pl.col(second)))


ICMP_PARTS = pl.col("service").str.extract_groups(r"^(?i:icmp6?|icmpv6)/(\d+)/(\d+)$")
PINGS = {"ping": 8, "ping6": 128}
PING = lower("service").replace_strict(PINGS, default=None, return_dtype=pl.UInt8)

KEYS = KeyValue(anchor=LINE.str.find(FIRST_KEY), quote='"', keep=KEPT)
#: Event logs that name no peer: nothing went over the wire.
NO_ENDS = pl.all_horizontal(pl.col(k).is_null() for k in ("remip", "dstip", "dst")) | (
    pl.col("remip").is_null() & pl.col("srcip").is_null() & pl.col("src").is_null()
)


def has(word: str) -> pl.Expr:
    """Lines with the text anywhere."""
    return LINE.str.contains(word, literal=True)


#: Blanks between the fields, or commas where the CSV format is set; a record that was a cell of a table has all of its
#: quotes doubled.
LAYOUT = Either(
    Either(
        KEYS,
        KeyValue(anchor=LINE.str.find(FIRST_KEY), separator=",", quote='"', keep=KEPT),
        has(",subtype=") | has(", subtype="),
    ),
    Rewritten(layout=KEYS, steps=(('""', '"'),), begin=LINE.str.find(FIRST_KEY)),
    has('type=""') & LINE.str.contains(r'\btype=""[a-z]'),
)


def columns(per_second: int = 1) -> Columns:
    """Canonical columns; `duration` counts so many parts of a second."""
    span = (number("duration") / per_second * 1_000_000).cast(pl.Int64, strict=False)
    return {
        "ignored": pl.when(IS_EVENT & NO_ENDS).then(pl.lit("no traffic")),
        "ts": pl.coalesce((LOGGED - span.fill_null(0)).cast(INSTANT), pl.when(LOCAL.is_null()).then(pl.col("@ts"))),
        "ts_local": pl.coalesce((LOCAL - span.fill_null(0)).cast(INSTANT), pl.col("@ts_local")),
        "ts_end": pl.when(span.is_not_null()).then(LOGGED.cast(INSTANT)),
        "ts_end_local": pl.when(span.is_not_null()).then(LOCAL.cast(INSTANT)),
        "kind": pl.when(IS_EVENT)
        .then(mapped(SUBTYPE, EVENT_KINDS, "system"))
        .otherwise(mapped(pl.coalesce(SUBTYPE, TYPE), KINDS, "firewall")),
        "sensor": text("devname", "devid", "device_id", "@host"),
        "action": pl.when(IS_EVENT)
        .then(None)
        .when(ATTACK)
        .then(mapped(WORD, ATTACK_ACTIONS))
        .otherwise(mapped(WORD, ACTIONS)),
        "disposition": WORD,
        "protocol": lower("proto"),
        "src_ip": ends("remip", "locip", "srcip", "src", "deviceip"),
        "src_port": ends("remport", "locport", "srcport", "src_port").cast(pl.UInt16, strict=False),
        "dst_ip": ends("locip", "remip", "dstip", "dst"),
        "dst_port": ends("locport", "remport", "dstport", "dst_port").cast(pl.UInt16, strict=False),
        "src_nat_ip": text("transip", "tran_sip"),
        "src_nat_port": port("transport", "tran_sport"),
        "dst_nat_ip": text("tranip", "tran_ip"),
        "dst_nat_port": port("tranport", "tran_port"),
        "bytes_out": uint("sentbyte", "sent"),
        "bytes_in": uint("rcvdbyte", "rcvd"),
        "packets_out": uint("sentpkt", "sent_pkt"),
        "packets_in": uint("rcvdpkt", "rcvd_pkt"),
        "duration": number("duration") / per_second,
        "icmp_type": pl.coalesce(code("icmptype"), ICMP_PARTS.struct.field("1").cast(pl.UInt8, strict=False), PING),
        "icmp_code": pl.coalesce(code("icmpcode"), ICMP_PARTS.struct.field("2").cast(pl.UInt8, strict=False)),
        "in_iface": text("srcintf", "src_int", "interface"),
        "out_iface": text("dstintf", "dst_int", "outintf"),
        "rule": text("policyname", "policyid", "policy_id"),
        "reason": given("reason"),
        "app": pl.coalesce(
            pl.col("app"),
            pl.when(~pl.col("service").str.contains("/", literal=True) & ~pl.col("service").is_in(NOTHING)).then(
                pl.col("service")
            ),
        ),
        "dst_name": host_name(
            pl.coalesce(pl.col("remotename"), pl.col("hostname"), pl.col("qname"), pl.col("sni"), pl.col("dstname"))
        ),
        "user_name": given("user", "unauthuser"),
        "signature": text("attack", "virus"),
        "signature_id": text("attackid", "attack_id", "virusid"),
        "severity": mapped(
            pl.coalesce(pl.col("severity"), pl.col("crlevel"), pl.when(TYPE != "traffic").then(pl.col("level"))),
            SEVERITIES,
        ),
        "session_id": not_zero(text("sessionid", "session_id", "SN")),
        "repeat_count": pl.when(SUBTYPE == "anomaly").then(uint("count", bits=32)),
    }
