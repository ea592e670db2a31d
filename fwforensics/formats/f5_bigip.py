"""F5 BIG-IP: CEF of all modules (AFM, ASM, PSM, DNS, LTM's own), and the text messages that name two ends.

Read are CEF records; decisions of APM access lists (`01580002`), TLS failures and connection errors (`01260013`,
`01260009`), ASM violations as sentences (`source ip: …, destination ip: …`), ASM's `key="value"` form, new APM
sessions (client and virtual server), all messages that say `a:p -> b:p`, and what two widespread iRules log (client and
server of a response; the client is the source). All other messages of BIG-IP's daemons (`01490005:5: …`) and iRules
are ignored as "no traffic". Network firewall events as JSON or `key="value"` are read by `f5_bigip_afm`.

Reference: https://techdocs.f5.com/kb/en-us/products/big-ip_ltm/manuals/product/bigip-external-monitoring-implementations-13-0-0.html
Reference: https://my.f5.com/manage/s/article/K44423243

Time: `rt` or `date_time`, local to the device; messages without one have that of the syslog header. `alerted` is an
alert, `passed` let the request through, in a record about an attack with a note.
"""

from __future__ import annotations

import polars as pl

from fwforensics.formats._cef import CEF_START, Cef
from fwforensics.formats._either import one_of
from fwforensics.formats._extension_columns import (
    BOTH_SAID,
    IDS,
    KEEP,
    STANDARD,
    address,
    given,
    moment,
    named_host,
    with_times,
)
from fwforensics.formats._fields import lower, port
from fwforensics.formats._format import Format
from fwforensics.formats._keyvalue import KeyValue
from fwforensics.formats._layouts import LINE, Messages
from fwforensics.formats._verdicts import verdict

KEPT = (*KEEP, "policy_name", "attack_type", "violations", "dest_ip", "msg_id")
IP = r"[0-9A-Fa-f.:]*[0-9A-Fa-f](?:%\d+)?"
PAIR = rf"(?P<src>{IP})[:.](?P<spt>\d+) -> (?P<dst>{IP})[:.](?P<dpt>\d+)"
#: `01580002:5:`: BIG-IP's id of a message, and its level.
ID = r"\b[0-9a-f]{8}:\d: "
IRULE = r"^(?P<rule>/\S+) <(?P<name>HTTP_RESPONSE\w*)>: "
CLIENT, SERVER = rf"(?P<src>{IP})", rf"(?P<dst>{IP}):(?P<dpt>\d+)"
ENDS = (
    rf"source ip: (?P<src>{IP}),.*?source port: (?P<spt>\d+), "
    rf"destination ip: (?P<dst>{IP}), destination port: (?P<dpt>\d+)"
)
SESSION = r"(?P<profile>/\S+?):(?P<partition>[^:\s]*):(?P<session>[0-9a-f]+): "
TEXTS = (
    rf"^{SESSION}(?P<act>\w+) ACL: (?P<rule>[^\s:]+(?::[^\s:]+)*?):(?P<entry>\d+) packet: (?P<proto>\w+) {PAIR}",
    rf"^{SESSION}New session from client IP (?P<src>{IP}) .*?at VIP (?P<dst>{IP}) Listener (?P<listener>\S+)",
    rf"^(?P<name>SSL Handshake failed) for (?P<proto>\w+) {PAIR}(?:: (?P<reason>.*))?$",
    rf"^{PAIR}: (?P<name>Connection error): (?P<reason>.*)$",
    rf"^(?P<name>.*?[Vv]iolations?): (?P<attack>.*?)\. .*{ENDS}.*$",
    rf"{IRULE}.*?\bclient_ip={CLIENT} client_port=(?P<spt>\d+) lb_server={SERVER}(?: host=(?P<host>\S*))?(?P<rest>.*)$",
    rf"{IRULE}{CLIENT}:(?P<spt>\d+): .*? from {SERVER}\b(?: URL: (?P<uri>\S+))?(?P<rest>.*)$",
    rf"^(?P<name>.*?)(?P<proto>(?i:tcp|udp|icmp|sctp)\b)?,? ?(?:packet )?(?:from )?{PAIR}(?P<reason>.*)$",
)
ASM = r'\b(?:unit_hostname|attack_type|date_time|ip_client|uri|violations|support_id|manage_ip_addr|policy_name)="'
#: What an iRule logs.
RULE = r"\bRule "
IS_TEXT = LINE.str.contains(rf"{ID}(?:/\S+:\S*:[0-9a-f]+: |SSL |AUDIT |\[SECEV\]|.* -> )") | LINE.str.contains(
    rf"{RULE}/\S+ <[A-Z_]+>: "
)
IS_ASM = LINE.str.contains(r"\bip_client=") & LINE.str.contains(r"\b(?:support_id|policy_name|attack_type)=")
IS_ATTACK = (IDS | given("attack_type", "attack", "violations").is_not_null()).fill_null(False)
FROM = address("src", "source_address", "ip_client")
TO = address("dst", "destination_address", "dest_ip")
BOTH_NAMED = given("ip_client").is_not_null() & given("dest_ip").is_not_null()
WORD = given("act", "action", "request_status", "enforcement_action")

