"""Cisco IOS, IOS XE and IOS XR syslog: access lists, zone-based firewall, IPS, NAT, logins.

Lines carry `%FACILITY-LEVEL-MNEMONIC:` behind any header: sequence numbers, device name, `*` or `.` before the time,
with or without year, milliseconds and zone, a relay's header before all that. Read are `IPACCESSLOG…` and `ACCESSLOG…`
of SEC, FMANFP, IPV6, IPV6_ACL and IOS XR (P, DP, NP, RP, SP, S, also with `log-input`), `FW` sessions, drops and
alerts, also inside `%IOSXE-6-PLATFORM`, IPS signatures, NAT translations, logins, and refused IPsec, TCP and PIM
peers.

Reference: https://www.cisco.com/c/en/us/td/docs/ios-xml/ios/security/config_library/xe-16/sec-data-acl-xe-16-book.html
Reference: https://www.cisco.com/c/en/us/support/docs/security/ios-firewall/23602-confaccesslists.html

Time: the device's own, by default local without zone and year; a clock that the device marks as not set (`*`) gives way
to the relay's header. An access list's line tells of packets since the last one (`packets_out`). Lists that were logged
too fast leave a count of what was missed (`lost`). Not covered: messages without two ends or a login (ignored).
"""

# ruff: noqa: E501 (one sentence of the vendor, one line)
from __future__ import annotations

import polars as pl

from fwforensics.formats._fields import mapped, port, text, uint
from fwforensics.formats._format import Columns, Format
from fwforensics.formats._layouts import LINE, Messages
from fwforensics.formats._own_clock import CLOCK, OwnClock

TAG = r"%(?:[A-Z][A-Z0-9_]*-)+[0-7]-[A-Z][A-Z0-9_]*"
IP = r"[0-9A-Fa-f]*[.:][0-9A-Fa-f.:]+"
#: `address(port)`, then what `log-input` adds.
SRC = rf"(?P<src>{IP})(?:\((?P<src_port>\d+)\))?"
DST = rf"(?P<dst>{IP})(?:\((?P<dst_port>\d+)\))?"
INPUT = r"(?:\s*\(\s*(?P<in_iface>[^\s()]+)(?:\s+(?P<src_mac>[^()]*))?\))?(?:\s*(?P<input>[A-Za-z][\w/.:-]*?))?"
LIST = r"(?:access-)?list (?P<rule>\S+)(?: \((?P<sequence>\d+)\))? (?P<verdict>permitted|denied|permit|deny)"
COUNT = r"(?:,? *(?P<count>\d+) packets?)?(?:.*?\[(?P<tag>[^\]]*)\])?"
ACL = (
    rf"{LIST} +(?:protocol )?(?P<proto>[\w-]+) +(?:(?P<mac>[0-9A-Fa-f]{{2}}(?:[-:][0-9A-Fa-f]{{2}}){{5}}|[0-9A-Fa-f]{{4}}(?:\.[0-9A-Fa-f]{{4}}){{2}}) )?"
    rf"{SRC}{INPUT} *-> *{DST}(?: *\((?P<icmp_type>\d+)(?:/(?P<icmp_code>\d+))?\))?{COUNT}"
)
ONE_END = rf"{LIST} +(?P<src>{IP}){COUNT}"
MISSED = r"(?P<missed>\d+) packets?"

