"""Palo Alto Networks logs as CEF: Strata Logging Service (Cortex Data Lake, Prisma Access) and PAN-OS's CEF formats.

Read are TRAFFIC, THREAT (url, vulnerability, spyware, virus, wildfire, file, data, flood, scan), TUNNEL, DECRYPTION,
SCTP, GTP, GLOBALPROTECT and every other log with two ends; CONFIG, SYSTEM, AUTH, USERID, IPTAG and HIPMATCH logs
without them are ignored as "no traffic".

Reference: https://docs.paloaltonetworks.com/strata-logging-service/log-reference/network-logs
Reference: https://docs.paloaltonetworks.com/resources/cef

Time: `PanOSSessionStartTime` or `start` (generated), else `rt`; `dtz` names their zone, UTC where the service writes
it. A session's record ends when it was generated. `act` is the action; what a threat log did not stop is an alert.
`in` and `out` are received and sent by the client.
"""

from __future__ import annotations

import polars as pl

from fwforensics.formats._cef import Cef
from fwforensics.formats._extension_columns import KEEP, STANDARD, given, moment, with_times
from fwforensics.formats._fields import mapped, number, uint
from fwforensics.formats._format import Format
from fwforensics.formats._layouts import LINE
from fwforensics.formats._verdicts import verdict

KEPT = (*KEEP, "start", "severity", "PanOSSeverity", "flexString2", "Rule", "RuleUUID")
KIND = pl.col("deviceEventClassId").str.to_uppercase()
NAME = pl.col("name").str.to_lowercase()
IS_THREAT = (KIND.str.contains("THREAT") | NAME.str.contains("threat")).fill_null(False)
IS_URL = IS_THREAT & ((NAME == "url") | (KIND == "URL"))
SESSION = moment("sessionStartTime")
GENERATED = moment("start", "timeGenerated", "rt")
SEVERITIES = {word: word for word in ("informational", "low", "medium", "high", "critical")}
NUMBERS = {"1": "informational", "2": "low", "3": "medium", "4": "high", "5": "critical"}

FORMAT = Format(
    name="panos_cef_prisma",
    title="Palo Alto Networks as CEF (Strata Logging Service, Prisma Access, PAN-OS)",
    reference="https://docs.paloaltonetworks.com/strata-logging-service/log-reference/network-logs",
    notes="Where dtz names no zone, times are local to the firewall: --tz.",
    is_record=LINE.str.contains(r"(?:CEF: ?\d|^\s*0)\|Palo Alto Networks\|"),
    layout=with_times(
        Cef(prefixes=("PanOS",), keep=KEPT),
        pl.coalesce(SESSION, GENERATED),
        pl.when(SESSION.is_not_null()).then(GENERATED),
    ),
    columns={
        **STANDARD,
        "kind": pl.when(IS_URL)
        .then(pl.lit("proxy"))
        .when(IS_THREAT)
        .then(pl.lit("ids"))
        .when(KIND.str.contains("GLOBALPROTECT"))
        .then(pl.lit("vpn"))
        .when(KIND.str.contains("DNS"))
        .then(pl.lit("dns"))
        .when(KIND.str.contains("AUTH|USERID"))
        .then(pl.lit("auth"))
        .when(KIND.str.contains("CONFIG|SYSTEM|HIPMATCH|IPTAG|AUDIT"))
        .then(pl.lit("system"))
        .otherwise(pl.lit("firewall")),
        "sensor": given("dvchost", "deviceName", "deviceExternalId", "deviceSN", "@host"),
        "action": verdict(given("act"), IS_THREAT),
        "disposition": given("act").str.to_lowercase(),
        "bytes": uint("bytes", "totalBytes"),
        "packets": uint("packetsTotal", "packets"),
        "duration": number("sessionDuration", "elapsedTimeInSeconds"),
        "rule": given("Rule", "ruleMatched", "ruleUUID"),
        "user_name": given("suser", "suser0", "sourceUserName", "sourceUser", "duser"),
        "signature": pl.when(IS_THREAT & ~IS_URL).then(given("threatName", "threatID", "cat")),
        "signature_id": pl.when(IS_THREAT & ~IS_URL).then(pl.col("threatID").str.extract(r"(\d+)")),
        "severity": pl.when(IS_THREAT).then(
            pl.coalesce(mapped("PanOSSeverity", SEVERITIES), mapped("severity", NUMBERS))
        ),
        "session_id": given("sessionID"),
        "src_zone": given("fromZone", "sourceZone"),
        "dst_zone": given("toZone", "destinationZone"),
        "repeat_count": uint("cnt", bits=32),
    },
    priority=40,
)
