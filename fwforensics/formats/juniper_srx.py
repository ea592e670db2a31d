"""Juniper SRX and vSRX security logs: sessions, AppTrack, IDP, screens, UTM, advanced anti-malware, SecIntel.

Both forms that Junos writes: structured data (RFC 5424, also with the enterprise id left out) and plain text
(`RT_FLOW: RT_FLOW_SESSION_CREATE: session created …`), behind any header or none. Releases add and move fields;
`N/A`, `None` and `UNKNOWN` are no values. Typographic quotes are quotes.

Reference: https://www.juniper.net/documentation/us/en/software/junos/flow-packet-processing/topics/topic-map/security-srx-devices-obtaining-session-information.html

Time: that of the header; a closed session and an AppTrack record began `elapsed-time` seconds earlier. A session that
was created, updated or closed was allowed, whatever closed it. A screen that raises an alarm without dropping, and an
attack that IDP left alone, are alerts. ICMP has its id where the ports are: its type is in denials alone. Records of an
infected host name one end. Messages of other processes (rpd, mgd, …) are left to other formats. Not covered: port
blocks of NAT pools, binary (sd-syslog off-box) streams.
"""

from __future__ import annotations

import polars as pl

from fwforensics.formats._either import Either
from fwforensics.formats._fields import host_name, lower, mapped, number, uint
from fwforensics.formats._format import Format
from fwforensics.formats._inner import Inner
from fwforensics.formats._juniper_texts import OTHERWISE, PATTERNS
from fwforensics.formats._layouts import LINE, KeyValue, Messages

#: Names of messages that tell of traffic.
NAMES = (
    r"\b(?:(?:FLOW|RT_FLOW|APPTRACK)_SESSION_|FLOW_IP_ACTION|RT_SCREEN_|IDP_A|WEBFILTER_|AV_|ANTISPAM_"
    r"|CONTENT_FILTERING_|(?:SRX_)?AAMW_|SECINTEL_|DNSF_|SMS_APPTRACK_)[A-Z0-9_]*"
)
FIELDS = rf"{NAMES} ?\[(?:[^\s\]=]+@[^\s=]+ )?[\w-]+="
NOTHING = ["N/A", "None", "NONE", "UNKNOWN", "NA", "unknown-user", "-", "n/a", "NA NA", ""]
KEPT = ("url", "icmp-type", "service-name", "service", "threat-severity", "nested-application", "application")

DENIED = (
    "drop,dropped,block,blocked,deny,denied,reject,close,close_client,close_server,close_client_server,"
    "drop_packet,drop_connection,drop-packet,drop-connection,url blocked,quarantine,sinkhole,redirect,discard"
)
PASSED = "permit,permitted,allow,accept,url permitted,pass,passed"
NOTED = "none,ignore,alarm-without-drop,log,log-only,mark,mark_diffserv,tag-subject,tag-header,no_action,no-action"
ACTIONS = (
    dict.fromkeys(DENIED.split(","), "deny")
    | dict.fromkeys(PASSED.split(","), "allow")
    | dict.fromkeys(NOTED.split(","), "alert")
)
#: What the name of a message says of its decision; the first that fits.
DECIDED = {
    r"_DENY|_BLOCKED|_DROP|_DETECTED|_MALWARE_EVENT|_REDIRECT": "deny",
    r"_CREATE|_CLOSE|_UPDATE|_PERMITTED|_PASSED|_SKIPPED|_NOT_SCANNED": "allow",
    r"FLOW_IP_ACTION|^IDP_|^RT_SCREEN": "alert",
}
KINDS = {
    r"^(?:RT_SCREEN|IDP|AV|(?:SRX_)?AAMW|SECINTEL)_": "ids",
    r"^(?:WEBFILTER|ANTISPAM|CONTENT_FILTERING)_": "proxy",
    r"^DNSF_": "dns",
}
SEVERITIES = {
    "info": "informational", "informational": "informational", "minor": "low", "low": "low", "medium": "medium",
    "warning": "medium", "major": "high", "high": "high", "critical": "critical",
}  # fmt: skip

MESSAGE = pl.col("@line").str.extract(rf"({NAMES})(?:[: ]|\[)")


def given(*keys: str) -> pl.Expr:
    """The first of the keys with a value; quotes of typographers are not part of it."""
    plain = [pl.col(k).str.strip_chars("”“„ ") for k in keys]
    return pl.coalesce(*(pl.when(~p.is_in(NOTHING)).then(p) for p in plain))


def by_name(words: dict[str, str]) -> pl.Expr:
    """What the name of the message says, by the first pattern that fits."""
    return pl.coalesce(*(pl.when(MESSAGE.str.contains(p)).then(pl.lit(w)) for p, w in words.items()))


