"""Arista NG Firewall (Untangle): sessions, session statistics, web filter, HTTP, IPS and firewall events.

JSON behind a syslog header (`uvm[0]:  {…}`), told apart by `class`. A session has four ends: the client and the server
as the client's side saw them (CClient, CServer), and as the server's side did (SClient, SServer), after translation.

Reference: https://wiki.edge.arista.com/index.php/Events

Time: `timeStamp` is local to the firewall and without zone (--tz). Statistics have their end in epoch milliseconds,
too; its distance to the local time is the zone of the session's start. Bytes count from the firewall's view: what it
got from the client was sent by the source. Events of the firewall application name the session and no address. An event
that was not blocked was allowed; IPS events that were not are alerts. `protocol` of an IPS event may be just `ip`.
Events about interfaces, the system and settings are ignored as "no traffic".
"""

from __future__ import annotations

import polars as pl

from fwforensics.formats._fields import epoch, host_name, lower, naive, uint
from fwforensics.formats._format import Format
from fwforensics.formats._layouts import LINE, Json

NESTED = ("", "sessionEvent.", "httpRequestEvent.sessionEvent.", "requestEvent.sessionEvent.")
KINDS = {"intrusion_prevention": "ids", "web_filter": "proxy", "http": "proxy", "threat_prevention": "ids"}


def session(key: str) -> pl.Expr:
    """A value of the session, wherever the event has it."""
    return pl.coalesce(*(pl.col(prefix + key) for prefix in NESTED))


def plain(*keys: str) -> pl.Expr:
    """An address as Java prints it, `name/address`."""
    return pl.coalesce(*(pl.col(k) for k in keys)).str.extract(r"([^/]*)$")


CLASS = pl.col("class").str.extract(r"com\.untangle\.(?:app|uvm)\.(\w+)")
IS_IPS = (CLASS == "intrusion_prevention").fill_null(False)
IS_STATS = pl.col("endTime").is_not_null()
LOGGED, BEGUN = naive("timeStamp"), naive("sessionEvent.timeStamp")
ENDED = epoch("endTime", "ms")
#: The local times are whole quarters of an hour ahead of UTC.
AHEAD = ((LOGGED - ENDED).dt.total_seconds() / 900).round().cast(pl.Int64)
BLOCKED = lower("blocked")
SHUT = pl.col("filterPrefix").str.contains("block")
PROTOCOL = pl.coalesce(session("protocolName"), session("protocol")).str.to_lowercase()
REQUESTED = pl.col("requestLine").str.extract(r"^\S+ (\S+)")

FORMAT = Format(
    name="arista_ngfw",
    title="Arista NG Firewall (Untangle)",
    reference="https://wiki.edge.arista.com/index.php/Events",
    notes="Times are local to the firewall: --tz. Events of the firewall application name a session, not its ends.",
    is_record=LINE.str.contains('"class', literal=True)
    & LINE.str.contains(r'"class" ?: ?"class com\.untangle\.'),
    layout=Json(begin=LINE.str.find("{", literal=True), keep=("class", "requestLine", "sessionEvent")),
    columns={
        "ignored": pl.when(
            session("CClientAddr").is_null() & pl.col("ipSource").is_null() & pl.col("clientAddress").is_null()
            & (pl.col("sessionId").is_null() | pl.col("blocked").is_null())
        ).then(pl.lit("no traffic")),
        "ts": pl.when(IS_STATS).then(BEGUN - pl.duration(minutes=AHEAD * 15)),
        "ts_local": pl.coalesce(pl.when(IS_STATS).then(BEGUN), LOGGED, "@ts_local"),
        "ts_end": pl.when(IS_STATS).then(ENDED),
        "kind": pl.when(pl.col("clientAddress").is_not_null() & session("CClientAddr").is_null())
        .then(pl.lit("auth"))
        .otherwise(CLASS.replace_strict(KINDS, default=None, return_dtype=pl.String)),
        "sensor": pl.when(~pl.col("@host").is_in(["INFO", "WARN", "ERROR", "DEBUG"])).then(pl.col("@host")),
        "action": pl.when((BLOCKED == "true") | SHUT)
        .then(pl.lit("deny"))
        .when(IS_IPS)
        .then(pl.lit("alert"))
        .when((BLOCKED == "false") | session("CClientAddr").is_not_null())
        .then(pl.lit("allow")),
        "disposition": pl.when(BLOCKED == "true").then(pl.lit("blocked")).otherwise(pl.col("filterPrefix")),
        "protocol": pl.when(PROTOCOL != "ip").then(PROTOCOL),
        "src_ip": pl.coalesce(session("CClientAddr"), plain("ipSource", "clientAddress")),
        "src_port": pl.coalesce(session("CClientPort"), "sportItype").cast(pl.UInt16, strict=False),
        "dst_ip": pl.coalesce(session("CServerAddr"), plain("ipDestination")),
        "dst_port": pl.coalesce(session("CServerPort"), "dportIcode").cast(pl.UInt16, strict=False),
        "src_nat_ip": session("SClientAddr"),
        "src_nat_port": session("SClientPort").cast(pl.UInt16, strict=False),
        "dst_nat_ip": session("SServerAddr"),
        "dst_nat_port": session("SServerPort").cast(pl.UInt16, strict=False),
        "bytes_out": uint("c2pBytes"),
        "bytes_in": uint("s2pBytes"),
        "duration": pl.when(IS_STATS).then((LOGGED - BEGUN).dt.total_milliseconds() / 1000),
        "icmp_type": uint("sportItype", bits=8),
        "icmp_code": uint("dportIcode", bits=8),
        "in_iface": session("clientIntf"),
        "out_iface": session("serverIntf"),
        "rule": pl.coalesce("ruleId", session("policyRuleId")),
        "reason": pl.when(BLOCKED == "true").then(pl.col("reason")),
        "dst_name": host_name(pl.coalesce("host", "domain", REQUESTED)),
        "user_name": pl.coalesce(session("username"), "login"),
        "signature": pl.when(IS_IPS).then(pl.col("msg")),
        "signature_id": pl.when(IS_IPS).then(pl.concat_str(["generatorId", "signatureId"], separator=":")),
        "session_id": pl.coalesce("sessionId", session("sessionId")),
    },
    required=("src_ip", "dst_ip", "session_id"),
)  # fmt: skip
