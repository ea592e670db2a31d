"""The sentences of Junos security logs: message → patterns with named groups."""

from __future__ import annotations

ADDRESS = r"[0-9A-Fa-f.:]*[0-9A-Fa-f]"
TAG = r"(?:,?\s*0x[0-9a-fA-F]+)?"
ENDS = rf"(?P<src>{ADDRESS})/(?P<src_port>\d+)-+>(?P<dst>{ADDRESS})/(?P<dst_port>\d+){TAG}"
NAT = rf"(?P<nat_src>{ADDRESS})/(?P<nat_src_port>\d+)->(?P<nat_dst>{ADDRESS})/(?P<nat_dst_port>\d+){TAG}"
ZONES = r"(?P<policy>\S+) (?P<src_zone>\S+) (?P<dst_zone>\S+)"
#: From the translation on; the kinds and names of NAT rules may hold blanks.
RULED = rf"{NAT} (?P<nat_rules>.*?) ?(?P<proto>\d{{1,3}}) {ZONES} (?P<session_id>\d+)"
COUNTED = r"(?P<packets_out>\d+)\((?P<bytes_out>\d+)\) (?P<packets_in>\d+)\((?P<bytes_in>\d+)\) (?P<elapsed>\d+)"
APP = r"(?P<app>\S+) (?P<nested>\S+)"
USER = r"(?P<user>[^\s(]+)\((?P<roles>[^)]*)\)"
REST = r"(?P<rest>.*)$"

CREATED = rf"^session created {ENDS} (?P<service>\S+) {RULED}(?: {USER} (?P<in_iface>\S+)(?: {APP})?)?{REST}"
CLOSED = (
    rf"^session closed (?P<reason>.*?): {ENDS} (?P<service>\S+) {RULED} {COUNTED}"
    rf"(?: {APP}(?: {USER} (?P<in_iface>\S+))?)?{REST}"
)
DENIED = (
    rf"^session denied {ENDS} (?P<service>\S+) (?P<proto>\d+)\((?P<icmp_type>\d+)\) {ZONES}"
    rf"(?: {APP} {USER} (?P<in_iface>\S+)(?: (?P<encrypted>Yes|No|UNKNOWN|N/A))?"
    rf"(?: (?P<reason>[A-Za-z][^0-9]*?)(?: (?P<session_id>\d+)\b|$))?)?{REST}"
)
#: Junos up to 9.4.
OLD = (
    rf"^session (?:created|closed|denied)(?: (?P<reason>.*?):)? {ENDS},(?P<proto>\d+)(?:\((?P<icmp_type>\d+)\))?: "
    rf"(?P<policy>\S+){REST}"
)
APPTRACK = (
    r"^AppTrack (?:session (?:created|closed(?: (?P<reason>.*?):)?)|volume update:|(?:session )?route update:?)"
    rf" {ENDS} (?P<service>\S+) {APP} {RULED}(?: {COUNTED})?(?: (?P<user>\S+) (?P<roles>\S+))?{REST}"
)
ATTACK = (
    r"^IDP: [Aa]t (?P<at>\d+), (?P<type>\S+) Attack log "
    rf"<(?P<src>{ADDRESS})/(?P<src_port>\d+)->(?P<dst>{ADDRESS})/(?P<dst_port>\d+)> "
    r"for (?P<proto>\S+) protocol and service (?P<service>\S+) application (?P<app>\S+) by rule "
    r"(?P<rule_no>\S+) of rulebase (?P<rulebase>\S+) in policy "
    r"(?P<policy>[^\s.]+)\. attack: .*?action=(?P<verdict>\w+), threat-severity=(?P<severity>\w+), "
    rf"name=(?P<signature>[^,]*?),(?: NAT <(?P<nat_src>{ADDRESS}):(?P<nat_src_port>\d+)->(?P<nat_dst>{ADDRESS}):"
    r"(?P<nat_dst_port>\d+)>,)?(?: time-elapsed=(?P<elapsed>\d+),)?(?: inbytes=(?P<bytes_in>\d+),)?"
    r"(?: outbytes=(?P<bytes_out>\d+),)?(?: inpackets=(?P<packets_in>\d+),)?(?: outpackets=(?P<packets_out>\d+),)?"
    r"(?: intf:(?P<src_zone>[^:]*):(?P<in_iface>[^,]*?)->(?P<dst_zone>[^:]*):(?P<out_iface>[^,]*),)?"
    rf"{REST}"
)
SCREEN_TAIL = (
    r"(?:, protocol-id: (?P<proto>\d+))?(?:, zone name: (?P<src_zone>[^,]*))?(?:, interface name: (?P<in_iface>[^,]*))?"
    r"(?:, action: (?P<verdict>[\w-]+))?" + REST
)
PORTED = rf"(?P<src>{ADDRESS}):(?P<src_port>\d+), destination: (?P<dst>{ADDRESS}):(?P<dst_port>\d+)"
SCREEN_PORTS = rf"^(?P<signature>.*?) source: {PORTED}{SCREEN_TAIL}"
SCREEN = (
    rf"^(?P<signature>.*?) source: (?P<src>{ADDRESS}), destination: (?P<dst>{ADDRESS}){SCREEN_TAIL}",
    rf"^(?P<signature>.*?) source: (?P<src>{ADDRESS}){SCREEN_TAIL}",
    rf"^(?P<signature>.*?) destination: (?P<dst>{ADDRESS}){SCREEN_TAIL}",
)
BRACKETS = rf"(?P<src>{ADDRESS})\((?P<src_port>\d+)\)->(?P<dst>{ADDRESS})\((?P<dst_port>\d+)\)"
WEB = (
    rf'^WebFilter: ACTION="(?P<verdict>[^"]*)" {BRACKETS}(?P<more>.*?) CATEGORY="(?P<category>[^"]*)" '
    r'REASON="(?P<reason>[^"]*)" PROFILE="(?P<profile>[^"]*)" URL=(?P<url>\S*) OBJ=(?P<obj>\S*)'
    rf"(?: (?:username|USERNAME=?) ?(?P<user>\S+) (?:roles|ROLES=?) ?(?P<roles>\S+))?{REST}"
)
SESSIONS = (CREATED, CLOSED, DENIED, APPTRACK, OLD)