FORMAT = Format(
    name="f5_bigip",
    title="F5 BIG-IP traffic as CEF and messages",
    reference="https://my.f5.com/manage/s/article/K44423243",
    notes="Times in records are local to the device: --tz. What iRules log is read in two forms only.",
    is_record=LINE.str.contains(r"(?:CEF: ?\d|^\s*0)\|F5\|") | IS_TEXT | IS_ASM,
    layout=with_times(
        one_of(
            [
                (LINE.str.contains(CEF_START), Cef(keep=KEPT)),
                (IS_ASM, KeyValue(anchor=LINE.str.find(ASM), separator=",", quote='"', keep=KEPT)),
            ],
            Messages(
                id=LINE.str.extract(r"\b([0-9a-f]{8}):\d: "),
                body=LINE.str.extract(rf"^(.*?(?:{ID}|{RULE}))").str.len_bytes(),
                patterns={},
                otherwise=TEXTS,
                keep=("listener", "name", "uri"),
                noise=~pl.col("@text").str.contains(rf"{IP}.* -> {IP}"),
            ),
        ),
        moment("rt", "date_time"),
        moment("end"),
    ),
    columns={
        **STANDARD,
        "ignored": pl.when((FROM.is_null() | TO.is_null()) & ~BOTH_SAID & ~BOTH_NAMED).then(pl.lit("no traffic")),
        "kind": pl.when(IS_ATTACK)
        .then(pl.lit("ids"))
        .when(pl.col("deviceProduct").str.contains(r"^(?:ASM|PSM|BIG-IP)$") | pl.col("name").str.contains("^HTTP_"))
        .then(pl.lit("proxy"))
        .when(pl.col("name").str.contains("DNS"))
        .then(pl.lit("dns"))
        .when(pl.col("listener").is_not_null())
        .then(pl.lit("vpn"))
        .otherwise(pl.lit("firewall")),
        "action": verdict(WORD, IS_ATTACK),
        "disposition": pl.coalesce(
            WORD, pl.when(pl.col("name").str.contains("failed|error")).then(pl.col("name"))
        ).str.to_lowercase(),
        "protocol": lower("proto"),
        "src_ip": FROM,
        "src_port": port("spt", "src_port"),
        "dst_ip": TO,
        "dst_port": port("dpt", "dest_port"),
        "in_iface": given("vlan"),
        "rule": given("aclRuleName", "rule", "policy_name"),
        "reason": given("drop_reason", "reason", "violations"),
        "app": given("app", "protocol"),
        "dst_name": named_host("query_name", "host", "request", "uri"),
        "user_name": given("suser", "username", "user"),
        "signature": pl.when(IS_ATTACK).then(given("attack_type", "attack", "sig_names", "violations", "name")),
        "signature_id": pl.when(IS_ATTACK).then(given("sig_ids", "attackId", "deviceEventClassId")),
        "session_id": given("session", "support_id", "externalId"),
    },
    priority=40,
)