#: `address:port` of the zone-based firewall; an IPv6 address with a port stands in brackets.
END = r"\[?(?P<{0}>\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]*:[0-9A-Fa-f:.]*)\]?(?::(?P<{0}_port>\d+))?"
A, B = END.replace("{0}", "src"), END.replace("{0}", "dst")
CLASS = r"(?:\(?target:class\)? ?-? ?\((?P<rule>[^()]*)\):?)?"
SESSION = (
    rf"{CLASS} ?(?:(?P<verdict>Start|Stop) )?(?P<app>\S+) session:? +initiator \({A}\)(?: sent (?P<bytes_out>\d+) bytes)?"
    rf" -- responder \({B}\)(?: sent (?P<bytes_in>\d+) bytes)?(?:,? from (?P<in_iface>\S+))?"
)
PACKET = (
    rf"^(?:\(target:class\)-\((?P<class_map>[^()]*)\):? ?)?(?P<verdict>Dropping|Passing) (?P<proto>\S+) (?:pkt|packet|session)(?: from)?(?: (?P<in_iface>[A-Za-z]\S*))? {A} (?:=> )?{B} ?{CLASS}"
    r"(?: on zone-pair (?P<zone_pair>\S+)(?: class (?P<class>\S+))?)?(?: due to +(?P<reason>.*?))?(?: +with ip ident (?P<ip_id>\d+))?"
    r"(?: tcp flag (?P<flags>\S+?),.*)?$"
)
SUMMARY = rf"(?P<count>\d+) (?:(?P<proto>\S+) )?packets? (?:was|were) (?P<verdict>dropped|passed)(?: from)?(?: (?P<in_iface>[A-Za-z]\S*))? {A} => {B} ?{CLASS}"
SIGNATURE = (
    rf"Sig: ?(?P<sid>\d+) Subsig: ?(?P<subsig>\d+) Sev: ?(?P<severity>\w+) (?P<signature>.*?) \[{A} ?-> ?{B}\]"
    r"(?: VRF: ?(?P<vrf>\S+))?(?: RiskRating: ?(?P<risk>\d+))?"
)
TRANSLATION = (
    r"(?P<verdict>Created|Deleted)?(?: Translation)? ?(?P<proto>\w+) (?P<src>[0-9.]+)(?::(?P<src_port>\d+))? (?P<src_nat>[0-9.]+)(?::(?P<src_nat_port>\d+))?"
    r" (?P<dst>[0-9.]+)(?::(?P<dst_port>\d+))? (?P<dst_nat>[0-9.]+)(?::(?P<dst_nat_port>\d+))?"
)
LOGIN = r"Login (?P<verdict>Success|failed) \[user: (?P<user>[^\]]*)\] \[Source: (?P<src>[^\]]+)\] \[localport: (?P<dst_port>\d+)\](?: \[Reason: (?P<reason>[^\]]*)\])?"
#: Alerts of the firewall that name both ends.
ALERT = rf"(?P<signature>.*?) (?:from|-) (?:initiator )?\(?{A}\)? to (?:responder )?\(?{B}\)?(?:\W|$)"