PATTERNS = {
    **{
        f"{prefix}_SESSION_{what}{ls}": SESSIONS
        for prefix in ("RT_FLOW", "FLOW", "APPTRACK")
        for what in ("CREATE", "CLOSE", "DENY", "VOL_UPDATE", "ROUTE_UPDATE")
        for ls in ("", "_LS")
    },
    "IDP_ATTACK_LOG_EVENT": (ATTACK,),
    "IDP_ATTACK_LOG_EVENT_LS": (ATTACK,),
    **{f"RT_SCREEN_{what}{ls}": (SCREEN_PORTS,) for what in ("TCP", "UDP") for ls in ("", "_LS")},
    **{
        f"RT_SCREEN_{what}{ls}": SCREEN
        for what in ("ICMP", "IP", "TCP_DST_IP", "TCP_SRC_IP", "UDP_DST_IP", "SESSION_LIMIT")
        for ls in ("", "_LS")
    },
    **{f"WEBFILTER_URL_{what}{ls}": (WEB,) for what in ("PERMITTED", "BLOCKED") for ls in ("", "_LS")},
}
FROM_TO = rf"(?P<src>{ADDRESS}):(?P<src_port>\d+) (?:to|->) (?P<dst>{ADDRESS}):(?P<dst_port>\d+)"
#: Two ends in any of the ways in which the filters' sentences write them.
OTHERWISE = (
    *SESSIONS,
    rf"^(?P<text>.*?){BRACKETS}{REST}",
    rf"^(?P<text>.*?){ENDS}{REST}",
    rf"^(?P<text>.*?)\b(?:from|source:?) {FROM_TO}{REST}",
    SCREEN_PORTS,
    *SCREEN,
)
