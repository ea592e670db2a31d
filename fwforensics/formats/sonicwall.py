"""SonicWall SonicOS 5 to 8 (also SonicOSX, SMA virtual): default and enhanced syslog, `id=… sn=… m=… src=… dst=…`.

Read are all messages that name an end: connections opened and closed, dropped packets, web sites, IPS, anti-virus and
application control, management, logins, NAT mappings, also in its CEF output. Others are ignored as "no traffic".
`src` and `dst` are `address:port:interface:name` with parts missing, IPv6 in `srcV6` and `dstV6` or in place of the
address.

Reference: https://www.sonicwall.com/techdocs/pdf/sonicos-7-0-0-0-log_events.pdf

Time: `time`, UTC where it says so, else local to the firewall. A closed connection began `cdur` milliseconds earlier.
The decision is `fw_action`, and where that is NA what the message says: a connection that was opened or closed was
allowed, a detection is an alert, a prevention a denial. A login has no action. ICMP without `proto` is known by the
message; its `type` and `code` are fields, and what stands for its ports is none. A value in single quotes is cut at
its blanks in `extra`. CEF writes values (zones, translated addresses) where labels should be. Not covered: WebTrends.
"""

from __future__ import annotations

import polars as pl

from fwforensics.formats._cef import Cef
from fwforensics.formats._either import Either
from fwforensics.formats._fields import host_name, lower, mapped, naive, text, uint
from fwforensics.formats._format import Format
from fwforensics.formats._layouts import LINE, KeyValue

V4_END = r"^(\d+\.\d+\.\d+\.\d+)?(?::(\d*))?(?::([^:]*))?(?::(.*))?$"
V6_END = r"^\[?([0-9A-Fa-f]*:[0-9A-Fa-f:.]*[0-9A-Fa-f])\]?(?::(\d+):([A-Za-z][^:]*)(?::(.*))?)?$"

REFUSED = r"(?i)\b(?:drop|den(?:y|ied)|block|reject|prevent|discard|refus|terminat)"
PASSED = r"(?i)connection (?:opened|closed)|\bhit\b|accessed|allow|accept|traffic\b|permitted|forwarded|usage"
NOTED = r"(?i)detect|alert|attack|possible|probable|suspicious|spoof|flood|scan"
ACTIONS = {
    **dict.fromkeys(("drop", "deny", "denied", "block", "blocked", "reset", "discard", "reject"), "deny"),
    **dict.fromkeys(("forward", "allow", "allowed", "mgmt", "process", "accept", "bypass", "pass"), "allow"),
}
SEVERITIES = {
    "0": "critical", "1": "critical", "2": "high", "3": "high", "4": "medium", "5": "low", "6": "informational",
    "7": "informational",
}  # fmt: skip
IPS_SEVERITIES = {"1": "high", "2": "medium", "3": "low"}


def part(key: str, index: int) -> pl.Expr:
    """One part of an end; empty is none."""
    value = pl.col(key).str.strip_chars()
    found = pl.coalesce(
        value.str.extract_groups(V4_END).struct.field(str(index)),
        value.str.extract_groups(V6_END).struct.field(str(index)),
    )
    return pl.when(found != "").then(found)


def bare(*keys: str) -> pl.Expr:
    """A word without the quotes that the CEF output leaves around it."""
    return text(*keys).str.strip_chars('"')


def cef_port(key: str) -> pl.Expr:
    """A port of the CEF output, which may begin with a blank."""
    return pl.col(key).str.strip_chars().cast(pl.UInt16, strict=False)


def port_of(key: str) -> pl.Expr:
    """The port of an end."""
    return part(key, 2).cast(pl.UInt16, strict=False)


IS_CEF = LINE.str.contains(r"CEF: ?\d\|SonicWall\||(?:^|\s)\d\|SonicWall\|")
MESSAGE = text("msg", "msg#2", "name")
USER = pl.coalesce("usr", bare("susr"))
NUMBER = text("m", "deviceEventClassId")
#: `proto=tcp/https`, `udp/5353`, `icmp`, `6`.
PROTOCOL = lower("proto").str.extract(r"^([^/]+)")
SERVICE = lower("proto").str.extract(r"/([a-z].*)$")
IS_ICMP = pl.coalesce(PROTOCOL.is_in(["icmp", "icmpv6", "1", "58"]), MESSAGE.str.contains(r"\bICMP\b"))
#: `UDP packet dropped`.
NAMED = MESSAGE.str.extract(r"^(TCP|UDP|IGMP|ESP|GRE)\b").str.to_lowercase()
IS_AUTH = MESSAGE.str.contains(r"(?i)\blog(?:in|ged|out)\b|authenticat").fill_null(False)
IS_NAT = NUMBER == "1197"
IS_IDS = pl.any_horizontal(pl.col(k).is_not_null() for k in ("ipscat", "spycat", "appcat", "sid")) | (
    NUMBER.is_in(["82", "83", "794", "795", "809", "23", "25", "177", "178", "179", "1373", "1374", "1375"])
)
IS_WEB = NUMBER.is_in(["14", "16", "97", "1599", "1600"])
APP = pl.col("@line").str.extract(r"\bappName=[\"']([^\"']+)[\"']")
BY_MESSAGE = (
    pl.when(MESSAGE.str.contains(REFUSED))
    .then(pl.lit("deny"))
    .when(MESSAGE.str.contains(NOTED))
    .then(pl.lit("alert"))
    .when(MESSAGE.str.contains(PASSED))
    .then(pl.lit("allow"))
)
IS_UTC = pl.col("time").str.contains(r"(?:UTC|GMT|Z)\s*$")
SPAN = pl.duration(milliseconds=uint("cdur").cast(pl.Int64).fill_null(0))
UTC, LOCAL = pl.when(IS_UTC).then(naive("time")), naive("time")
MAPPED = r"^Source: ([^,]+), (\d+), Destination: ([^,]+), (\d+)"
NOTE = pl.when(IS_NAT).then(pl.col("note")).str.extract_groups(MAPPED)
ENDS = ("src", "dst", "srcV6", "dstV6")
KEPT = ("proto", "src", "dst", "m", "note", "sid", "msg", "natSrc", "natDst")
ADDRESS = r"^([0-9a-fA-F.:]+[.:][0-9a-fA-F]+)$"


