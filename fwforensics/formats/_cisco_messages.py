"""What the syslog messages of ASA, PIX, FWSM and FTD say, by message number: patterns whose groups are the fields.

Both ends are written in order; `src` is who opened the connection wherever the sentence says so. Message numbers that
are not listed are read by `OTHERWISE`: two ends, or the peer of a VPN session or of a login.

Reference: https://www.cisco.com/c/en/us/td/docs/security/asa/syslog/asa-syslog.html
"""

# ruff: noqa: E501 (one sentence of the vendor, one line)
from __future__ import annotations

import re

IPV4 = r"\d{1,3}(?:\.\d{1,3}){3}"
IPV6 = (
    r"(?:[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{1,4}){7}"
    rf"|(?:[0-9A-Fa-f]{{1,4}}(?::[0-9A-Fa-f]{{1,4}}){{0,6}})?::(?:[0-9A-Fa-f]{{1,4}}:){{0,6}}(?:{IPV4}|[0-9A-Fa-f]{{1,4}})?)"
)
ADDRESS = rf"(?:{IPV4}|{IPV6})"

#: Places in the patterns below: `<<src>>` is `interface:address/port(user, tag)`, `<<src-mapped>>` adds `(address/port)`,
#: `<<src-bare>>` has no interface, `<<src-slash>>` is `interface/address(port)`, `<<src-any>>` may have an interface.
_PORT = r"(?:[/|](?P<{0}_port>[\w-]+))?"
#: A user is anything but `type 3`, which is an ICMP type in the same brackets.
_PERSON = r"(?:(?:[^()\\,=t]|t[^()\\,=y]|ty[^()\\,=p]|typ[^()\\,=e]|type[^()\\,= ])[^()\\,=]*)?"
#: A security group (`9999:Servers`) may stand in the place of the user, or behind it.
_USER = (
    r"(?: ?\((?:(?P<{0}_sgt>\d+:[^()]*)|(?:(?P<{0}_domain>[^()]*)\\)?(?P<{0}_user>"
    + _PERSON
    + r")(?:, ?(?P<{0}_tag>[^()]*))?)\))?"
)
_NAT = r" ?\((?P<{0}_nat>[^\s/()]+)(?:[/(](?P<{0}_nat_port>[^\s()]+))?\)+"
_INTERFACE = r"(?P<{0}_if>[^:/()]+?) ?:"
_NAME = r"(?P<{0}>[^\s/()|,;]+)"
PLACES = {
    "": _INTERFACE + _NAME + _PORT + _USER,
    "-mapped": _INTERFACE + _NAME + _PORT + _NAT + _USER,
    "-bare": r"\(?" + _NAME + r"\)?" + _PORT,
    "-slash": r"(?P<{0}_if>[^/()]+?)/" + _NAME + r"(?:\((?P<{0}_port>\w+)\))?" + _USER,
    "-any": rf"(?:(?P<{{0}}_if>[\w.-]*[g-zG-Z_-][\w.-]*):)?(?P<{{0}}>{ADDRESS})"
    + _PORT
    + _USER.replace(")?(?P", ")(?P", 1),
    "-torn": _INTERFACE + _NAME + _PORT + r"(?:" + _USER[:-1] + r"| (?P<{0}_bare_user>[^()]+?))?",
}
_ICMP = r"(?:,? ?\(?type ?=? ?(?P<icmp_type>\w+),? code ?=? ?(?P<icmp_code>\w+)\)?,?)?"
_PROTO = r"(?:protocol )?(?P<proto>\S+)"
_ENDED = r",? duration (?P<duration>\d[\dhdm:]*)(?: (?:forwarded )?bytes (?P<bytes>\d+))?(?: (?P<reason>[^()]+?))?(?: ?\((?P<user>[^()]*)\))?$"
_ON = r"(?: flags? (?P<flags>.*?))? +on interface (?P<src_if>\S+)"
_LIST = r'(?:.* by access-group "?(?P<rule>[^"\[]+?)"? ?(?:\[(?P<hashes>[^\]]*)\])?"?$)?'


def _compiled(sentence: str) -> str:
    """A sentence with its places written out."""

    def place(found: re.Match[str]) -> str:
        return PLACES[found[2]].replace("{0}", found[1])

    return re.sub(r"<<(src|dst)((?:-[a-z]+)?)>>", place, sentence)