LISTS = tuple(f"{v}ACCESSLOG{f}" for v in ("IP", "IPV6", "") for f in ("P", "DP", "NP", "RP", "SP", "S"))
PATTERNS = {
    **dict.fromkeys(LISTS, (ACL, ONE_END)),
    **dict.fromkeys(("IPACCESSLOGRL", "IPV6ACCESSLOGRL", "ACCESSLOGRL"), (MISSED,)),
    **dict.fromkeys(("SESS_AUDIT_TRAIL", "SESS_AUDIT_TRAIL_START"), (SESSION,)),
    **dict.fromkeys(("DROP_PKT", "PASS_PKT", "DROP_TCP_PKT", "DROP_UDP_PKT", "DROP_ICMP_PKT"), (PACKET,)),
    "LOG_SUMMARY": (SUMMARY,),
    "SIGNATURE": (SIGNATURE,),
    **dict.fromkeys(("CREATED", "DELETED", "LOG_TRANSLATION", "ADD", "DEL"), (TRANSLATION,)),
    **dict.fromkeys(("LOGIN_SUCCESS", "LOGIN_FAILED"), (LOGIN,)),
    **dict.fromkeys(
        ("BADAUTH", "INVALIDAUTH"), (rf"(?P<reason>.*? digest) from (?P<src>{IP})(?:[(:](?P<src_port>\d+)\)?)? to (?P<dst>{IP})(?:[(:](?P<dst_port>\d+)\)?)?",)
    ),
    "INVALID_RP_JOIN": (rf"Received \((?P<group>[^()]*)\) Join from (?P<src>{IP}) for (?P<reason>invalid RP) (?P<dst>{IP})",),
    "RECVD_PKT_INV_SPI": (
        rf"(?P<reason>.*?) for destaddr= ?(?P<dst>{IP}), prot= ?(?P<proto>\d+), spi= ?(?P<spi>[^,]*), srcaddr= ?(?P<src>{IP})(?:, input interface= ?(?P<in_iface>\S+))?",
    ),
    "RECVD_PKT_NOT_IPSEC": (rf"(?P<reason>.*?\.).*?dest_addr= ?/?(?P<dst>{IP}), src_addr= ?(?P<src>{IP}), prot= ?(?P<proto>\d+)",),
    "LOOPPAK": (
        rf"(?P<reason>Looping packet detected and (?P<verdict>dropped)) - src=(?P<src>{IP}), dst=(?P<dst>{IP}).*?prot=(?P<proto>\d+)(?:, sport=(?P<src_port>\d+), dport=(?P<dst_port>\d+))?",
    ),
}  # fmt: skip
ID = pl.col("@id")
#: Mnemonics whose word is the firewall's own; any other one that names both ends is an alert of it.
FACILITY = LINE.str.extract(r"^.*%([A-Z][A-Z0-9_]*)-(?:[A-Z0-9_]+-)?[0-7]-[A-Z]")
#: Addresses for sure: a MAC address looks much like one.
CERTAIN = r"\b\d{1,3}(?:\.\d{1,3}){3}\b|\b(?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}\b|[0-9A-Fa-f:]*::[0-9A-Fa-f:]*"
NAMED = pl.col("@text").str.count_matches(CERTAIN) >= 2
VERDICTS = r"(?i)\b(?:permit|allow|den[yi]|drop|block|reject)"

MESSAGES = Messages(
    id=LINE.str.extract(r"^.*%(?:[A-Z][A-Z0-9_]*-)+[0-7]-([A-Z][A-Z0-9_]*)"),
    body=LINE.str.extract(rf"^(.*{TAG} ?:\s*)").str.len_bytes(),
    patterns=PATTERNS,
    otherwise=(ALERT,),
    noise=~ID.is_in(list(PATTERNS)) & ~(NAMED & pl.col("@text").str.contains(VERDICTS)),
)

WORDS = {
    **dict.fromkeys(("permitted", "permit", "passing", "passed", "start", "stop", "success"), "allow"),
    **dict.fromkeys(("denied", "deny", "dropping", "dropped", "failed"), "deny"),
}
KINDS = {
    **dict.fromkeys(("CREATED", "DELETED", "LOG_TRANSLATION", "ADD", "DEL"), "nat"),
    **dict.fromkeys(("LOGIN_SUCCESS", "LOGIN_FAILED", "BADAUTH", "INVALIDAUTH"), "auth"),
    "INVALID_RP_JOIN": "system", "SIGNATURE": "ids",
}  # fmt: skip
SESSIONS = ID.is_in(["SESS_AUDIT_TRAIL", "SESS_AUDIT_TRAIL_START"])
NAT = ID.is_in([k for k, v in KINDS.items() if v == "nat"])
REFUSED = ID.is_in(["RECVD_PKT_INV_SPI", "RECVD_PKT_NOT_IPSEC"])
GENERIC = pl.col("@generic").fill_null(False)
TRANSPORTS = ["tcp", "udp", "icmp", "icmpv6", "icmp6"]
#: Words for "any protocol", and those that the firewall has for what it does not know.
ANY = ["ip", "ipv6", "other", "unknown", "l4", "protocol"]
WORD = pl.col("proto").str.to_lowercase()
APP = pl.col("app").str.to_lowercase()
OVER_UDP = ["dns", "ntp", "snmp", "syslog", "tftp", "isakmp", "radius", "sip", "dhcp", "bootps"]

