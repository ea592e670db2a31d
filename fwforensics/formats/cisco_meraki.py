"""Cisco Meraki MX and MR syslog: flows, firewall rules, NAT flows, URLs, intrusion and malware events, blocked content.

A line is `epoch device role key=value …`, where the role is `flows`, `firewall`, `vpn_firewall`, `cellular_firewall`,
`bridge_anyconnect_client_vpn_firewall`, `ip_flow_start`, `ip_flow_end`, `urls`, `ids-alerts`, `security_event` or
`events`; `pattern:`, `request:` and `message:` open free text. Rules of inbound traffic write 0 for allow and 1 for
deny.

Reference: https://documentation.meraki.com/General_Administration/Monitoring_and_Reporting/Syslog_Event_Types_and_Log_Samples
Reference: https://documentation.meraki.com/General_Administration/Monitoring_and_Reporting/Syslog_Server_Overview_and_Configuration

Time: the device's epoch seconds (UTC), with nine decimals; a header before it is not read for time. Air Marshal, DHCP,
port and wireless events have no flow and are no traffic, nor are events of VPN clients. Not covered: the dashboard's
API.
"""

from __future__ import annotations

import polars as pl

from fwforensics.formats._fields import epoch, host_name, lower, mapped, uint
from fwforensics.formats._format import Format
from fwforensics.formats._layouts import LINE, KeyValue
from fwforensics.formats._tail import Tail

FIREWALLS = "flows|firewall|vpn_firewall|cellular_firewall|bridge_anyconnect_client_vpn_firewall"
ROLES = rf"(?:{FIREWALLS}|ip_flow_start|ip_flow_end|urls|ids-alerts|security_event|airmarshal_events|events)"
BEGIN = rf"\d{{9,10}}\.\d{{1,9}} \S+ {ROLES} "
#: What stands before the keys: epoch, device, role; some roles add a word.
HEAD = pl.col("@head").str.extract_groups(r"(\d{9,10}\.\d{1,9}) (\S+) (\S+) $")
EPOCH, DEVICE, ROLE = (HEAD.struct.field(str(i)) for i in (1, 2, 3))
WORDS = pl.col("@words")

#: `address:port`, where the address may be IPv6 without brackets.
END = r"^\[?([0-9A-Fa-f:.]+?)\]?(?::(\d+))?$"
HAS_PORT = ROLE.is_in(["urls", "ids-alerts", "security_event"])


def address(key: str) -> pl.Expr:
    """One end's address, alone or before its port."""
    return pl.when(HAS_PORT).then(pl.col(key).str.extract(r"^\[?([0-9A-Fa-f:.]+?)\]?:\d+$")).otherwise(pl.col(key))


def port_of(key: str, own: str) -> pl.Expr:
    """One end's port, from its own key or from behind the address."""
    behind = pl.when(HAS_PORT).then(pl.col(key).str.extract(r":(\d+)$"))
    return pl.coalesce(pl.col(own), behind).cast(pl.UInt16, strict=False)


MARK, TEXT = pl.col("tail_mark"), pl.col("tail")
PATTERN = pl.when(MARK == "pattern").then(TEXT)
#: The rule's own verdict leads its pattern; named policies end in one.
LEADING = pl.coalesce(
    pl.when(ROLE.str.contains(rf"^(?:{FIREWALLS})$")).then(WORDS.str.extract(r"^(\w+)")),
    PATTERN.str.extract(r"(?i)^(allow|deny|0|1)\b"),
    PATTERN.str.extract(r"(?i)\b(allow|deny|block)(?:ed)?$"),
)
VERDICTS = {"allow": "allow", "0": "allow", "deny": "deny", "1": "deny", "block": "deny"}
IDS = ROLE.is_in(["ids-alerts", "security_event"])
STOPPED = pl.coalesce(lower("decision"), lower("action"))
BLOCKED_CONTENT = (ROLE == "events") & WORDS.str.contains("content_filtering_block").fill_null(False) | (
    pl.col("type") == "content_filtering_block"
).fill_null(False)
URL = pl.coalesce(pl.when(MARK == "request").then(TEXT.str.extract(r"^\S+ (\S+)")), pl.col("url"))
PROTOCOL = lower("protocol").str.extract(r"^([a-z0-9-]+)")