_BUILT = r"(?P<verdict>Built) (?:(?P<direction>{0}) )?(?:Probe )?(?P<proto>\S+) (?:state-bypass )?connection (?P<session_id>\d+)"
_BUILT_OUT = _BUILT.replace("{0}", "outbound").replace(" )?(?:Probe", " )(?:Probe")
_BUILT_ANY = _BUILT.replace("{0}", "inbound|outbound")
_TORN = r"(?P<verdict>Teardown) (?P<proto>\S+) (?:state-bypass )?connection (?P<session_id>\d+)"
_FILTER = (
    r"Dynamic [Ff]ilter (?P<verdict>\w+) (?P<list_kind>\w+) (?P<proto>\S+) traffic from <<src-mapped>> to <<dst-mapped>>, ?"
    r"{0} (?:\S+|malicious address) resolved from (?P<list>\w+) list: ?(?P<{1}>[^,]+)"
    r"(?:, threat-level: (?P<severity>[\w-]+))?(?:, category: (?P<signature>.*))?$"
)
_FILTERS = (
    _FILTER.replace("{0}", "destination").replace("{1}", "host"),
    _FILTER.replace("{0}", "source").replace("{1}", "src_name"),
)
_ACCESS = r"access-list (?P<rule>\S+) (?P<verdict>[\w-]+) (?P<proto>\S+) (?:for user (?P<user>\S+) )?<<src-slash>> -> <<dst-slash>> hit-cnt (?P<hits>\d+)(?: (?P<interval>first hit|[^\[\]]*?interval))?(?: \[(?P<hashes>[^\]]*)\])?"
_STUB = r"(?P<verdict>Built) (?P<role>\w+) +stub (?P<proto>\S+) connection (?:(?P<session_id>\d+) )?for <<src-mapped>> to <<dst-mapped>>"
_STUB_TORN = (
    rf"(?P<verdict>Teardown) +stub (?P<proto>\S+) connection (?:(?P<session_id>\d+) )?for <<src>> to <<dst>>{_ENDED}"
)
#: An interface before an address: no hexadecimal digits alone, for an IPv6 address begins with these.
_IF = r"(?:(?P<{0}_if>[\w.-]*[g-zG-Z_-][\w.-]*):)?"
_FADDR = r"faddr " + _IF + r"(?P<{0}>[^\s/()]+)(?:/(?P<{0}_port>\w+))?" + _USER
_LADDR = (
    r" gaddr (?:[\w.-]*[g-zG-Z_-][\w.-]*:)?(?P<{0}_nat>[^\s/()]+)(?:/(?P<{0}_nat_port>\w+))? laddr "
    + _IF
    + r"(?P<{0}>[^\s/()]+)(?:/(?P<{0}_port>\w+))?"
)
_INBOUND = _FADDR.replace("{0}", "src") + _LADDR.replace("{0}", "dst")
_OUTBOUND = _FADDR.replace("{0}", "dst") + _LADDR.replace("{0}", "src")
#: Teardowns of pings do not say who began; the echo's id stands at the end that did, the other one has 0.
_PINGED_OUT = _OUTBOUND.replace(r"(?:/(?P<dst_port>\w+))?", "/0", 1).replace(
    r"(?P<src>[^\s/()]+)(?:/(?P<src_port>\w+))?", r"(?P<src>[^\s/()]+)/(?P<src_port>[1-9]\d*)"
)
_PIX = r"(?P<verdict>Built|Teardown) (?P<direction>{0})? ?(?P<proto>\S+) connection (?:(?P<session_id>\d+) )?(?:for )?"
_PINGED = (
    r"(?P<verdict>Built|Teardown) (?:(?P<direction>{0}) )?(?P<proto>ICMP) connection (?:(?P<session_id>\d+) )?for "
)
_PING_END = r"(?: ?\((?P<user>[^()]*)\))?(?: duration (?P<duration>[\dhdm:]+))?" + _ICMP
_IPSEC = rf"(?:IPSEC: )?Received an? {{0}}.*? from (?P<src>{ADDRESS})(?: \(user ?= ?(?P<user>[^)]*)\))? to (?P<dst>{ADDRESS})[.,]? ?(?P<reason>.*?)\.?$"
_REQUEST = r"(?P<proto>\S+) (?:access |request )?(?:connection )?(?P<verdict>requested|permitted|denied|discarded|limit exceeded)(?: by ACL)? from <<src-bare>> to <<dst>>"

