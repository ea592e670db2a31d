"""The packet filter log of pfSense and OPNsense: `filterlog` CSV lines.

The columns depend on the IP version, the protocol and, for ICMP, on the message. Read are TCP and UDP, all ICMP forms,
IGMP, CARP and any other protocol, over IPv4 and IPv6, with BSD or RFC 5424 headers or none.

Reference: https://docs.netgate.com/pfsense/en/latest/monitoring/logs/raw-filter-format.html
Reference: https://github.com/opnsense/ports/blob/master/opnsense/filterlog/files/description.txt

Time: that of the syslog header; the BSD form has neither year nor zone. `direction` (in, out) is that of the packet at
the interface and stays in `extra`. `rule` is the tracker (a number, or OPNsense's hash or UUID), which survives edits
of the rule set; the rule's number, sub-rule and anchor are in `extra`. The length of IPv6 is without its header, as pf
writes it. A `match` rule, `nat` and `rdr` take no decision. Not covered: pf's binary pflog.
"""

from __future__ import annotations

import polars as pl

from fwforensics.formats._either import Either
from fwforensics.formats._fields import lower, mapped, port, uint
from fwforensics.formats._format import Format
from fwforensics.formats._layouts import LINE, Delimited

ACTIONS = {"pass": "allow", "block": "deny", "reject": "deny", "synproxy drop": "deny"}
WORDS = r"(?:pass|block|reject|match|nat|rdr|binat|scrub|noscrub|nonat|nordr|defer|synproxy drop|unkn\(\d+\))"
#: Up to the IP version; the first column is the rule's number.
START = rf"\d*,[^,]*,[^,]*,[^,]*,[^,]*,[a-z-]*,{WORDS},(?:in|out|in/out|unkn\(\d+\)),[46],"
WITH_PORTS = r",4,(?:[^,]*,){6}(?:6|17),|,6,(?:[^,]*,){4}(?:6|17),"
ICMP = r",4,(?:[^,]*,){6}1,"

HEAD = ["rule_number", "sub_rule", "anchor", "tracker", "interface", "log_reason", "action", "direction", "ip_version"]
IPV4 = ["tos", "ecn", "ttl", "id", "offset", "ip_flags", "protocol_id", "protocol", "length", "src", "dst"]
IPV6 = ["class", "flow_label", "hop_limit", "protocol", "protocol_id", "length", "src", "dst"]
PORTS = ["src_port", "dst_port", "data_length", "tcp_flags", "seq", "ack", "window", "urg", "options"]
CARP = ["carp_type", "carp_ttl", "vhid", "version", "advbase", "advskew"]
#: What follows each ICMP message's name.
MESSAGES = {
    **{word: ["icmp_id", "icmp_seq"] for word in ("request", "reply", "tstamp")},
    "tstampreply": ["icmp_id", "icmp_seq", "icmp_otime", "icmp_rtime", "icmp_ttime"],
    "unreachproto": ["icmp_dst", "icmp_protocol"],
    "unreachport": ["icmp_dst", "icmp_protocol", "icmp_port"],
    "needfrag": ["icmp_dst", "icmp_mtu"],
}
#: Type, and code where the name tells it.
TYPES = {
    "reply": 0, "unreach": 3, "unreachproto": 3, "unreachport": 3, "needfrag": 3, "sourcequench": 4, "redirect": 5,
    "request": 8, "routeradvert": 9, "routersolicit": 10, "timexceed": 11, "paramprob": 12, "tstamp": 13,
    "tstampreply": 14, "maskrequest": 17, "maskreply": 18,
}  # fmt: skip
CODES = {"reply": 0, "request": 0, "unreachproto": 2, "unreachport": 3, "needfrag": 4}


def fixed(version: str | None) -> list[str] | None:
    """The columns up to the destination."""
    return {"4": HEAD + IPV4, "6": HEAD + IPV6}.get(version or "")


def with_ports(version: str | None, count: int) -> list[str] | None:
    """TCP and UDP; a later fragment has no ports."""
    names = fixed(version)
    return names + PORTS if names is not None and count >= len(names) else None


def icmp(message: str | None, count: int) -> list[str]:
    """ICMP over IPv4."""
    del count
    return [*HEAD, *IPV4, "icmp_message", *MESSAGES.get(message or "", ["icmp_description"])]


def others(version: str | None, count: int) -> list[str] | None:
    """CARP, which has six columns, and all else, which has one or none."""
    names = fixed(version)
    if names is None or count < len(names):
        return None
    return names + (CARP if count - len(names) == len(CARP) else ["detail"])


BEGIN = LINE.str.find(START)
LETTERS = {"C": "CW", "E": "E", "U": "U", "A": "A.", "P": "P", "R": "R", "S": "S", "F": "F"}
FLAGS = pl.concat_str(
    pl.when(pl.col("tcp_flags").str.contains_any(list(written))).then(pl.lit(letter)).otherwise(pl.lit(""))
    for letter, written in LETTERS.items()
)
RULE = pl.when(pl.col("tracker") != "0").then(pl.col("tracker"))
#: Words of the second column of ICMP messages, or a number where filterlog has no word.
MESSAGE = pl.col("icmp_message")


def layout(names: object, pick: int) -> Delimited:
    """One of the three layouts."""
    return Delimited(names=names, begin=BEGIN, pick=pick, keep=("rule_number", "direction", "interface", "protocol"))  # type: ignore[arg-type]


FORMAT = Format(
    name="pf_filterlog",
    title="pfSense and OPNsense packet filter (filterlog)",
    reference="https://docs.netgate.com/pfsense/en/latest/monitoring/logs/raw-filter-format.html",
    notes="BSD headers have neither year nor zone: --year, --tz.",
    is_record=LINE.str.contains(START),
    layout=Either(
        layout(with_ports, len(HEAD) - 1),
        Either(
            layout(others, len(HEAD) - 1),
            layout(icmp, len(HEAD) + len(IPV4)),
            LINE.str.contains(ICMP),
        ),
        ~LINE.str.contains(WITH_PORTS),
    ),
    columns={
        "sensor": pl.col("@host"),
        "action": mapped("action", ACTIONS),
        "disposition": lower("action"),
        "protocol": pl.coalesce(pl.col("protocol_id"), pl.col("protocol")),
        "src_ip": pl.col("src"),
        "src_port": port("src_port"),
        "dst_ip": pl.col("dst"),
        "dst_port": port("dst_port"),
        "bytes_out": uint("length"),
        "tcp_flags": pl.when(FLAGS != "").then(FLAGS),
        "icmp_type": pl.coalesce(
            MESSAGE.replace_strict(TYPES, default=None, return_dtype=pl.UInt8), MESSAGE.cast(pl.UInt8, strict=False)
        ),
        "icmp_code": MESSAGE.replace_strict(CODES, default=None, return_dtype=pl.UInt8),
        "in_iface": pl.when(pl.col("direction") == "in").then(pl.col("interface")),
        "out_iface": pl.when(pl.col("direction") == "out").then(pl.col("interface")),
        "rule": pl.coalesce(RULE, pl.col("rule_number")),
        "reason": pl.when(pl.col("log_reason") != "match").then(pl.col("log_reason")),
    },
)