COLUMNS: Columns = {
    **CLOCK,
    "ignored": pl.when(pl.col("missed").is_not_null()).then(pl.lit("no traffic")),
    "lost": uint("missed"),
    "kind": pl.when(GENERIC).then(pl.lit("ids")).otherwise(mapped(ID, {k.lower(): v for k, v in KINDS.items()}, "firewall")),
    "sensor": text("own_host", "@host"),
    "action": pl.when(GENERIC | (ID == "SIGNATURE")).then(pl.lit("alert")).when(REFUSED).then(pl.lit("deny"))
    .when(SESSIONS).then(pl.lit("allow")).when(~NAT).then(mapped("verdict", WORDS)),
    "disposition": pl.col("verdict").str.to_lowercase(),
    "protocol": pl.when(SESSIONS & APP.is_in(TRANSPORTS)).then(APP).when(SESSIONS & APP.is_in(OVER_UDP)).then(pl.lit("udp"))
    .when(ID == "BADAUTH").then(pl.lit("tcp")).when(ID == "INVALID_RP_JOIN").then(pl.lit("pim"))
    .when(~WORD.is_in(ANY)).then(WORD),
    "src_ip": pl.col("src"),
    "src_port": port("src_port"),
    "dst_ip": pl.col("dst"),
    "dst_port": port("dst_port"),
    "src_nat_ip": pl.col("src_nat"),
    "src_nat_port": port("src_nat_port"),
    "dst_nat_ip": pl.col("dst_nat"),
    "dst_nat_port": port("dst_nat_port"),
    "bytes_out": uint("bytes_out"),
    "bytes_in": uint("bytes_in"),
    "packets_out": uint("count"),
    "icmp_type": uint("icmp_type", bits=8),
    "icmp_code": uint("icmp_code", bits=8),
    "in_iface": text("in_iface", "input"),
    "rule": text("rule", "class_map", "zone_pair"),
    "reason": pl.col("reason"),
    "app": pl.when(SESSIONS & ~APP.is_in(TRANSPORTS)).then(APP),
    "user_name": pl.col("user"),
    "signature": pl.col("signature"),
    "signature_id": pl.concat_str(["sid", "subsig"], separator=":"),
    "severity": mapped("severity", {"2": "informational", "3": "low", "4": "medium", "5": "high", "25": "low", "50": "medium", "75": "high", "100": "high"}),
}  # fmt: skip


def _nat(value: pl.Expr) -> pl.Expr:
    return pl.when(NAT & pl.col("src").is_not_null()).then(value)


FORMAT = Format(
    name="cisco_ios",
    title="Cisco IOS, IOS XE and IOS XR syslog (access lists, zone-based firewall)",
    reference="https://www.cisco.com/c/en/us/support/docs/security/ios-firewall/23602-confaccesslists.html",
    notes="Times are the device's own, local without zone and year unless it writes them.",
    is_record=LINE.str.contains("%", literal=True)
    & LINE.str.contains(rf"^[^{{|]{{0,300}}?{TAG}(?: ?:| \[)")
    & ~LINE.str.contains(r"%ACLLOG-|(?:^|[\s:>])20\d\d [A-Z][a-z]{2} +\d{1,2} \d\d:\d\d:\d\d[^%]*%[A-Z]"),
    layout=OwnClock(layout=MESSAGES),
    columns=COLUMNS,
    required=("src_ip", "dst_ip"),
    tables={
        "translations": {
            "sensor": _nat(COLUMNS["sensor"]),
            "protocol": _nat(WORD),
            "orig_src_ip": _nat(pl.col("src")),
            "orig_src_port": _nat(port("src_port")),
            "orig_dst_ip": _nat(pl.col("dst")),
            "orig_dst_port": _nat(port("dst_port")),
            "new_src_ip": _nat(pl.col("src_nat")),
            "new_src_port": _nat(port("src_nat_port")),
            "new_dst_ip": _nat(pl.col("dst_nat")),
            "new_dst_port": _nat(port("dst_nat_port")),
            "started_at": _nat(CLOCK["ts"]),
            "started_at_local": _nat(CLOCK["ts_local"]),
        }
    },
)