SENTENCES: dict[str, tuple[str, ...]] = {
    "106001": (rf"(?P<direction>Inbound) (?P<proto>\S+) connection (?P<verdict>denied) from <<src-bare>> to <<dst-bare>>{_ON}",),
    "106002": (r"(?P<proto>\S+) Connection (?P<verdict>denied) by outbound list (?P<rule>\S+) src <<src-bare>> dest <<dst-bare>>",),
    "106006": (r"(?P<verdict>Deny) (?P<direction>inbound) (?P<proto>UDP) from <<src-bare>> to <<dst-bare>> on interface (?P<src_if>\S+)",),
    "106007": (r"(?P<verdict>Deny) (?P<direction>inbound) (?P<proto>UDP) from <<src-bare>> to <<dst-bare>>(?: due to (?P<reason>.*))?",),
    "106010": (rf"(?P<verdict>Deny) (?P<direction>inbound) {_PROTO} src <<src>> dst <<dst>>{_ICMP}",),
    "106011": (rf"(?P<verdict>Deny) (?P<direction>inbound) \((?P<reason>No xlate)\) {_PROTO} src <<src>> dst <<dst>>{_ICMP}",),
    "106012": (r"(?P<verdict>Deny) IP from <<src-bare>> to <<dst-bare>>, (?P<reason>IP options.*)",),
    "106013": (r"(?P<verdict>Dropping) (?P<reason>echo request) from <<src-bare>> to PAT address <<dst-bare>>",),
    "106014": (rf"(?P<verdict>Deny) (?P<direction>inbound) (?P<proto>icmp) src <<src>> dst <<dst>>{_ICMP}",),
    "106015": (rf"(?P<verdict>Deny) (?P<proto>TCP) \((?P<reason>[^)]*)\) from <<src-bare>> to <<dst-bare>>{_ON}",),
    "106016": (r"(?P<verdict>Deny) IP (?P<reason>spoof) from \(?(?P<src>[^\s()]+)\)? to <<dst-bare>> on interface (?P<src_if>\S+)",),
    "106017": (r"(?P<verdict>Deny) IP due to (?P<reason>Land Attack) from <<src-bare>> to <<dst-bare>>",),
    "106018": (r"(?P<proto>ICMP) packet type (?P<icmp_type>\d+) (?P<verdict>denied) by outbound list (?P<rule>\S+) src <<src-bare>> dest <<dst-bare>>",),
    "106020": (r"(?P<verdict>Deny) IP (?P<reason>teardrop fragment \([^)]*\)) from <<src-bare>> to <<dst-bare>>",),
    "106021": (r"(?P<verdict>Deny) (?P<proto>\S+) (?P<reason>reverse path check) from <<src-bare>> to <<dst-bare>> on interface (?P<src_if>\S+)",),
    "106022": (r"(?P<verdict>Deny) (?P<proto>\S+) (?P<reason>connection spoof) from <<src-bare>> to <<dst-bare>> on interface (?P<src_if>\S+)",),
    "106023": (rf"(?P<verdict>Deny) {_PROTO} src <<src>> dst <<dst>>{_ICMP}{_LIST}",),
    "106100": (_ACCESS,), "106102": (_ACCESS,), "106103": (_ACCESS,),
    "110001": (r"(?P<reason>No route) to <<dst-bare>> from <<src-bare>>",),
    "111008": (rf"User '(?P<user>[^']*)'.*?(?: from IP (?P<src>{ADDRESS}))?,? (?P<verdict>executed)(?: the)? '(?P<command>.*{ADDRESS}.*{ADDRESS}.*)'",),
    "113005": (r"AAA user (?P<step>\w+) (?P<verdict>Rejected) ?: ?reason ?= ?(?P<reason>.*?) ?: ?server ?= ?(?P<dst>\S+) ?: ?user ?= ?(?P<user>.*?)(?: ?: ?user IP ?= ?(?P<src>\S+))?$",),
    "113019": (r"Group ?= ?(?P<group>.*?), Username ?= ?(?P<user>.*?), IP ?= ?(?P<src>[^,\s]+), (?P<verdict>Session disconnected)\. Session Type: (?P<app>.*?), Duration: (?P<duration>[\ddhms: ]+), Bytes xmt: (?P<bytes_in>\d+), Bytes rcv: (?P<bytes_out>\d+)(?:, Reason: (?P<reason>.*))?",),
    "201003": (r"(?P<reason>Embryonic limit exceeded \S+) for <<src-bare>> \((?P<dst_nat>[^\s/()]+)\) <<dst-bare>> on interface (?P<src_if>\S+)",),
    "302001": (_PIX.replace("{0}", "outbound") + _OUTBOUND, _PIX.replace("{0}", "inbound|") + _INBOUND),
    "302002": (_PIX.replace("{0}", "inbound|outbound") + _INBOUND + r" duration (?P<duration>\d[\dhdm:]*)(?: bytes (?P<bytes>\d+))?(?: \((?P<reason>[^()]*)\))?",),
    "302005": (_PIX.replace("{0}", "inbound|outbound") + _INBOUND,), "302006": (_PIX.replace("{0}", "inbound|outbound") + _INBOUND,),
    "302003": (r"(?P<verdict>Built) (?P<app>H245) connection for f\S+ <<dst-bare>> l\S+ <<src-bare>>",),
    "302014": (rf"{_TORN} (?:for|from) <<src-torn>> to <<dst-torn>>{_ENDED}", rf"{_TORN} (?:for|from) <<src>> to <<dst>>"),
    "302017": (rf"{_BUILT_ANY} (?:from|for) <<src-mapped>> to <<dst-mapped>>{_USER.replace('{0}', 'x')}",),
    "302018": (rf"{_TORN} (?:from|for) <<src-mapped>> to <<dst-mapped>>{_ENDED}", rf"{_TORN} (?:from|for) <<src>> to <<dst>>{_ENDED}"),
    "302020": (_PINGED.replace("{0}", "outbound") + _OUTBOUND + _PING_END, _PINGED.replace("{0}", "inbound") + _INBOUND + _PING_END),
    "302021": (_PINGED.replace("{0}", "outbound") + _PINGED_OUT + _PING_END, _PINGED.replace("{0}", "inbound") + _INBOUND + _PING_END),
    "302303": (rf"{_BUILT_ANY} (?:from|for) <<src-mapped>> to <<dst-mapped>>",),
    "303002": (
        r"(?P<app>FTP) connection from <<src>> to <<dst>>, user (?P<user>.*?)(?: action:?)? (?P<verdict>Stored|Retrieved) file:? (?P<file>.*)",
        r"(?P<src>\S+) (?P<verdict>Stored|Retrieved) (?P<dst>[^\s:]+):(?P<file>.*)",
    ),
    "304001": (rf"(?:(?P<user>\S+)@)?(?P<src>[^\s@()]+){_USER.replace('{0}', 'src')} (?P<verdict>Accessed)(?P<content> JAVA)? URL (?:\S+@)?(?P<dst>{ADDRESS}|[^\s:/]+)(?:\([^)]*\))?:(?P<url>.*)",),
    "304002": (r"Access (?P<verdict>denied) URL (?P<url>.*?) SRC <<src-bare>> DEST (?P<dst>[^\s:]+)(?:: ?\S*)?(?: on interface (?P<src_if>\S+))?",),
    "305005": (rf"(?P<reason>No translation group found) for {_PROTO} src <<src>> dst <<dst>>{_ICMP}",),
    "305006": (rf"(?P<reason>.*translation creation (?P<verdict>failed)) for {_PROTO} src <<src>> dst <<dst>>{_ICMP}",),
    "305009": (r"(?P<verdict>Built|Teardown) (?P<mapping>\w+) translation from (?P<src_if>[^:/()\s]+)(?: \((?P<rule>[^)]*)\))?:(?P<src>[^\s/()]+)" + _USER.replace("{0}", "src") + r" to (?P<dst_if>[^:()]+?)(?:\([^)]*\))?:(?P<dst>[^\s/()]+)(?: duration (?P<duration>[\dhd:]+))?",),
    "305011": (r"(?P<verdict>Built|Teardown) (?P<mapping>\w+) (?P<proto>\S+) translation from <<src>> to <<dst>>(?: duration (?P<duration>[\dhd:]+))?",),
    "305013": (rf"(?P<reason>Asymmetric NAT rules matched.*?); Connection for {_PROTO} src <<src>> dst <<dst>>{_ICMP}.*?(?P<verdict>denied)",),
    "313001": (r"(?P<verdict>Denied) (?P<proto>\S+) type=(?P<icmp_type>\d+), code=(?P<icmp_code>\d+) from (?P<src>\S+) on interface (?P<src_if>\S+)",),
    "313004": (r"(?P<verdict>Denied) (?P<proto>ICMP) type=(?P<icmp_type>\d+),? from (?:laddr )?(?P<src>\S+) on interface (?P<src_if>\S+) to (?P<dst>[^\s:]+|\S+): (?P<reason>.*)",),
    "313005": (r"(?P<reason>No matching connection) for ICMP error message: (?P<proto>\S+) src <<src>> dst <<dst>>" + _ICMP + r"(?: on (?P<interface>\S+) interface)?\.? *(?:Original IP payload: (?P<original>.*?)\.?)?$",),
    "313009": (r"(?P<verdict>Denied) invalid (?P<proto>ICMP) code (?P<icmp_code>\d+), for <<src-mapped>> to <<dst-mapped>>,? ?(?:ICMP id (?P<icmp_id>\d+))?(?:, ICMP type (?P<icmp_type>\d+))?",),
    "338001": _FILTERS,
    "400000": (r"(?:IDS|IPS):(?P<signature_id>\d+) (?P<signature>.*?) from <<src-bare>> to <<dst-bare>> on interface (?P<src_if>\S+)",),
    "401004": (r"(?P<verdict>Shunned) packet: <<src-bare>> ==> <<dst-bare>>(?: on interface (?P<src_if>\S+))?",),
    "402114": (_IPSEC.replace("{0}", r"non-IPSec packet \(protocol= ?(?P<proto>[^)]*)\)"), _IPSEC.replace("{0}", r"(?P<proto>\S+) packet")),
    "405001": (r"(?P<reason>Received ARP \S+ collision) from (?P<src>[^\s/]+)/(?P<src_mac>\S+) on interface (?P<src_if>\S+)(?: (?P<details>.*))?",),
    "406002": (r"(?P<reason>FTP port command (?:low port|different address)): <<src-bare>>(?:\((?P<claimed>[^)]*)\))? to <<dst-bare>> on interface (?P<src_if>\S+)",),
    "407002": (r"(?P<reason>Embryonic limit .*?exceeded)\.? ?<<src-bare>> to (?P<dst_nat>[^\s/()]+) \((?P<dst>[^\s/()]+)\)(?:/(?P<dst_port>\w+))? on interface (?P<src_if>\S+)",),
    "418001": (rf"Through-the-device packet.* (?P<verdict>denied): (?P<proto>\S+) from (?P<src_if>\S+) (?P<src>{ADDRESS}) (?:\((?P<src_port>\d+)\) ?)?.*?to (?P<dst_if>\S+) (?P<dst>{ADDRESS})(?: \((?P<dst_port>\d+)\))?",),
    "419002": (r"(?P<reason>Duplicate (?P<proto>TCP) SYN) from <<src>> to <<dst>> with different initial sequence number",),
    "420002": (r"(?P<reason>IPS .*?(?:to|mode used,) (?P<verdict>drop|dropping|reset)) (?P<proto>\S+) (?:packet|connection) (?:from )?<<src>> to <<dst>>(?: \(type ?(?P<icmp_type>\d+), code ?(?P<icmp_code>\d+)\))?",),
    "424001": (r"Packet (?P<verdict>denied) (?P<proto>\S+) <<src>> <<dst>>\. (?P<reason>.*)",),
    "434002": (r"(?P<reason>(?:SFR|CXSC|IPS) .*?(?:to|mode used,) (?P<verdict>drop|dropping|reset|bypass)).*? (?P<proto>\S+) (?:packet|flow|connection|traffic) from (?:ingress interface )?<<src>> to (?:egress interface )?<<dst>>$",),
    "507003": (r"(?:The flow of type (?:protocol )?)?(?P<proto>\S+)(?: flow)? from (?:the originating interface: ?)?<<src>> to <<dst>>,? (?P<verdict>terminated) by inspection engine, reason ?-? ?(?P<reason>.*)",),
    "602101": (r"(?P<reason>PMTU-D packet.*?) dest_addr=(?P<dst>[^,\s]+), src_addr=(?P<src>[^,\s]+), prot=(?P<proto>\S+)",),
    "602303": (r"IPSEC: An (?P<direction>\w+) (?P<app>.*?) SA \(SPI ?= ?(?P<spi>[^)]*)\) between <<src-bare>> and <<dst-bare>> \(user ?= ?(?P<user>[^)]*)\) has been (?P<verdict>\w+)",),
    "605004": (r'Login (?P<verdict>denied|permitted) from <<src-bare>> to <<dst>> for user "?(?P<user>[^"]*)"?',),
    "710001": (_REQUEST,),
    "733100": (r"\[ *(?P<object>.*?) *\] (?P<signature>drop rate-\d) (?P<reason>exceeded.*)",),
    "733101": (r"(?:Object|Host) (?P<src>\S+) (?P<signature>is attacking|is targeted|is being attacked|is attacked)\.? ?(?P<reason>.*)", r"(?P<signature>\S+) (?P<dst>\S+) (?P<reason>.*targeted.*)"),
    "733102": (r"Threat-detection (?P<signature>(?:adds|removes) host) (?P<src>\S+?)(?: to| from) (?P<reason>shun list)",),
    "750001": (rf"Local:(?:\[)?(?P<src>{ADDRESS})\]?:(?P<src_port>\d+) Remote:\[?(?P<dst>{ADDRESS})\]?:(?P<dst_port>\d+) Username:(?P<user>.*?) (?P<reason>[A-Z].*)",),
    "805001": (r"(?P<verdict>Offloaded) (?P<proto>\S+) Flow for connection (?P<session_id>\d+) from <<src-mapped>> to <<dst-mapped>>",),
    "805002": (r"(?P<proto>\S+) Flow is (?P<verdict>no longer offloaded) for connection (?P<session_id>\d+) from <<src-mapped>> to <<dst-mapped>>",),
}  # fmt: skip
_CONNECTIONS = (
    rf"{_BUILT_OUT} for <<dst-mapped>> to <<src-mapped>>(?: ?\((?P<user>[^()]*)\))?",
    rf"{_BUILT_ANY} (?:for|from) <<src-mapped>> to <<dst-mapped>>(?: ?\((?P<user>[^()]*)\))?",
    rf"{_BUILT_OUT} for <<dst>> to <<src>>",
    rf"{_BUILT_ANY} (?:for|from) <<src>> to <<dst>>",
)
SENTENCES |= dict.fromkeys(("302013", "302015", "302035"), _CONNECTIONS)
SENTENCES |= dict.fromkeys(("302022", "302024", "302026"), (_STUB,))
SENTENCES |= dict.fromkeys(("302023", "302025", "302027"), (_STUB_TORN,))
#: Numbers whose sentence is another's.
SAME = {
    "111008": ("111009", "111010"),
    "302014": ("302016", "302036", "302304"), "302303": ("302305",), "302018": ("302306",), "305011": ("305012",),
    "305009": ("305010",), "313001": ("313008",), "406002": ("406001",), "605004": ("605005",),
    "402114": tuple(str(n) for n in range(402115, 402132)), "400000": tuple(str(n) for n in range(400001, 400052)),
    "338001": (*(str(n) for n in range(338002, 338009)), *(str(n) for n in range(338101, 338105)),
               *(str(n) for n in range(338201, 338205))),
    "420002": ("420001", "420003"), "434002": ("429001", "429002", "429003", "434001", "434003", "434004"),
    "710001": ("710002", "710003", "710004", "710005", "710006"), "602303": ("602304",), "733102": ("733103",),
    "424001": ("424002",), "507003": ("507001",),
    "750001": tuple(f"75{g}{n:03}" for g in (0, 1) for n in range(1, 30) if (g, n) != (0, 1)),
}  # fmt: skip
SENTENCES |= {number: SENTENCES[like] for like, numbers in SAME.items() for number in numbers}

