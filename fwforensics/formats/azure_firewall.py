"""Azure Firewall: network, application and NAT rules, DNS proxy, threat intelligence and intrusion detection.

The older logs, whose record is a sentence (`AzureFirewallNetworkRule`, `…ApplicationRule`, `…DnsProxy` and others), and
the structured ones (`AZFW…`); as storage and event hubs have them (fields in `properties`), as JSON out of Log
Analytics, or as its CSV, also of the table AzureDiagnostics (`SourceIp_s`, `msg_s`).

HTTP, HTTPS and MSSQL are the application over TCP; a destination given by name is `dst_name`. A destination NAT has no
verdict of its own: it gives a translation. An intrusion or threat that was let through is an alert. What a DNS client
asked for, and everything else, stands in `extra`. The sensor is the firewall.

Reference: https://learn.microsoft.com/azure/firewall/monitor-firewall-reference
Reference: https://learn.microsoft.com/azure/firewall/diagnostic-logs

Time: `time` or `TimeGenerated`, UTC, in ISO 8601 or as the portal writes it (month first). Resolve failures and other
records without addresses are no traffic.
Not covered: metrics.
"""

from __future__ import annotations

import polars as pl

from fwforensics.formats._derived import Derived
from fwforensics.formats._exports import Export, csv_rows
from fwforensics.formats._fields import civil, host_name, iso, mapped, naive, text
from fwforensics.formats._format import Columns, Format
from fwforensics.formats._layouts import LINE

ACTIONS = {
    "allow": "allow", "allowed": "allow", "deny": "deny", "denied": "deny", "drop": "deny", "reject": "deny",
    "block": "deny", "alert and deny": "deny", "alertanddeny": "deny", "alert": "alert", "alert only": "alert",
}  # fmt: skip
SEVERITIES = {"1": "high", "2": "medium", "3": "low", "low": "low", "medium": "medium", "high": "high"}
OVER_TCP = {"http": "tcp", "https": "tcp", "mssql": "tcp"}
HEADER = (
    LINE.str.contains("TimeGenerated", literal=True)
    & (
        LINE.str.contains(r"SourceIp(?:_s)?\b.*DestinationIp(?:_s)?\b|\bmsg_s\b|DestinationIp(?:_s)?\b.*SourceIp")
        | LINE.str.contains(r"QueryName(?:_s)?\b.*SourceIp|SourceIp(?:_s)?\b.*QueryName")
    )
    & ~LINE.str.contains(r"[{}]")
)
WHEN = ("time", "TimeGenerated", "TimeGenerated [UTC]", "timestamp")
US_TIME = (
    r"^(\d{1,2})/(\d{1,2})/(\d{4}),? +(\d{1,2}):(\d\d):(\d\d)(?:\.(\d+))?(?: *([AP]M))?(?: *([+-])(\d\d):?(\d\d))?$"
)


def given(name: str) -> pl.Expr:
    """A field, wherever the export puts it."""
    return text(f"properties.{name}", name, f"{name}_s", f"{name}_d")


def said(pattern: str) -> pl.Expr:
    """A part of the sentence."""
    part = pl.col("@msg").str.extract(pattern)
    return pl.when(part != "").then(part)


def labelled(label: str) -> pl.Expr:
    """What stands behind a label, up to the next one."""
    return said(rf"(?:^|\. ?){label}: (.+?)(?:\.* [A-Z][A-Za-z ]+: |\.*\s*$)")


def portal_time() -> pl.Expr:
    """Month, day and year, and half a day's hours, as the portal exports times."""
    parts = text(*WHEN).str.extract_groups(US_TIME)
    month, day, year, hour, minute, second, fraction, half, sign, hours, minutes = (
        parts.struct.field(str(i)) for i in range(1, 12)
    )
    clock = hour.cast(pl.Int64, strict=False)
    clock = pl.when(half == "AM").then(clock % 12).when(half == "PM").then(clock % 12 + 12).otherwise(clock)
    ahead = hours.cast(pl.Int64, strict=False) * 60 + minutes.cast(pl.Int64, strict=False)
    offset = pl.when(sign == "-").then(-ahead).otherwise(ahead).fill_null(0)
    return civil(year, month, day, clock.cast(pl.String), minute, second, fraction) - pl.duration(minutes=offset)