def translated(key: str, label: str, place: str) -> pl.Expr:
    """An end's address after translation, of whichever output."""
    return pl.coalesce(part(key, 1), f"{key}V6", NOTE.struct.field(place), pl.col(label).str.extract(ADDRESS))


def translated_port(key: str, other: str, place: str) -> pl.Expr:
    """An end's port after translation, likewise."""
    return pl.coalesce(port_of(key), cef_port(other), NOTE.struct.field(place).cast(pl.UInt16, strict=False))


FORMAT = Format(
    name="sonicwall",
    title="SonicWall SonicOS syslog",
    reference="https://www.sonicwall.com/techdocs/pdf/sonicos-7-0-0-0-log_events.pdf",
    notes="Times without UTC are local to the firewall: --tz.",
    is_record=(LINE.str.contains("|SonicWall|", literal=True) & IS_CEF & LINE.str.contains(" src=", literal=True))
    | (
        LINE.str.contains(" fw=", literal=True)
        & LINE.str.contains(r"\bid=\S+ .*\bsn=\S+ .*\bpri=\d ")
        & LINE.str.contains(r" m=\d+\b")
        & ~LINE.str.contains(" logtype=", literal=True)
    ),
    layout=Either(
        KeyValue(anchor=LINE.str.find(r"\bid=\S+ "), quote='"', keep=KEPT),
        Cef(keep=(*KEPT, "deviceProduct", "deviceEventClassId", "name")),
        IS_CEF,
    ),
    columns={
        "ignored": pl.when(pl.all_horizontal(pl.col(c).is_null() for c in ENDS)).then(pl.lit("no traffic")),
        "ts": pl.coalesce(UTC - SPAN, pl.when(LOCAL.is_null()).then(pl.col("@ts"))),
        "ts_local": pl.coalesce(LOCAL - SPAN, pl.col("@ts_local")),
        "ts_end": pl.when(pl.col("cdur").is_not_null()).then(UTC),
        "ts_end_local": pl.when(pl.col("cdur").is_not_null()).then(LOCAL),
        "kind": pl.when(IS_NAT).then(pl.lit("nat"))
        .when(IS_IDS).then(pl.lit("ids"))
        .when(IS_AUTH).then(pl.lit("auth"))
        .when(IS_WEB).then(pl.lit("proxy")),
        "sensor": text("fw", "@host", "sn", "deviceProduct"),
        "action": pl.when(~IS_NAT).then(
            pl.coalesce(mapped(bare("fw_action"), ACTIONS), pl.when(~IS_AUTH).then(BY_MESSAGE))
        ),
        "disposition": pl.coalesce(
            pl.when(bare("fw_action").str.to_lowercase() != "na").then(bare("fw_action").str.to_lowercase()),
            lower("msg").str.extract("^(connection (?:opened|closed))"),
        ),
        "protocol": pl.coalesce(PROTOCOL, pl.when(IS_ICMP).then(pl.lit("icmp")), NAMED),
        "src_ip": pl.coalesce(part("src", 1), "srcV6"),
        "src_port": pl.coalesce(port_of("src"), cef_port("spt")),
        "dst_ip": pl.coalesce(part("dst", 1), "dstV6"),
        "dst_port": pl.coalesce(port_of("dst"), cef_port("dpt")),
        "src_nat_ip": translated("natSrc", "cs1Label", "1"),
        "src_nat_port": translated_port("natSrc", "snpt", "2"),
        "dst_nat_ip": translated("natDst", "cs2Label", "3"),
        "dst_nat_port": translated_port("natDst", "dnpt", "4"),
        "bytes_out": uint("sent", "out"),
        "bytes_in": uint("rcvd", "in"),
        "packets_out": uint("spkt"),
        "packets_in": uint("rpkt"),
        "duration": uint("cdur").cast(pl.Float64) / 1000,
        "icmp_type": pl.when(IS_ICMP).then(uint("type", "icmpType", bits=8)),
        "icmp_code": pl.when(pl.coalesce("type", "icmpType").is_not_null()).then(uint("code", "icmpCode", bits=8)),
        "in_iface": pl.coalesce(part("src", 3), "deviceInboundInterface"),
        "out_iface": pl.coalesce(part("dst", 3), "deviceOutboundInterface"),
        "src_zone": text("srcZone", "cs3Label"),
        "dst_zone": text("dstZone", "cs4Label"),
        "rule": pl.coalesce("rule", bare("cs1")),
        "reason": pl.when(MESSAGE.str.contains(REFUSED)).then(MESSAGE),
        "app": pl.coalesce(APP, SERVICE),
        "dst_name": host_name(pl.coalesce("dstname", part("dst", 4), "request")),
        "user_name": pl.when(~USER.str.contains("(?i)^(?:unknown.*|n/a|-)$")).then(USER),
        "signature": pl.when(IS_IDS).then(MESSAGE),
        "signature_id": pl.when(IS_IDS).then(pl.coalesce("sid", NUMBER)),
        "severity": pl.when(IS_IDS).then(pl.coalesce(mapped("ipspri", IPS_SEVERITIES), mapped("pri", SEVERITIES))),
    },
    priority=40,
)  # fmt: skip
