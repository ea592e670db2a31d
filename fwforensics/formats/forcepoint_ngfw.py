"""Forcepoint NGFW (before that Stonesoft): logs that the Security Management Center forwards as CEF or LEEF.

Reference: https://help.forcepoint.com/ngfw/en-us/

Time: `rt` or `devTime`, local to the log server; LEEF records declare their pattern. The action is `act` or `action`;
records without one say in their situation what became of the connection (`Connection_Allowed`, `…_Discarded`,
`…_Refused`, `…_Closed`). Situations without two ends (engine commands, DHCP, log servers) are ignored as "no traffic".
`in` and `out` are what the engine received and sent for the client. Not covered: the forwarding as CSV, XML or NetFlow.
"""

from __future__ import annotations

import polars as pl

from fwforensics.formats._cef import CEF_START, LEEF_START, Cef, Leef
from fwforensics.formats._either import Either
from fwforensics.formats._extension_columns import KEEP, STANDARD, WORD, given, with_times
from fwforensics.formats._format import Format
from fwforensics.formats._layouts import LINE
from fwforensics.formats._verdicts import verdict

KEPT = (*KEEP, "deviceFacility", "ruleId", "sender", "destinationServiceName")
SITUATION = pl.coalesce("name", "EventID")
FACILITY = pl.col("deviceFacility").str.to_lowercase()
IS_ATTACK = (
    SITUATION.str.contains(r"(?i)attack|exploit|malware|virus|botnet|spoof|scan|inspection|^(?:http|tcp|smb|dns)_")
    | FACILITY.str.contains(r"inspection|anti-?virus|sandbox|file filtering")
).fill_null(False)
#: What became of a connection, by the end of the situation's name.
OUTCOME = SITUATION.str.extract(r"(?i)(?:^|_)(allowed|discarded|refused|closed|terminated|blacklisted)(?:[-_].*)?$", 1)
DECIDED = pl.coalesce(WORD, OUTCOME).str.to_lowercase()

FORMAT = Format(
    name="forcepoint_ngfw",
    title="Forcepoint NGFW (Security Management Center) as CEF or LEEF",
    reference="https://help.forcepoint.com/ngfw/en-us/",
    notes="Times are local to the log server: --tz. Situations without two ends are ignored.",
    is_record=LINE.str.contains(r"CEF: ?\d\||LEEF: ?\d\.\d\||^\s*0\|")
    & LINE.str.contains(
        r"(?i)(?:CEF: ?\d|LEEF: ?\d\.\d|^\s*0)\|(?:forcepoint|stonesoft|mcafee)\|"
        r"(?:firewall|ngfw|ips|layer 2 firewall|l2fw|sg-\w+|next generation firewall|master engine|ssl vpn|unknown)\b"
    ),
    layout=with_times(
        Either(Cef(keep=KEPT), Leef(keep=KEPT), LINE.str.contains(LEEF_START) & ~LINE.str.contains(CEF_START))
    ),
    columns={
        **STANDARD,
        "kind": pl.when(FACILITY.str.contains("vpn|ipsec"))
        .then(pl.lit("vpn"))
        .when(IS_ATTACK)
        .then(pl.lit("ids"))
        .otherwise(pl.lit("firewall")),
        "sensor": given("sender", "deviceExternalId", "dvchost", "@host"),
        "action": pl.when(DECIDED.is_in(["blacklisted", "blacklist"]))
        .then(pl.lit("deny"))
        .otherwise(verdict(DECIDED, IS_ATTACK)),
        "disposition": DECIDED,
        "rule": given("ruleId", "ruleName"),
        "app": given("destinationServiceName", "app"),
        "signature": pl.when(IS_ATTACK).then(SITUATION),
        "signature_id": pl.when(IS_ATTACK).then(pl.col("deviceEventClassId")),
        "reason": given("reason", "msg"),
    },
    priority=40,
)
