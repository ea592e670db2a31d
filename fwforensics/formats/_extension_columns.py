"""The keys that CEF and LEEF define, and common labels of custom fields, as canonical columns.

A vendor's module takes these and says what differs: `{**STANDARD, "rule": text("Policy")}`. Both dictionaries are here
at once, because they do not contradict each other and many products mix them. Keys are found under any spelling, and
under labels (see `_extension`).

`in` and `out` are read as products write them: received and sent by the client, which is not the letter of the CEF
guide. ArcSight's own times of receipt (`art`, `mrt`) count only where the record has no other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from fwforensics.formats._cef import KEPT
from fwforensics.formats._clocks import INSTANT, by_pattern, in_zone, local, utc
from fwforensics.formats._derived import Derived
from fwforensics.formats._fields import code, host_name, mapped, number, port, tcp_flag_words, uint
from fwforensics.formats._format import Layout
from fwforensics.formats._verdicts import verdict

#: Keys that a column may pass over for another one.
KEEP = (*KEPT, "rt", "cat", "act", "outcome", "duser", "dhost", "shost", "request", "url", "dvc", "deviceExternalId")
NOTHING = ("-", "N/A", "n/a", "NA", "none", "None", "null", "(null)", "unknown", "undefined", "")
STARTS = ("start", "startTime")
LOGGED = ("eventtime", "rt", "deviceReceiptTime", "devTime", "utcTime", "eventTime")
ENDS = ("end", "endTime")
RECEIVED = ("art", "agentReceiptTime", "mrt", "managerReceiptTime")
SEVERITIES: Mapping[str, str] = {
    "unknown": "informational", "info": "informational", "informational": "informational", "low": "low",
    "medium": "medium", "moderate": "medium", "warning": "medium", "high": "high", "very-high": "critical",
    "very high": "critical", "critical": "critical", "severe": "critical", "0": "informational",
    **dict.fromkeys("123", "low"), **dict.fromkeys("456", "medium"), **dict.fromkeys("78", "high"), "9": "critical",
    "10": "critical",
}  # fmt: skip
DIRECTIONS = {
    "0": "inbound", "1": "outbound", "inbound": "inbound", "outbound": "outbound", "incoming": "inbound",
    "outgoing": "outbound", "in": "inbound", "out": "outbound", "internal": "internal",
}  # fmt: skip


def given(*keys: str) -> pl.Expr:
    """The first of the keys whose value is not a word for none."""
    return pl.coalesce(pl.when(~pl.col(k).is_in(NOTHING)).then(pl.col(k)) for k in keys)


def address(*keys: str) -> pl.Expr:
    """The first of the keys that holds something like an address, and not only zeros."""
    like = r"^\[?(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:.]*)(?:%\w+)?\]?$"
    whole = [pl.when(pl.col(k).str.contains(like) & (pl.col(k) != "::ffff:0")).then(pl.col(k)) for k in keys]
    real = [pl.when(~w.is_in(["0.0.0.0", "::"])).then(w) for w in whole]  # noqa: S104
    return pl.coalesce(*real, *whole)


def moment(*keys: str) -> pl.Expr:
    """The text of the first of the keys that holds a time."""
    return pl.coalesce(pl.when(pl.col(k).str.contains(r"\d:\d\d|^\d{9,19}(?:\.\d+)?$")).then(pl.col(k)) for k in keys)


def clocked(prefix: str, when: pl.Expr) -> dict[str, pl.Expr]:
    """Columns `{prefix}` (instant) and `{prefix}_local` (without zone) of a time's text, for `Derived`."""
    zone, pattern = pl.coalesce("dtz", "tz"), pl.col("devTimeFormat")
    declared = pl.struct(when.alias("t"), pattern.alias("f"))
    return {
        f"@{prefix}": pl.coalesce(
            when.map_batches(utc, return_dtype=INSTANT),
            pl.struct(when.alias("t"), zone.alias("z")).map_batches(in_zone, return_dtype=INSTANT),
            declared.map_batches(lambda rows: by_pattern(rows)[0], return_dtype=INSTANT),
        ),
        f"@{prefix}_local": pl.coalesce(
            when.map_batches(local, return_dtype=INSTANT),
            declared.map_batches(lambda rows: by_pattern(rows)[1], return_dtype=INSTANT),
        ),
    }


def with_times(layout: Layout, first: pl.Expr | None = None, last: pl.Expr | None = None) -> Derived:
    """The layout with the times that `STANDARD` reads: `first` and `last` are the texts of start and end."""
    began = first if first is not None else moment(*STARTS, *LOGGED, *ENDS, *RECEIVED)
    ended = last if last is not None else moment(*ENDS)
    return Derived(layout, {**clocked("began", began), **clocked("ended", ended)})


def named_host(*keys: str) -> pl.Expr:
    """The host of the first of the keys that holds a URL or a domain name."""
    like = r"(?i)^[a-z][a-z0-9+.-]*://|^(?:[^/\s\\@]+@)?[\w-]+(?:\.[\w-]+)+(?::\d+)?(?:[/?#]|$)"
    return pl.coalesce(host_name(pl.when(pl.col(k).str.contains(like)).then(pl.col(k))) for k in keys)


