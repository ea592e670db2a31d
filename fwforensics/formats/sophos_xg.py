"""Sophos Firewall (XG, XGS; SFOS 15 to 21): firewall, IPS, ATP, web, mail, WAF, TLS, sandbox, VPN and login records.

Both vocabularies of `key="value"`: the device's own (`device="SFW" date=… time=… sent_bytes=… tran_src_ip=…`) and the
standard format of 18.5 and later (`device_name="SFW" timestamp="…" bytes_sent=… src_trans_ip=…`), behind a syslog
header or none. Records that name no address (updates, health, SD-WAN, RED) are ignored as "no traffic".

Reference: https://docs.sophos.com/nsg/sophos-firewall/21.0/Help/en-us/webhelp/onlinehelp/AdministratorHelp/Logs/SyslogGuide/index.html

Time: `timestamp` has its offset. `date` and `time` are local to the firewall; `timezone` gives an offset where it is a
number, UTC or GMT. A zone's abbreviation (IST, CEST, BST, …) names several zones or one half of the year and is not
read: use --tz. A record with a `duration` is logged at the end. Detections and alerts of IPS and ATP did not stop the
traffic and are alerts. A WAF request was refused where it has a reason. Sandbox records have the server in `source`;
of a tunnel the local end is the source. Not covered: the reporting CSV.
"""

from __future__ import annotations

import polars as pl

from fwforensics.formats._fields import host_name, iso, iso_local, lower, mapped, number, port, text, uint
from fwforensics.formats._format import Format
from fwforensics.formats._layouts import LINE, KeyValue

FIRST = r"\b(?:device|device_name|device_model|date|timestamp|log_id)=\"?"
KEPT = (
    "log_type", "log_component", "log_subtype", "status", "timezone", "date", "time", "fw_rule_id", "url", "source",
    "timestamp", "reason", "priority", "severity", "user_name", "tran_src_port", "tran_dst_port",
)  # fmt: skip
ALLOWED = (
    "allowed,allow,accept,accepted,clean,permit,deliver,delivered,queued,successful,warned,override,overridden,decrypt,"
    "do not decrypt,not decrypted"
)
DENIED = (
    "denied,deny,drop,dropped,virus,pua,block,blocked,reject,rejected,tmpreject,quarantine,quarantined,restricted,dos,"
    "spam,malicious,prevented,dlp"
)
NOTED = "detect,detected,alert,alerted,log,logged"
ACTIONS = (
    dict.fromkeys(ALLOWED.split(","), "allow")
    | dict.fromkeys(DENIED.split(","), "deny")
    | dict.fromkeys(NOTED.split(","), "alert")
)
KINDS = {
    "idp": "ids", "ips": "ids", "atp": "ids", "anti-virus": "ids", "sandbox": "ids", "sandstorm": "ids",
    "active threat response": "ids", "zero-day protection": "ids", "content filtering": "proxy", "waf": "proxy",
    "web server protection": "proxy", "anti-spam": "proxy", "ssl": "proxy", "application filter": "firewall",
}  # fmt: skip
EVENT_KINDS = {"authentication": "auth", "admin": "auth"}
SEVERITIES = {
    "emergency": "critical", "alert": "critical", "critical": "critical", "error": "high", "warning": "medium",
    "notice": "low", "notification": "low", "information": "informational", "informational": "informational",
    "debug": "informational",
}  # fmt: skip
RULE_SEVERITIES = {"1": "high", "2": "medium", "3": "low", "4": "informational"}
NOTHING = ["", "-", "N/A", "None", "unknown"]


def given(*keys: str) -> pl.Expr:
    """The first of the keys with a value."""
    plain = [pl.col(k).str.strip_chars() for k in keys]
    return pl.coalesce(*(pl.when(~p.is_in(NOTHING)).then(p) for p in plain))


def positive(*keys: str) -> pl.Expr:
    """A port that is one: 0 stands for none beside a translated address."""
    return pl.when(port(*keys) > 0).then(port(*keys))


TYPE, SUBTYPE, COMPONENT = (lower(k).str.strip_chars() for k in ("log_type", "log_subtype", "log_component"))
IS_EVENT = TYPE == "event"
IS_WAF = TYPE.is_in(["waf", "web server protection"]).fill_null(False)
IS_MAIL = (TYPE == "anti-spam").fill_null(False)
IS_VPN = IS_EVENT & COMPONENT.str.contains("vpn|ipsec|l2tp|pptp")
IS_SANDBOX = TYPE.is_in(["sandbox", "sandstorm", "zero-day protection"]).fill_null(False)
ENDS = ("src_ip", "sourceip", "dst_ip", "destinationip", "localip", "localinterfaceip", "remoteinterfaceip")