#: What ends an address in a sentence.
BEHIND = r"(?:\.? |\.?$)"
MSG = {"@msg": given("msg")}
PARTS = {
    "@category": text("category", "Category", "Type"),
    "@protocol": pl.coalesce(
        given("Protocol").str.extract(r"^(\w+)"),
        said(r"^(\w+) +(?:Type=\d+ +)?request from"),
        said(r"^DNS Request: \S+ - \d+ \S+ \S+ \S+ (\w+) "),
    ).str.to_lowercase(),
    "@src": pl.coalesce(
        given("SourceIp"), said(rf"request from (\S+?)(?::\d*)?{BEHIND}"), said(r"^DNS Request: (\S+):\d+ ")
    ),
    "@src_port": pl.coalesce(
        given("SourcePort"), said(rf"request from \S+?:(\d+){BEHIND}"), said(r"^DNS Request: \S+:(\d+) ")
    ),
    "@dst": pl.coalesce(given("DestinationIp"), said(rf"request from \S+ to (\S+?)(?::\d*)?{BEHIND}")),
    "@dst_port": pl.coalesce(given("DestinationPort"), said(rf"request from \S+ to \S+?:(\d+){BEHIND}")),
    "@new": pl.coalesce(given("TranslatedIp"), said(rf"was DNAT'ed to (\S+?)(?::\d*)?{BEHIND}")),
    "@new_port": pl.coalesce(given("TranslatedPort"), said(rf"was DNAT'ed to \S+?:(\d+){BEHIND}")),
    "@action": pl.coalesce(given("Action"), said(r"(?:^|\. ?)Action: (\w+)")).str.to_lowercase(),
    "@threat": pl.coalesce(given("ThreatDescription"), labelled("ThreatIntel")),
    "@signature": pl.coalesce(given("SignatureId"), labelled("Signature")),
}
PROTOCOL = pl.col("@protocol")
TS = pl.coalesce(iso(*WHEN), naive(*WHEN), portal_time())
RESOURCE = text("resourceId", "ResourceId", "_ResourceId", "_ResourceId [UTC]")
SENSOR = pl.coalesce(text("Resource"), RESOURCE.str.extract(r"([^/]+)/*$"))
NAMED = pl.when(~pl.col("@dst").str.contains(":", literal=True)).then(pl.col("@dst"))
IS_DNS = pl.col("@category").str.contains("(?i)dns")
PORT, NEW_PORT, SOURCE_PORT = (
    pl.col(k).str.strip_suffix(".0").cast(pl.UInt16, strict=False) for k in ("@dst_port", "@new_port", "@src_port")
)


def translation() -> Columns:
    """What a destination NAT did."""
    row = {
        "sensor": SENSOR,
        "protocol": PROTOCOL,
        "orig_src_ip": pl.col("@src"),
        "orig_src_port": SOURCE_PORT,
        "orig_dst_ip": pl.col("@dst"),
        "orig_dst_port": PORT,
        "new_src_ip": pl.col("@src"),
        "new_src_port": SOURCE_PORT,
        "new_dst_ip": pl.col("@new"),
        "new_dst_port": NEW_PORT,
        "started_at": TS,
    }
    return {column: pl.when(pl.col("@new").is_not_null()).then(value) for column, value in row.items()}


FORMAT = Format(
    name="azure_firewall",
    title="Azure Firewall logs",
    reference="https://learn.microsoft.com/azure/firewall/monitor-firewall-reference",
    notes="Older logs (a sentence) and structured ones; out of storage, event hubs or Log Analytics.",
    syslog=False,
    opens=HEADER,
    follows=csv_rows,
    is_record=LINE.str.contains_any(['"AZFW', '"AzureFirewall'])
    & LINE.str.contains(r'"(?:[cC]ategory|Type|operationName)"\s*:\s*"(?:AZFW|AzureFirewall)\w+"')
    | HEADER,
    layout=Derived(
        Derived(Export(HEADER, keep=("msg", "msg_s", "resourceId", "ResourceId", "_ResourceId")), MSG), PARTS
    ),
    columns={
        "ts": TS,
        "kind": pl.when(IS_DNS)
        .then(pl.lit("dns"))
        .when(pl.col("@signature").is_not_null() | pl.col("@threat").is_not_null())
        .then(pl.lit("ids"))
        .when(pl.col("@new").is_not_null())
        .then(pl.lit("nat")),
        "sensor": SENSOR,
        "action": mapped("@action", ACTIONS),
        "disposition": pl.coalesce("@action", said(r"was (DNAT'ed) to").str.to_lowercase()),
        "protocol": PROTOCOL.replace(OVER_TCP),
        "src_ip": pl.col("@src"),
        "src_port": SOURCE_PORT,
        "dst_ip": pl.col("@dst"),
        "dst_port": PORT,
        "dst_nat_ip": pl.col("@new"),
        "dst_nat_port": NEW_PORT,
        "icmp_type": said(r"^ICMP +Type=(\d+)").cast(pl.UInt8, strict=False),
        "rule": pl.coalesce(given("Rule"), labelled("Rule")),
        "reason": pl.coalesce(
            given("ActionReason"),
            labelled("Reason"),
            said(r"(No rule matched\. Proceeding with default action)"),
            said(r"(Failed to resolve address .*)$"),
        ),
        "app": pl.when(PROTOCOL.is_in(list(OVER_TCP))).then(PROTOCOL),
        "dst_name": pl.coalesce(
            host_name(given("Fqdn")),
            host_name(NAMED),
            host_name(given("TargetUrl")),
            host_name(given("Url")),
            host_name(labelled("Url")),
        ),
        "signature": pl.coalesce(
            pl.when(pl.col("@signature").is_not_null()).then(given("Description")), labelled("IDS"), pl.col("@threat")
        ),
        "signature_id": pl.col("@signature"),
        "severity": pl.coalesce(
            mapped(labelled("Priority"), SEVERITIES),
            pl.when(pl.col("@signature").is_not_null()).then(
                mapped(given("Severity"), {"low": "low", "medium": "medium", "high": "high"})
            ),
        ),
        "ignored": pl.when(
            pl.col("@src").is_null()
            & pl.col("@dst").is_null()
            & ~pl.col("@msg").str.contains("request from").fill_null(False)
        ).then(pl.lit("no addresses")),
    },
    tables={"translations": translation()},
)