#: What class of record it is, in the words that it has for itself.
SAID = pl.concat_str(
    [pl.col(k) for k in ("cat", "deviceEventClassId", "EventID", "name", "catdt", "subtype", "eventType")],
    separator=" | ",
    ignore_nulls=True,
).str.to_lowercase()
MALICE = "virus|malware|attack|exploit|spyware|botnet|trojan|vulnerab|ransom"
KINDS = (
    ("ids", rf"intrusion|\bip[sd]s?\b|\bids\b|threat|signature|anomaly|\bfile\b|wildfire|{MALICE}"),
    ("vpn", r"vpn|ipsec|\bikev?\d?\b|globalprotect"),
    ("auth", r"authenticat|\bauth\b|log(?:ged)?[- _]?(?:in|on|off|out)|sign(?:ed)?[- _]?(?:in|out)"),
    ("dns", r"\bdns\b"),
    ("proxy", r"\burl\b|web ?filter|proxy|\bhttps? |web request|\bwaf\b|appfw|web access"),
)  # fmt: skip
IDS = SAID.str.contains(KINDS[0][1])


def kind() -> pl.Expr:
    """`events.kind` by the record's own words; what has ports or a protocol and no such word is a firewall's."""
    chain: Any = pl
    for word, pattern in KINDS:
        chain = chain.when(SAID.str.contains(pattern)).then(pl.lit(word))
    traffic = pl.any_horizontal(pl.col(k).is_not_null() for k in ("proto", "dpt", "dstPort", "destinationPort", "act"))
    result: pl.Expr = chain.when(traffic).then(pl.lit("firewall")).otherwise(pl.lit("system"))
    return result


SRC = address("srcPreNAT", "src", "sourceAddress", "sourceIPv6Address", "shost", "sourceHostName")
DST = address("dstPreNAT", "dst", "destinationAddress", "destinationIPv6Address", "dhost", "destinationHostName")
NAMED = named_host("dhost", "destinationHostName", "request", "requestUrl", "url", "destinationDnsDomain")
WORD = given("act", "deviceAction", "action", "disposition", "utmaction")
BOTH_SAID = given("src", "sourceAddress").is_not_null() & given("dst", "destinationAddress").is_not_null()
#: An end that the record names alone is no traffic, unless it says which host it asked for.
NO_ENDS = ~BOTH_SAID & (SRC.is_null() | DST.is_null()) & (SRC.is_null() & DST.is_null() | NAMED.is_null())
NO_TIME = pl.col("@began").is_null() & pl.col("@began_local").is_null()

STANDARD: dict[str, pl.Expr] = {
    "ignored": pl.when(NO_ENDS).then(pl.lit("no traffic")),
    "ts": pl.coalesce(pl.col("@began"), pl.when(NO_TIME).then(pl.col("@ts"))),
    "ts_local": pl.coalesce(pl.col("@began_local"), pl.col("@ts_local")),
    "ts_end": pl.col("@ended"),
    "ts_end_local": pl.col("@ended_local"),
    "kind": kind(),
    "sensor": given(
        "dvchost", "deviceHostName", "@host", "sender", "deviceName", "dvc", "deviceAddress", "deviceExternalId"
    ),
    "action": verdict(WORD, IDS),
    "disposition": WORD.str.to_lowercase(),
    "direction": mapped(pl.coalesce(pl.col("deviceDirection"), pl.col("direction")), DIRECTIONS),
    "protocol": given("proto", "transportProtocol", "protocol").str.to_lowercase(),
    "src_ip": SRC,
    "src_port": port("srcPreNATPort", "spt", "sourcePort", "srcPort"),
    "dst_ip": DST,
    "dst_port": port("dstPreNATPort", "dpt", "destinationPort", "dstPort"),
    "src_nat_ip": address("sourceTranslatedAddress", "srcPostNAT"),
    "src_nat_port": port("sourceTranslatedPort", "srcPostNATPort"),
    "dst_nat_ip": address("destinationTranslatedAddress", "dstPostNAT"),
    "dst_nat_port": port("destinationTranslatedPort", "dstPostNATPort"),
    "bytes": uint("totalBytes"),
    "packets": uint("totalPackets", "packetsTotal"),
    "bytes_out": uint("out", "bytesOut", "srcBytes", "bytesSent"),
    "bytes_in": uint("in", "bytesIn", "dstBytes", "bytesReceived"),
    "packets_out": uint("srcPackets", "packetsSent", "sentpkt", "packetsOut"),
    "packets_in": uint("dstPackets", "packetsReceived", "rcvdpkt", "packetsIn"),
    "duration": number("duration", "durationInSeconds", "sessionDuration", "elapsedTimeInSeconds", "elapsedTime"),
    "tcp_flags": tcp_flag_words(pl.col("tcpFlags")),
    "icmp_type": code("icmpType"),
    "icmp_code": code("icmpCode"),
    "in_iface": given("deviceInboundInterface", "inboundInterface", "ingressInterface", "srcintf"),
    "out_iface": given("deviceOutboundInterface", "outboundInterface", "egressInterface", "dstintf"),
    "src_zone": given("sourceZone", "fromZone", "srcZone", "sourceZoneName", "sourceSecurityZone"),
    "dst_zone": given("destinationZone", "toZone", "dstZone", "destinationZoneName", "destinationSecurityZone"),
    "rule": given(
        "rule", "ruleName", "policyName", "policy", "aclRuleName", "accessControlRuleName", "ruleId", "policyId"
    ),
    "reason": given("reason", "sessionEndReason"),
    "app": given("app", "applicationProtocol", "application"),
    "dst_name": NAMED,
    "user_name": given("suser", "usrName", "sourceUserName", "duser", "destinationUserName"),
    "signature": pl.when(IDS).then(given("signature", "threatName", "attack", "virus", "name", "EventID")),
    "signature_id": pl.when(IDS).then(given("signatureId", "attackid", "deviceEventClassId")),
    "severity": mapped(pl.coalesce(pl.col("severity"), pl.col("sev")), SEVERITIES),
    "session_id": given("sessionId", "session"),
    "repeat_count": uint("cnt", "baseEventCount", "repeatCount", bits=32),
}