_SESSION = r"Group ?[=<]? ?(?P<group>[^<>,]*?)[>,]? (?:User(?:name)? ?[=<]? ?(?P<user>[^<>,]*?)[>,]? )?IP ?[=<]? ?(?P<src>{0})[>,]?,? ?(?P<reason>.*)"
OTHERWISE = (
    r"^.*?<<src-any>>(?: ?\((?P<src_nat>[^\s/()]+)(?:/(?P<src_nat_port>\d+))?\))?.*?[^\w.:]<<dst-any>>(?: ?\((?P<dst_nat>[^\s/()]+)(?:/(?P<dst_nat_port>\d+))?\))?",
)
#: One end only: what happened to the session of a VPN peer or of a login.
PEER = (
    _SESSION.replace("{0}", ADDRESS),
    rf"(?:Group ?= ?(?P<group>[^,]*), )?(?:Username ?= ?(?P<user>[^,]*), )?IP ?= ?(?P<src>{ADDRESS}),? ?(?P<reason>.*)",
    rf"(?P<reason>User authentication \w+): IP address: (?P<src>{ADDRESS}), Uname: (?P<user>\S+)",
    rf"user ?= ?(?P<user>[^:,]*?) ?[:,] ?user IP ?= ?(?P<src>{ADDRESS})",
    rf"(?i)User(?:name)? (?P<user>\S+?),? (?:Addr|IP(?:v[46])?)[ :=]+(?P<src>{ADDRESS}),? ?(?P<reason>.*)",
    rf"(?P<reason>\S+ session) from (?P<src>{ADDRESS})(?:/(?P<src_port>\d+))? on interface (?P<src_if>\S+)(?: for user \"?(?P<user>[^\" ]*))?",
)
#: The usual form of the most frequent sentences, without users and names. Where no step of a pattern is ambiguous, the
#: regex engine captures ten times as fast; all other forms are left to `SENTENCES`.
_PLAIN = r"(?P<{0}_if>[A-Za-z0-9_.-]+):(?P<{0}>[0-9A-Fa-f:.]+)/(?P<{0}_port>[0-9]+)"
_PLAIN_NAT = _PLAIN + r" \((?P<{0}_nat>[0-9A-Fa-f:.]+)/(?P<{0}_nat_port>[0-9]+)\)"
_PLAIN_SLASH = r"(?P<{0}_if>[A-Za-z0-9_.-]+)/(?P<{0}>[0-9A-Fa-f:.]+)\((?P<{0}_port>[0-9]+)\)"


