"""What fields are called and what values look like, for guesses."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address

ENDS = {
    "src": ("src", "source", "s", "orig", "client", "from"),
    "dst": ("dst", "dest", "destination", "d", "resp", "server", "to"),
}


def _of(end: str, *what: str) -> tuple[str, ...]:
    return tuple(f"{e}{w}" for e in ENDS[end] for w in what)


#: Column → names of fields in small letters without marks, the likeliest first.
NAMES: dict[str, tuple[str, ...]] = {
    "ts": (
        "timestamp", "ts", "eventtime", "datetime", "logtime", "time", "date", "when", "starttime", "start",
        "receivetime", "generatedtime",
    ),
    "ts_end": ("endtime", "end", "stoptime", "tsend"),
    "src_ip": (*_of("src", "ip", "addr", "address", "ipaddr", "ipaddress", "ipv4", ""), "idorigh",),
    "dst_ip": (*_of("dst", "ip", "addr", "address", "ipaddr", "ipaddress", "ipv4", ""), "idresph",),
    "src_port": (*_of("src", "port", "pt"), "spt", "sport", "idorigp"),
    "dst_port": (*_of("dst", "port", "pt"), "dpt", "dport", "port", "service", "idrespp"),
    "src_nat_ip": (
        *_of("src", "natip", "nataddress", "translatedaddress", "xlatedip"),
        "natsrcip", "natsrc", "xlatesrc", "natsourceip",
    ),
    "src_nat_port": (*_of("src", "natport", "translatedport", "xlatedport"), "natsport", "natsrcport", "xlatesport"),
    "dst_nat_ip": (
        *_of("dst", "natip", "nataddress", "translatedaddress", "xlatedip"),
        "natdstip", "natdst", "natdestinationip",
    ),
    "dst_nat_port": (*_of("dst", "natport", "translatedport", "xlatedport"), "natdport", "natdstport"),
    "protocol": (
        "proto", "protocol", "ipproto", "ipprotocol", "transport", "transportprotocol", "l4proto", "protonum",
    ),
    "action": (
        "action", "act", "verdict", "decision", "disposition", "fwaction", "firewallaction", "policyaction", "result",
        "status", "outcome", "event",
    ),
    "direction": ("direction", "dir", "flowdirection"),
    "sensor": (
        "devname", "devicename", "device", "hostname", "firewall", "fw", "sensor", "observer", "host", "origin",
        "dvchost", "dvc",
    ),
    "bytes": ("bytes", "totalbytes", "bytestotal", "octets", "size", "length", "len"),
    "bytes_out": (
        "bytesout", "bytessent", "sentbytes", "sentbyte", "outbytes", "srcbytes", "outboundbytes", "bytestoserver",
        "tx", "txbytes", "out", "sent",
    ),
    "bytes_in": (
        "bytesin", "bytesreceived", "rcvdbytes", "rcvdbyte", "receivedbytes", "recvbytes", "inbytes", "dstbytes",
        "inboundbytes", "bytestoclient", "rx", "rxbytes", "in", "rcvd", "recv",
    ),
    "packets": ("packets", "pkts", "totalpackets", "packetstotal"),
    "packets_out": (
        "packetsout", "packetssent", "sentpackets", "sentpkt", "outpackets", "srcpackets", "srcpkts", "pktssent",
    ),
    "packets_in": (
        "packetsin", "packetsreceived", "rcvdpackets", "rcvdpkt", "inpackets", "dstpackets", "dstpkts", "pktsreceived",
    ),
    "duration": ("duration", "elapsed", "elapsedtime", "sessionduration", "durationsec", "dur"),
    "in_iface": (
        "iniface", "ininterface", "srcintf", "srcinterface", "ingressinterface", "inif", "sourceinterface", "iface",
        "interface", "deviceinboundinterface",
    ),
    "out_iface": (
        "outiface", "outinterface", "dstintf", "dstinterface", "egressinterface", "outif", "destinationinterface",
        "deviceoutboundinterface",
    ),
    "src_zone": ("srczone", "sourcezone", "fromzone", "zonesrc", "inzone", "ingresszone"),
    "dst_zone": ("dstzone", "destzone", "destinationzone", "tozone", "zonedst", "outzone", "egresszone"),
    "rule": (
        "rule", "rulename", "policy", "policyname", "policyid", "ruleid", "acl", "aclname", "ruleuid", "firewallrule",
    ),
    "reason": ("reason", "denyreason", "closereason", "dropreason", "sessionendreason"),
    "app": ("app", "application", "appname", "applicationname", "l7proto"),
    "dst_name": (
        "dstname", "dsthost", "dsthostname", "desthost", "destinationhostname", "domain", "fqdn", "sni", "url",
        "destinationdomain",
    ),
    "user_name": ("user", "username", "srcuser", "suser", "sourceuser", "usrname"),
    "signature": ("signature", "attack", "attackname", "threat", "threatname", "msgsignature"),
    "signature_id": ("signatureid", "sid", "attackid", "threatid"),
    "session_id": ("sessionid", "session", "connid", "connectionid", "flowid", "uid"),
    "tcp_flags": ("tcpflags",),
}  # fmt: skip

_ALLOW = (
    "allow", "allowed", "accept", "accepted", "permit", "permitted", "pass", "passed", "forward", "forwarded", "built",
    "ok", "success", "connect", "established", "trust",
)  # fmt: skip
_DENY = (
    "deny", "denied", "drop", "dropped", "block", "blocked", "reject", "rejected", "discard", "discarded", "refuse",
    "refused", "reset", "prevent", "prevented", "kill", "failure", "quarantine", "silentdrop",
)  # fmt: skip
#: Verdicts in small letters, without marks.
VERDICTS = {
    **dict.fromkeys(_ALLOW, "allow"), **dict.fromkeys(_DENY, "deny"),
    **dict.fromkeys(("alert", "alerted", "detect", "detected"), "alert"),
}  # fmt: skip
#: Formats of times that are neither ISO 8601 nor numbers; where days and months can be taken for each other, both.
FORMATS = (
    "%d.%m.%Y %H:%M:%S%.f", "%d/%b/%Y:%H:%M:%S %z", "%d/%b/%Y %H:%M:%S", "%d-%b-%Y %H:%M:%S", "%d%b%Y %H:%M:%S",
    "%b %d %Y %H:%M:%S", "%b %d, %Y %H:%M:%S", "%a %b %d %H:%M:%S %Y", "%d/%m/%Y %H:%M:%S", "%m/%d/%Y %H:%M:%S",
    "%Y%m%d%H%M%S", "%Y%m%d %H:%M:%S", "%d-%m-%Y %H:%M:%S", "%m-%d-%Y %H:%M:%S", "%Y/%m/%d %H:%M:%S",
    "%m/%d/%Y %I:%M:%S %p", "%d %b %Y %H:%M:%S",
)  # fmt: skip
DATE = r"\d{4}[-/.]?\d\d[-/.]?\d\d|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}|\d{1,2}-?[A-Z][a-z]{2}-?\d{4}"
ISO = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?\s*(Z|[+-]\d\d:?\d\d|UTC)?"


@dataclass(frozen=True, slots=True)
class Form:
    """How times are written: a format, or none where they need none."""

    pattern: str = ""
    is_date: bool = False
    doubt: str = ""


def time_format(values: Sequence[str]) -> Form | None:
    """How most of the values are written; None where they are no times."""
    some = [v for v in values if v][:50]
    if not some:
        return None
    if all(re.fullmatch(ISO, v) for v in some):
        zoned = all(m and m.group(1) for m in (re.fullmatch(ISO, v) for v in some))
        return Form(doubt="" if zoned else "no zone in it: --tz says which")
    if all(re.fullmatch(r"1\d{9}(?:\.\d+)?|1\d{12}|1\d{15}|1\d{18}", v) for v in some):
        return Form()
    if all(
        re.fullmatch(r"\d{4}[-/.]?\d\d[-/.]?\d\d|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}|\d{1,2}-?[A-Z][a-z]{2}-?\d{4}", v)
        for v in some
    ):
        return Form(is_date=True)
    fit = [f for f in FORMATS if all(_fits(v, f) for v in some)]
    if not fit:
        return None
    other = f", or {fit[1]}" if len(fit) > 1 and {fit[0][1], fit[1][1]} == {"d", "m"} else ""
    zone = "" if "%z" in fit[0] else "no zone in it: --tz says which"
    return Form(fit[0], doubt=f"{zone}{other}")


def _fits(value: str, pattern: str) -> bool:
    try:
        datetime.strptime(re.sub(r"[.]\d+$", "", value) if "%.f" in pattern else value, pattern.replace("%.f", ""))  # noqa: DTZ007
    except ValueError:
        return False
    return True


def word_kind(value: str) -> str | None:
    """What a value is: time, address, number, verdict or protocol."""
    value = value.strip()
    form = time_format([value])
    if form is not None and not form.is_date and not value.isdigit():
        return "time"
    host = re.sub(r"^\[?([0-9A-Fa-f.:]+?)\]?(?:[:#/]\d{1,5})?$", r"\1", value)
    for text in (value, host):
        try:
            ip_address(text)
        except ValueError:
            continue
        return "address"
    if value.isdigit():
        return "time" if form is not None and not form.is_date else "number"
    word = re.sub(r"[^a-z0-9]", "", value.lower())
    if word in ("tcp", "udp", "icmp", "icmpv6", "gre", "esp", "sctp", "ipv6icmp"):
        return "protocol"
    return "verdict" if word in VERDICTS else None
