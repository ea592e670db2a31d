"""What Check Point calls its fields, in whichever form a log leaves: native names, those of exported tables, of CEF."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from fwforensics.formats._extension_columns import BOTH_SAID, DST, SRC, STANDARD, address, given, named_host
from fwforensics.formats._fields import code, lower, mapped, number, port, uint
from fwforensics.formats._verdicts import verdict

#: Columns of SmartConsole, SmartView Tracker and `fw log`, by the field's own name.
TABLE_NAMES: Mapping[str, str] = {
    "number": "num", "interface": "ifname", "interface name": "ifname", "interface direction": "ifdir",

    "i/f_name": "ifname", "i/f_dir": "ifdir", "origin": "orig", "service": "service", "type": "type",
    "source": "src", "destination": "dst",
    "source port": "s_port", "destination port": "d_port", "service id": "service_id", "service name": "service_id",
    "protocol": "proto", "ip protocol": "proto", "rule": "rule", "access rule number": "rule",
    "access rule name": "rule_name", "rule name": "rule_name", "rule uid": "rule_uid",
    "source user name": "src_user_name",
    "user": "user", "xlatesrc": "xlatesrc", "xlated (nat) source ip": "xlatesrc", "xlatesport": "xlatesport",
    "xlated (nat) source port": "xlatesport", "xlated (nat) destination ip": "xlatedst",
    "xlated (nat) destination port": "xlatedport", "source zone": "inzone", "destination zone": "outzone",
    "blade": "product", "productname": "product", "action": "action", "icmp type": "icmp_type",
    "icmp code": "icmp_code",
    "icmp-type": "icmp_type", "icmp-code": "icmp_code", "svc": "service", "sport_svc": "s_port",
    "xlatesport_svc": "xlatesport", "xlatedport_svc": "xlatedport", "client_inbound_bytes": "client_inbound_bytes",
    "sent bytes": "sent_bytes", "received bytes": "received_bytes", "duration": "elapsed", "date": "date",
    "time": "time", "reason": "reason", "severity": "severity", "attack name": "attack",
    "protection name": "protection_name",
}  # fmt: skip
SEVERITIES = {
    "0": "informational", "1": "low", "2": "medium", "3": "high", "4": "critical", "informational": "informational",
    "low": "low", "medium": "medium", "high": "high", "critical": "critical",
}  # fmt: skip
ATTACKS = (
    r"smartdefense|\bips\b|anti[- ]?(?:virus|bot|malware|spam)|threat|zero phishing|ddos|forensics|core protections"
)
#: Words beside the common ones: what the gateway let through, and what it stopped.
PASSED = (
    "vpnroute",
    "vpn routing",
    "authorize",
    "authcrypt",
    "inspect",
    "https inspect",
    "https bypass",
    "user auth",
    "ask user",
)
STOPPED = ("deauthorize", "dropped", "hold", "do not send", "do not send email")
NO_DECISION = r"(?i)log ?(?:in|out)|key ?inst|update|\bctl\b|ip changed|passcode|send email|packet tag|quarantine"

PRODUCT = pl.coalesce("product", "ProductName", "deviceProduct").str.to_lowercase()
IS_ATTACK = PRODUCT.str.contains(ATTACKS).fill_null(False)
WORD = given("action", "act", "rule_action", "EventID")
IS_VPN = WORD.str.contains(r"(?i)key ?inst") | PRODUCT.str.contains(r"vpn client|remote access|connectra|mobile access")

NUMBER = r"^\d+$"
SERVICE = pl.coalesce("service", "svc")
#: Exported tables write a service by its name, or as `https (TCP/443)`.
SERVICE_PORT = SERVICE.str.extract(r"(?:^|[/(])(\d{1,5})\)?$").cast(pl.UInt16, strict=False)
SERVICE_NAME = pl.when(~SERVICE.str.contains(NUMBER)).then(SERVICE.str.extract(r"^([^\s(]+)"))
#: Sessions of administrators name the client by a key of its own.
FROM = pl.coalesce(SRC, address("client_ip", "endpoint_ip"))
NEW_SOURCE = address("xlatesrc", "sourceTranslatedAddress", "srcPostNAT")
#: Only the port was translated.
NO_NEW_SOURCE = NEW_SOURCE.is_in(["0.0.0.0", "::"]).fill_null(False)  # noqa: S104
IFNAME, IFDIR = pl.coalesce("ifname", "i/f_name"), pl.coalesce("ifdir", "i/f_dir")
INWARD = (IFDIR == "inbound").fill_null(True)

COLUMNS: dict[str, pl.Expr] = {
    **{name: e for name, e in STANDARD.items() if name not in ("tcp_flags", "repeat_count")},
    "kind": pl.when(IS_ATTACK)
    .then(pl.lit("ids"))
    .when(IS_VPN)
    .then(pl.lit("vpn"))
    .when(PRODUCT.str.contains(r"identity|smartconsole|web[_-](?:api|ui)") | WORD.str.contains(r"(?i)log ?(?:in|out)"))
    .then(pl.lit("auth"))
    .when(PRODUCT.str.contains(r"url filtering|https inspection"))
    .then(pl.lit("proxy"))
    .otherwise(pl.lit("firewall")),
    "sensor": given("origin", "orig", "dvchost", "@host"),
    "action": pl.when(WORD.str.contains(NO_DECISION))
    .then(None)
    .when(WORD.str.to_lowercase().is_in(PASSED))
    .then(pl.lit("allow"))
    .when(WORD.str.to_lowercase().is_in(STOPPED))
    .then(pl.lit("deny"))
    .otherwise(verdict(WORD, IS_ATTACK)),
    "disposition": WORD.str.to_lowercase(),
    "direction": mapped(
        pl.col("conn_direction"), {"incoming": "inbound", "outgoing": "outbound", "internal": "internal"}
    ),
    "protocol": lower("proto").str.extract(r"^([a-z0-9-]+)"),
    "ignored": pl.when((FROM.is_null() | DST.is_null()) & ~BOTH_SAID).then(pl.lit("no traffic")),
    "src_ip": FROM,
    "src_port": port("s_port", "sport_svc", "spt", "srcPort"),
    "dst_ip": DST,
    "dst_port": pl.coalesce(port("dpt", "dstPort", "d_port"), SERVICE_PORT),
    "src_nat_ip": pl.when(NO_NEW_SOURCE & (port("xlatesport") > 0)).then(SRC).otherwise(NEW_SOURCE),
    "src_nat_port": port("xlatesport", "xlatesport_svc", "sourceTranslatedPort", "srcPostNATPort"),
    "dst_nat_ip": address("xlatedst", "destinationTranslatedAddress", "dstPostNAT"),
    "dst_nat_port": port("xlatedport", "xlatedport_svc", "destinationTranslatedPort", "dstPostNATPort"),
    "bytes": uint("bytes"),
    "packets": uint("packets"),
    "bytes_out": uint("client_inbound_bytes", "sent_bytes", "out", "srcBytes"),
    "bytes_in": uint("client_outbound_bytes", "received_bytes", "in", "dstBytes"),
    "packets_out": uint("client_inbound_packets"),
    "packets_in": uint("client_outbound_packets"),
    "duration": number("elapsed"),
    "icmp_type": code("icmp_type"),
    "icmp_code": code("icmp_code"),
    "in_iface": pl.coalesce(
        pl.col("client_inbound_interface"), pl.when(INWARD).then(IFNAME), pl.col("deviceInboundInterface")
    ),
    "out_iface": pl.coalesce(
        pl.when(~INWARD).then(IFNAME), pl.col("server_outbound_interface"), pl.col("deviceOutboundInterface")
    ),
    "src_zone": given("inzone", "security_inzone"),
    "dst_zone": given("outzone", "security_outzone"),
    "rule": given("rule_name", "rule", "rule_uid"),
    "reason": given("reason", "action_reason", "tcp_packet_out_of_state", "message_info", "msg"),
    "app": pl.coalesce(given("appi_name", "applicationName"), given("service_id"), SERVICE_NAME, given("app")),
    "dst_name": named_host("http_host", "sni", "resource", "dst_domain_name", "request", "dhost"),
    "user_name": given("src_user_name", "user", "suser", "usrName", "administrator"),
    "signature": pl.when(IS_ATTACK).then(given("protection_name", "attack", "malware_family", "flexString2", "name")),
    "signature_id": pl.when(IS_ATTACK).then(given("protection_id", "attack_info", "protectionID")),
    "severity": mapped(pl.coalesce("severity", "cp_severity"), SEVERITIES),
    "session_id": given("loguid", "session_id"),
}