#: Messages of the VPN server that name both ends.
PEERS = r"\bServer IP=\S+ .*\bPeer IP="
MESSAGE = pl.when(MARK == "msg").then(TEXT)
PEER, LOCAL = MESSAGE.str.extract(r"\bPeer IP=(\S+)"), MESSAGE.str.extract(r"\bServer IP=(\S+)")
PEER_PORT, LOCAL_PORT = (
    MESSAGE.str.extract(rf"\b{end} port=(\d+)").cast(pl.UInt16, strict=False) for end in ("Peer", "Server")
)
IS_VPN = PEER.is_not_null() & LOCAL.is_not_null()
OUTCOME = MESSAGE.str.extract(r"request (accepted|rejected)")
NO_FLOW = LINE.str.contains(rf"{BEGIN}".replace(ROLES, "(?:airmarshal_events|events)")) & ~LINE.str.contains(
    rf"content_filtering_block|{PEERS}"
)
SERVER = pl.col("server").str.extract_groups(END)
SEVERITIES = {"1": "high", "2": "medium", "3": "low", "4": "informational"}


def translated(end: str, value: pl.Expr) -> pl.Expr:
    """What belongs to the end that was translated."""
    return pl.when(pl.col(f"translated_{end}_ip").is_not_null()).then(value)


FORMAT = Format(
    name="cisco_meraki",
    title="Cisco Meraki MX and MR syslog",
    reference="https://documentation.meraki.com/General_Administration/Monitoring_and_Reporting/Syslog_Event_Types_and_Log_Samples",
    notes="Times are UTC. In patterns of inbound rules 0 is allow and 1 is deny.",
    is_record=LINE.str.contains(rf"(?:^|[ >]){BEGIN}"),
    is_noise={"no traffic": NO_FLOW},
    layout=Tail(
        marks=r" ?\b(request|pattern|message|msg)(?:: ?|= ?\')(.*?)(?: ?\')?",
        layout=KeyValue(anchor=LINE.str.extract(rf"^(.*?{BEGIN})").str.len_bytes(), quote="'", keep=("action",)),
    ),
    columns={
        "ignored": pl.when(pl.all_horizontal(pl.col(c).is_null() for c in ("src", "dst", "server")) & ~IS_VPN).then(
            pl.lit("no traffic")
        ),
        "ts": epoch(EPOCH),
        "kind": pl.when(IDS).then(pl.lit("ids")).when(IS_VPN).then(pl.lit("vpn"))
        .when((ROLE == "urls") | BLOCKED_CONTENT).then(pl.lit("proxy")).otherwise(pl.lit("firewall")),
        "sensor": DEVICE,
        "action": pl.when(BLOCKED_CONTENT).then(pl.lit("deny"))
        .when(IDS).then(pl.when(STOPPED.str.contains("^(?:block|drop|rst|reset|deny)")).then(pl.lit("deny")).otherwise(pl.lit("alert")))
        .when(ROLE.str.starts_with("ip_flow")).then(pl.lit("allow"))
        .when(IS_VPN).then(mapped(OUTCOME, {"accepted": "allow", "rejected": "deny"}))
        .otherwise(mapped(LEADING, VERDICTS)),
        "disposition": pl.when(BLOCKED_CONTENT).then(pl.lit("content_filtering_block"))
        .otherwise(pl.coalesce(STOPPED, OUTCOME, LEADING.str.to_lowercase())),
        "direction": mapped("direction", {"ingress": "inbound", "egress": "outbound"}),
        "protocol": pl.coalesce(PROTOCOL, MESSAGE.str.extract(r"\bProt\[(\w+)\]").str.to_lowercase()),
        "src_ip": pl.coalesce(address("src"), pl.when(IS_VPN).then(PEER)),
        "src_port": pl.coalesce(port_of("src", "sport"), pl.when(IS_VPN).then(PEER_PORT)),
        "dst_ip": pl.coalesce(address("dst"), SERVER.struct.field("1"), pl.when(IS_VPN).then(LOCAL)),
        "dst_port": pl.coalesce(
            port_of("dst", "dport"),
            SERVER.struct.field("2").cast(pl.UInt16, strict=False),
            pl.when(IS_VPN).then(LOCAL_PORT),
        ),
        "src_nat_ip": pl.col("translated_src_ip"),
        "src_nat_port": translated("src", uint("translated_port", bits=16)),
        "dst_nat_ip": pl.col("translated_dst_ip"),
        "dst_nat_port": translated("dst", uint("translated_port", bits=16)),
        "icmp_type": pl.when(PROTOCOL.str.starts_with("icmp")).then(uint("type", bits=8)),
        "rule": PATTERN,
        "dst_name": host_name(URL),
        "user_name": MESSAGE.str.extract(r"\bUser(?:=|\[)([^\]:\s]+)"),
        "signature": pl.when(IDS).then(pl.coalesce(pl.when(MARK == "message").then(TEXT), pl.col("name"))),
        "signature_id": pl.col("signature"),
        "severity": mapped("priority", SEVERITIES),
    },
)  # fmt: skip