CIVIL = pl.concat_str([pl.col("date"), pl.lit(" "), pl.col("time")])
#: `+11`, `+0530`, `-05:00`, or Greenwich.
ZONE = pl.col("timezone").str.extract_groups(r"^(?:GMT|UTC)?([+-])(\d\d?):?(\d\d)?$")
MINUTES = ZONE.struct.field("2").cast(pl.Int64, strict=False) * 60 + ZONE.struct.field("3").cast(
    pl.Int64, strict=False
).fill_null(0)
AHEAD = (
    pl.when(pl.col("timezone").is_in(["GMT", "UTC"]))
    .then(0)
    .when(ZONE.struct.field("1") == "-")
    .then(-MINUTES)
    .otherwise(MINUTES)
)
STAMP = CIVIL.str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False, time_unit="us")
UTC = pl.coalesce(iso("timestamp"), STAMP - pl.duration(minutes=AHEAD))
LOCAL = pl.coalesce(STAMP, iso_local("timestamp"))
SECONDS = pl.when(~IS_EVENT.fill_null(False)).then(number("duration"))
LASTED = pl.when(IS_WAF).then(number("responsetime") / 1_000_000).otherwise(SECONDS)
SPAN = pl.duration(microseconds=(SECONDS.fill_null(0) * 1e6).cast(pl.Int64))
REFUSED = given("reason").is_not_null()
WORD = pl.coalesce(
    pl.when(IS_MAIL).then(mapped("spamaction", ACTIONS)),
    pl.when(IS_WAF).then(pl.when(REFUSED).then(pl.lit("deny")).otherwise(pl.lit("allow"))),
    mapped(SUBTYPE, ACTIONS),
    mapped("status", ACTIONS),
)

FORMAT = Format(
    name="sophos_xg",
    title="Sophos Firewall (XG, XGS, SFOS)",
    reference="https://docs.sophos.com/nsg/sophos-firewall/21.0/Help/en-us/webhelp/onlinehelp/AdministratorHelp/Logs/SyslogGuide/index.html",
    notes="Abbreviated time zones are not read: --tz. Records without addresses are ignored.",
    is_record=LINE.str.contains("log_component=", literal=True)
    & LINE.str.contains("log_type=", literal=True)
    & LINE.str.contains(r"\blog_id=\"?\d")
    & ~LINE.str.contains(r"CEF:\d"),
    layout=KeyValue(anchor=LINE.str.find(FIRST), quote='"', keep=KEPT),
    columns={
        "ignored": pl.when(pl.all_horizontal(pl.col(c).is_null() for c in ENDS)).then(pl.lit("no traffic")),
        "ts": pl.coalesce(UTC - SPAN, pl.when(LOCAL.is_null()).then(pl.col("@ts"))),
        "ts_local": pl.coalesce(LOCAL - SPAN, pl.col("@ts_local")),
        "ts_end": pl.when(SECONDS.is_not_null()).then(UTC),
        "ts_end_local": pl.when(SECONDS.is_not_null()).then(LOCAL),
        "kind": pl.when(IS_VPN).then(pl.lit("vpn"))
        .when(IS_EVENT).then(mapped(SUBTYPE, EVENT_KINDS, "system"))
        .otherwise(mapped(TYPE, KINDS, "firewall")),
        "sensor": pl.coalesce(
            given("@host"),
            pl.when(given("device_name") != "SFW").then(given("device_name")),
            given("device_id", "device_serial_id"),
        ),
        "action": pl.when(~IS_EVENT.fill_null(False)).then(WORD),
        "disposition": pl.coalesce(pl.when(IS_MAIL).then(lower("spamaction")), SUBTYPE, lower("status")),
        "protocol": given("protocol").str.to_lowercase(),
        "src_ip": given("src_ip", "sourceip", "localinterfaceip"),
        "src_port": port("src_port"),
        "dst_ip": pl.coalesce(
            given("dst_ip", "destinationip", "localip", "remoteinterfaceip"),
            pl.when(IS_SANDBOX & pl.col("source").str.contains(r"^[\d.]+$")).then(pl.col("source")),
        ),
        "dst_port": port("dst_port"),
        "src_nat_ip": given("tran_src_ip", "src_trans_ip"),
        "src_nat_port": positive("tran_src_port", "src_trans_port"),
        "dst_nat_ip": given("tran_dst_ip", "dst_trans_ip"),
        "dst_nat_port": positive("tran_dst_port", "dst_trans_port"),
        "bytes_out": pl.when(IS_WAF).then(uint("bytesrcv")).otherwise(uint("sent_bytes", "bytes_sent")),
        "bytes_in": pl.when(IS_WAF).then(uint("bytessent")).otherwise(uint("recv_bytes", "bytes_received")),
        "packets_out": uint("sent_pkts", "packets_sent"),
        "packets_in": uint("recv_pkts", "packets_received"),
        "duration": LASTED,
        "icmp_type": uint("icmp_type", bits=8),
        "icmp_code": uint("icmp_code", bits=8),
        "in_iface": given("in_interface"),
        "out_iface": given("out_interface"),
        "src_zone": given("srczone", "src_zone"),
        "dst_zone": given("dstzone", "dst_zone"),
        "rule": given("fw_rule_name", "rule_name", "fw_rule_id", "rule_id"),
        "reason": given("reason", "message"),
        "app": given("application", "app_name"),
        "dst_name": pl.coalesce(host_name(given(k)) for k in ("domain", "domainname", "sni", "server", "url")),
        "user_name": given("user_name", "user"),
        "signature": given("signature_msg", "threatname", "virus", "malware"),
        "signature_id": given("signature_id"),
        "severity": pl.when(TYPE.is_in([k for k, v in KINDS.items() if v == "ids"])).then(
            pl.coalesce(mapped("rule_priority", RULE_SEVERITIES), mapped(text("priority", "severity"), SEVERITIES))
        ),
        "session_id": given("connid", "con_id"),
        "repeat_count": uint("log_occurrence", bits=32),
    },
)  # fmt: skip
