"""Huawei USG, Eudemon and HiSecEngine firewalls: policy matches, sessions, IPS, antivirus, URL and other threat logs.

Syslog of the information centre (`%%01POLICY/6/POLICYPERMIT(l):vsys=public, protocol=6, source-ip=…`), session logs
(`%%01SECLOG/6/SESSION_TEARDOWN(l):IPVer=4,Protocol=tcp,SourceIP=…`) and content security
(`%%01IPS/4/DETECT(l): An intrusion was detected. (SyslogId=1, SrcIp=…)`), and the same as trap text without `%%01`.

Reference: https://support.huawei.com/enterprise/en/doc/EDOC1100149311/

Time: sessions have `BeginTime` and `EndTime` in epoch seconds; policy records `time`, all others the header's, local to
the firewall. A session was allowed; what content security only reports is an alert. Not covered: the binary session and
data-flow logs, which go to their own collector.
"""

from __future__ import annotations

import polars as pl

from fwforensics.formats._fields import epoch, host_name, lower, mapped, naive, uint
from fwforensics.formats._format import Format
from fwforensics.formats._inner import Inner
from fwforensics.formats._layouts import LINE, KeyValue

HEAD = r"(?:%%\d\d)?[A-Z][A-Z0-9_-]+/\d/[A-Za-z0-9_]+(?:\([a-zA-Z]\))?(?:\[\d+\])?: ?"
KNOWN = (
    r"(?:POLICY|SECLOG|SECPOLICY|IPS|IPSTRAP|AV|URL|FILEBLOCK|FILE_BLOCK|DATA|APPCTL|MAIL|DNS|APT|ATK|CNC|IPREP|FW-LOG)"
)
SOURCE = r"(?i)\b(?:source-?ip|src-?ip)="
ACTIONS = {
    "permit": "allow", "policypermit": "allow", "allow": "allow", "pass": "allow", "policydeny": "deny", "deny": "deny",
    "block": "deny", "drop": "deny", "discard": "deny", "reset": "deny", "alert": "alert", "declare": "alert",
}  # fmt: skip
KINDS = {
    **dict.fromkeys(("IPS", "IPSTRAP", "AV", "ATK", "APT", "CNC", "IPREP"), "ids"),
    "URL": "proxy",
    "MAIL": "proxy",
    "DNS": "dns",
}
SEVERITIES = {"information": "informational", "low": "low", "medium": "medium", "high": "high"}
NOTHING = ["", "unknown", "N/A", "-", "none"]


def given(*keys: str) -> pl.Expr:
    """The first of the keys with a value."""
    return pl.coalesce(*(pl.when(~pl.col(k).is_in(NOTHING)).then(pl.col(k)) for k in keys))


MODULE = pl.col("@line").str.extract(r"(?:%%\d\d|\s|^)([A-Z][A-Z0-9_-]+)/\d/")
DIGEST = pl.col("@line").str.extract(r"[A-Z][A-Z0-9_-]+/\d/([A-Za-z0-9_]+)").str.to_lowercase()
IS_SESSION = DIGEST.str.starts_with("session").fill_null(False)
IS_IDS = MODULE.is_in([k for k, v in KINDS.items() if v == "ids"]).fill_null(False)
WORD = pl.coalesce(lower("Action", "action"), pl.when(DIGEST.str.starts_with("policy")).then(DIGEST))
BEGAN, ENDED = (pl.when(pl.col(k).str.contains(r"^\d{9,}$")).then(epoch(k)) for k in ("BeginTime", "EndTime"))
STAMPED = naive("time", "DetectTime", "Time")

FORMAT = Format(
    name="huawei_usg",
    title="Huawei USG / HiSecEngine (policy, session, content security)",
    reference="https://support.huawei.com/enterprise/en/doc/EDOC1100149311/",
    notes="Built from the vendor's documentation and lines that operators quote; headers are local time: --tz.",
    is_record=LINE.str.contains(SOURCE)
    & LINE.str.contains(rf"(?:%%\d\d|\s|^){KNOWN}/\d/\w+(?:\([a-zA-Z]\))?(?:\[\d+\])?:"),
    layout=Inner(
        layout=KeyValue(anchor=LINE.str.find(r"\S"), separator=",", quote='"', keep=("time", "vsys", "VSys", "Policy")),
        before=rf"^(.*?{HEAD}(?:[^=]*\()?)",
        after=r"(\)?\.?\s*)$",
    ),
    columns={
        "ts": BEGAN,
        "ts_local": pl.when(BEGAN.is_null()).then(pl.coalesce(STAMPED, "@ts_local")),
        "ts_end": pl.when(ENDED >= BEGAN).then(ENDED),
        "kind": MODULE.replace_strict(KINDS, default=None, return_dtype=pl.String),
        "sensor": pl.col("@host"),
        "action": pl.when(IS_SESSION).then(pl.lit("allow"))
        .when(IS_IDS & mapped(WORD, ACTIONS).is_null()).then(pl.lit("alert"))
        .otherwise(mapped(WORD, ACTIONS)),
        "disposition": pl.coalesce(WORD, DIGEST),
        "protocol": lower("Protocol", "protocol"),
        "src_ip": given("SourceIP", "source-ip", "SrcIp", "SrcIP"),
        "src_port": uint("SourcePort", "source-port", "SrcPort", bits=16),
        "dst_ip": given("DestinationIP", "destination-ip", "DstIp", "DstIP"),
        "dst_port": uint("DestinationPort", "destination-port", "DstPort", bits=16),
        "src_nat_ip": given("SourceNatIP", "source-nat-ip"),
        "src_nat_port": uint("SourceNatPort", "source-nat-port", bits=16),
        "dst_nat_ip": given("DestinationNatIP", "destination-nat-ip"),
        "dst_nat_port": uint("DestinationNatPort", "destination-nat-port", bits=16),
        "bytes_out": uint("SendBytes"),
        "bytes_in": uint("RcvBytes"),
        "packets_out": uint("SendPkts"),
        "packets_in": uint("RcvPkts"),
        "duration": pl.when(ENDED >= BEGAN).then((ENDED - BEGAN).dt.total_seconds().cast(pl.Float64)),
        "src_zone": given("SourceZone", "source-zone", "SrcZone"),
        "dst_zone": given("DestinationZone", "destination-zone", "DstZone"),
        "rule": given("PolicyName", "rule-name", "Policy"),
        "reason": given("CloseReason"),
        "app": given("Application", "application-name", "ApplicationName"),
        "dst_name": host_name(given("Host", "URL", "Page")),
        "user_name": given("UserName", "user-name", "User"),
        "signature": pl.when(IS_IDS).then(given("SignName", "VirusName", "AttackType", "ThreatName")),
        "signature_id": given("SignId", "VirusId"),
        "severity": mapped("Severity", SEVERITIES),
        "repeat_count": uint("EventNum", bits=32),
    },
)  # fmt: skip