def _plain(sentence: str, place: str) -> str:
    """A sentence whose `[src]` and `[dst]` are both such a place."""
    return sentence.replace("[src]", place.replace("{0}", "src")).replace("[dst]", place.replace("{0}", "dst"))


_OPENED = r"^(?P<verdict>Built) (?P<direction>{0}) (?P<proto>[A-Z]+) connection (?P<session_id>[0-9]+) for "
FREQUENT = {
    **dict.fromkeys(
        ("302013", "302015"),
        (
            _plain(_OPENED.replace("{0}", "outbound") + "[dst] to [src]$", _PLAIN_NAT),
            _plain(_OPENED.replace("{0}", "inbound") + "[src] to [dst]$", _PLAIN_NAT),
        ),
    ),
    **dict.fromkeys(
        ("302014", "302016"),
        (
            _plain(
                r"^(?P<verdict>Teardown) (?P<proto>[A-Z]+) connection (?P<session_id>[0-9]+) for [src] to [dst] "
                r"duration (?P<duration>[0-9:]+) bytes (?P<bytes>[0-9]+)(?: (?P<reason>[A-Za-z -]+))?$",
                _PLAIN,
            ),
        ),
    ),
    **dict.fromkeys(
        ("305011", "305012"),
        (
            _plain(
                r"^(?P<verdict>Built|Teardown) (?P<mapping>[a-z]+) (?P<proto>[A-Z]+) translation from [src] to [dst]"
                r"(?: duration (?P<duration>[0-9:]+))?$",
                _PLAIN,
            ),
        ),
    ),
    "106023": (
        _plain(
            r"^(?P<verdict>Deny) (?P<proto>[a-z0-9]+) src [src] dst [dst] "
            r'by access-group "(?P<rule>[^"\[]+)" \[(?P<hashes>[^\]]*)\]$',
            _PLAIN,
        ),
    ),
    "106100": (
        _plain(
            r"^access-list (?P<rule>[^ ]+) (?P<verdict>[a-z-]+) (?P<proto>[a-z0-9]+) [src] -> [dst] "
            r"hit-cnt (?P<hits>[0-9]+) (?P<interval>first hit|[0-9]+-second interval) \[(?P<hashes>[^\]]*)\]$",
            _PLAIN_SLASH,
        ),
    ),
}
PATTERNS = {number: (*FREQUENT.get(number, ()), *map(_compiled, texts)) for number, texts in SENTENCES.items()}
GENERIC = tuple(map(_compiled, OTHERWISE))