SECONDS = number("elapsed-time", "elapsed")
SPAN = pl.duration(microseconds=(SECONDS.fill_null(0) * 1e6).cast(pl.Int64))
WORD = lower("action", "verdict").str.strip_chars("”“„ ")
IS_WEB = MESSAGE.str.starts_with("WEBFILTER_").fill_null(False)
#: Where traffic is named by screens and filters without a protocol.
IMPLIED = {r"^RT_SCREEN_TCP": "tcp", r"^RT_SCREEN_UDP": "udp", r"^RT_SCREEN_ICMP": "icmp"}

FORMAT = Format(
    name="juniper_srx",
    title="Juniper SRX / vSRX security logs (structured and plain syslog)",
    reference="https://www.juniper.net/documentation/us/en/software/junos/flow-packet-processing/topics/topic-map/security-srx-devices-obtaining-session-information.html",
    notes="Plain headers have neither year nor zone: --year, --tz. Sessions that ended are allow.",
    is_record=LINE.str.contains_any(
        ["_SESSION_", "FLOW_IP_ACTION", "RT_SCREEN_", "IDP_A", "WEBFILTER_", "AV_", "ANTISPAM_", "CONTENT_FILTERING_",
         "AAMW_", "SECINTEL_", "DNSF_"]
    )
    & LINE.str.contains(rf"^[^{{|]*?{NAMES}(?:: | ?\[)"),
    layout=Either(
        Messages(
            id=LINE.str.extract(rf"({NAMES}):? "),
            body=LINE.str.extract(rf"^(.*?{NAMES}:? )").str.len_bytes(),
            patterns=PATTERNS,
            otherwise=OTHERWISE,
            keep=KEPT,
            noise=pl.col("@text").str.count_matches(r"\d+\.\d+\.\d+\.\d+|[0-9a-fA-F]*:[0-9a-fA-F:]*:[0-9a-fA-F:]+") < 2,
        ),
        Inner(
            layout=KeyValue(
                anchor=LINE.str.extract(rf"^(.*?{NAMES} ?\[(?:[^\s\]=]+@[^\s=]+ )?)").str.len_bytes(),
                quote='"',
                keep=KEPT,
            ),
            before="^()",
            after=r'(\](?:\s[^"]*)?|)$',
        ),
        LINE.str.contains(FIELDS),
    ),
    columns={
        "ts": pl.col("@ts") - SPAN,
        "ts_local": pl.col("@ts_local") - SPAN,
        "ts_end": pl.when(SECONDS.is_not_null()).then(pl.col("@ts")),
        "ts_end_local": pl.when(SECONDS.is_not_null()).then(pl.col("@ts_local")),
        "kind": by_name(KINDS),
        "sensor": pl.when(~pl.col("@host").str.contains("^RT_")).then(pl.col("@host")),
        "action": pl.coalesce(mapped(WORD, ACTIONS), by_name(DECIDED)),
        "disposition": pl.coalesce(
            WORD,
            MESSAGE.str.extract(r"_(?:SESSION|URL)_(\w+?)(?:_LS)?$").str.to_lowercase(),
            MESSAGE.str.to_lowercase(),
        ),
        "protocol": pl.coalesce(given("protocol-id", "protocol-name", "proto").str.to_lowercase(), by_name(IMPLIED)),
        "src_ip": given("source-address", "client-ip", "src"),
        "src_port": uint("source-port", "src_port", bits=16),
        "dst_ip": given("destination-address", "server-ip", "dst"),
        "dst_port": uint("destination-port", "dst_port", bits=16),
        "src_nat_ip": given("nat-source-address", "nat_src"),
        "src_nat_port": uint("nat-source-port", "nat_src_port", bits=16),
        "dst_nat_ip": given("nat-destination-address", "nat_dst"),
        "dst_nat_port": uint("nat-destination-port", "nat_dst_port", bits=16),
        "bytes_out": uint("bytes-from-client", "outbound-bytes", "bytes_out"),
        "bytes_in": uint("bytes-from-server", "inbound-bytes", "bytes_in"),
        "packets_out": uint("packets-from-client", "outbound-packets", "packets_out"),
        "packets_in": uint("packets-from-server", "inbound-packets", "packets_in"),
        "duration": SECONDS,
        "icmp_type": uint("icmp-type", "icmp_type", bits=8),
        "in_iface": given("packet-incoming-interface", "source-interface-name", "interface-name", "in_iface"),
        "out_iface": given("destination-interface-name", "out_iface"),
        "src_zone": given("source-zone-name", "source-zone", "src_zone"),
        "dst_zone": given("destination-zone-name", "destination-zone", "dst_zone"),
        "rule": given("policy-name", "policy", "profile-name", "profile"),
        "reason": given("reason"),
        "app": given("nested-application", "application", "application-name", "nested", "app"),
        "dst_name": host_name(pl.coalesce(given("http-host"), pl.when(IS_WEB).then(given("url")))),
        "user_name": given("username", "user"),
        "signature": given("attack-name", "malware-info", "signature", "name"),
        "severity": mapped(pl.coalesce("threat-severity", "severity"), SEVERITIES),
        "session_id": given("session-id-32", "session-id", "session_id"),
    },
)  # fmt: skip
