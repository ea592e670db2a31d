"""Cato Networks SASE events: firewall, IPS, anti-malware, RPF and other security and routing events.

JSON lines of the events feed (the record alone, or in `fieldsMap` as the API gives it), and events forwarded as CEF are
read by `cef`. Connectivity, sockets and audit events name one end only and are ignored as "no traffic".

Reference: https://support.catonetworks.com/hc/en-us/articles/360019839477
Reference: https://api.catonetworks.com/documentation/#definition-EventFieldName

Time: `event_time` or `time_str`, else `time` (milliseconds since 1970), else `event_timestamp`, all UTC. `Monitor` lets
the traffic pass; in IPS and anti-malware events what was not blocked is an alert. `src_isp_ip` is the address under
which a client reaches Cato, not a translation, and stays in `extra`.
"""

from __future__ import annotations

import polars as pl

from fwforensics.formats._clocks import INSTANT, utc
from fwforensics.formats._extension_columns import DIRECTIONS, address, given, named_host
from fwforensics.formats._fields import lower, mapped, port, uint
from fwforensics.formats._format import Format
from fwforensics.formats._inner import Inner
from fwforensics.formats._json import Json
from fwforensics.formats._layouts import LINE
from fwforensics.formats._verdicts import verdict

KEPT = (
    "event_type",
    "event_sub_type",
    "rule",
    "rule_id",
    "application",
    "time",
    "url",
    "src_isp_ip",
    "event_timestamp",
)
SUBTYPE = lower("event_sub_type")
IS_ATTACK = SUBTYPE.str.contains(r"ips|malware|suspicious|threat|anomal|dns protection|sdp|xdr").fill_null(False)
#: A file that was looked at and passed.
IS_CLEAN = (lower("threat_verdict") == "clean").fill_null(False)
KINDS = {"dns protection": "dns", "tls": "proxy", "casb": "proxy", "app security": "proxy"}
SEVERITIES = {"low": "low", "medium": "medium", "high": "high", "critical": "critical"}

FORMAT = Format(
    name="cato_sase",
    title="Cato Networks SASE security events",
    reference="https://api.catonetworks.com/documentation/#definition-EventFieldName",
    notes="Events that name one end only are ignored.",
    is_record=LINE.str.contains(r"^(?:<\d+>)?[^{]{0,160}\{")
    & LINE.str.contains('"event_sub_type"', literal=True)
    & LINE.str.contains('"event_type"', literal=True)
    & LINE.str.contains(r'"(?:account_id|internalId|internal_id|pop_name|src_is_site_or_vpn)"'),
    layout=Inner(
        layout=Json(begin=LINE.str.find("{", literal=True), keep=KEPT),
        before=r'^(.*?"fieldsMap"\s*:\s*)\{',
        after=r"\}([^}]*\}\s*)$",
    ),
    columns={
        "ignored": pl.when(pl.col("src_ip").is_null() | pl.col("dest_ip").is_null()).then(pl.lit("no traffic")),
        "ts": pl.coalesce(
            pl.coalesce("event_time", "time_str").map_batches(utc, return_dtype=INSTANT),
            pl.col("time").map_batches(utc, return_dtype=INSTANT),
            pl.col("event_timestamp").map_batches(utc, return_dtype=INSTANT),
            pl.col("@ts"),
        ),
        "kind": pl.coalesce(
            mapped(SUBTYPE, KINDS), pl.when(IS_ATTACK).then(pl.lit("ids")).otherwise(pl.lit("firewall"))
        ),
        "sensor": given("pop_name", "account_name", "account_id"),
        "action": verdict(pl.col("action"), IS_ATTACK & ~IS_CLEAN),
        "disposition": lower("action"),
        "direction": mapped("traffic_direction", DIRECTIONS),
        "protocol": lower("ip_protocol"),
        "src_ip": address("src_ip"),
        "src_port": port("src_port"),
        "dst_ip": address("dest_ip"),
        "dst_port": port("dest_port"),
        "bytes_out": uint("bytes_upstream", "flow_bytes_up", "upload_bytes"),
        "bytes_in": uint("bytes_downstream", "flow_bytes_down", "download_bytes"),
        "rule": given("rule_name", "rule", "rule_id"),
        "app": given("application_name", "application", "cato_app"),
        "dst_name": named_host("domain_name", "tls_sni", "full_path_url", "url"),
        "user_name": given("user_name", "vpn_user_email", "ad_name"),
        "signature": pl.when(IS_ATTACK).then(given("threat_name", "indicator")),
        "signature_id": pl.when(IS_ATTACK).then(pl.col("signature_id")),
        "severity": mapped("risk_level", SEVERITIES),
        "session_id": given("flow_id"),
        "repeat_count": uint("event_count", bits=32),
    },
)
