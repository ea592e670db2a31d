"""Alibaba Cloud Firewall: Internet, IPv6, VPC, NAT and DNS firewall traffic, IPS alerts and events, out of Log Service.

JSON lines as a consumer, a shipment to OSS or a download writes them, also with the record in `content`; or CSV with a
line of column names. Numbers may be strings.

Reference: https://www.alibabacloud.com/help/en/cloud-firewall/cloudfirewall/log-fields

Time: `start_time` and `end_time` of the session in epoch seconds (UTC), else `__time__`, when the log was written. The
vendor counts `in_…` and `out_…` as seen by the protected asset, not by the connection: bytes from source to destination
are `out_packet_bytes` where `direction` is out, and `in_packet_bytes` where it is in. VPC firewalls know no direction
(theirs is always out): it is NULL. `rule_result` alert means that the traffic passed and was reported. An all-zero id
is no rule. `src_private_ip`, the source before its translation, gives a translation and stays in `extra`; the NAT
firewall's source is private itself. The sensor is the firewall's or gateway's id, else the kind of log.
Not covered: VPC flow logs, WAF logs; addresses masked with `XX` or `*` are no addresses.
"""

from __future__ import annotations

import polars as pl

from fwforensics.formats._exports import Export, csv_rows
from fwforensics.formats._fields import host_name, lower, mapped, naive, port, text, uint
from fwforensics.formats._format import Columns, Format
from fwforensics.formats._layouts import LINE

TYPE = pl.col("log_type").str.to_lowercase()
NO_RULE = r"^[0-]*$"
ACTIONS = {
    "pass": "allow", "allow": "allow", "accept": "allow", "alert": "alert", "observe": "alert", "monitor": "alert",
    "log": "alert", "drop": "deny", "discard": "deny", "deny": "deny", "block": "deny", "reject": "deny",
}  # fmt: skip
SEVERITIES = {"1": "low", "2": "medium", "3": "high", "low": "low", "medium": "medium", "high": "high"}
KINDS = {"internet_ips_log": "ids", "vpc_ips_log": "ids", "nat_ips_log": "ids", "dns_firewall_log": "dns",
         "tls": "proxy", "web_filter": "proxy"}  # fmt: skip
INWARDS = (lower("direction") == "in").fill_null(False)
HEADER = (
    LINE.str.contains("src_ip", literal=True)
    & LINE.str.contains("dst_ip", literal=True)
    & LINE.str.contains(r"^[\x{feff}]?[\w\" .:-]+(?:,[\w\" .:-]*){5,}$")
    & LINE.str.contains(r"rule_result|in_packet_bytes|attack_type|acl_rule_id|aliuid")
)


def seconds(key: str) -> pl.Expr:
    """Epoch seconds as UTC; NULL for zero and for anything else."""
    whole = uint(key).cast(pl.Int64)
    return pl.when(whole.is_between(100_000_000, 99_999_999_999)).then((whole * 1_000_000).cast(pl.Datetime("us")))


def counted(what: str, *, forth: bool) -> pl.Expr:
    """The counter of one direction of the connection."""
    inwards, outwards = uint(f"in_packet_{what}"), uint(f"out_packet_{what}")
    return pl.when(INWARDS if forth else ~INWARDS).then(inwards).otherwise(outwards)


def real_id(key: str) -> pl.Expr:
    """An id that is not all zeros."""
    return pl.when(~pl.col(key).str.contains(NO_RULE)).then(pl.col(key))


def private_source() -> Columns:
    """The translation that the asset's private address tells of."""
    moved = pl.col("src_private_ip") != pl.col("src_ip")
    row = {
        "sensor": SENSOR,
        "protocol": lower("ip_protocol"),
        "orig_src_ip": pl.col("src_private_ip"),
        "orig_dst_ip": pl.col("dst_ip"),
        "orig_dst_port": port("dst_port"),
        "new_src_ip": pl.col("src_ip"),
        "new_src_port": port("src_port"),
        "new_dst_ip": pl.col("dst_ip"),
        "new_dst_port": port("dst_port"),
        "started_at": seconds("start_time"),
        "ended_at": seconds("end_time"),
    }
    return {column: pl.when(moved).then(value) for column, value in row.items()}


SENSOR = text("firewall_id", "cloud_instance_id", "log_type")
START, END = seconds("start_time"), seconds("end_time")

FORMAT = Format(
    name="alibaba_cfw",
    title="Alibaba Cloud Firewall (Log Service, JSON or CSV)",
    reference="https://www.alibabacloud.com/help/en/cloud-firewall/cloudfirewall/log-fields",
    notes="in_ and out_ counters are the asset's: turned to the connection's by direction.",
    syslog=False,
    opens=HEADER,
    follows=csv_rows,
    is_record=LINE.str.contains('"src_ip"', literal=True)
    & LINE.str.contains(r"\"(?:log_type|__topic__)\": ?\"")
    & LINE.str.contains(
        r"\"aliuid\"|\"cloudfirewall_\w+\"|\"(?:internet|vpc_firewall|nat_firewall|ipv6_firewall|dns_firewall)_log\"|_ips_log\""
    )
    | HEADER,
    layout=Export(HEADER, keep=("src_private_ip", "url", "ips_rule_name_en", "ips_rule_name", "attack_type_name")),
    columns={
        "ts": pl.coalesce(START, seconds("__time__")),
        "ts_local": naive("__time__"),
        "ts_end": END,
        "kind": mapped(TYPE, KINDS),
        "sensor": SENSOR,
        "action": mapped("rule_result", ACTIONS),
        "disposition": lower("rule_result"),
        "direction": pl.when(~TYPE.str.starts_with("vpc_").fill_null(False))
        .then(mapped("direction", {"in": "inbound", "out": "outbound"})),
        "protocol": lower("ip_protocol"),
        "src_ip": pl.col("src_ip"),
        "src_port": port("src_port"),
        "dst_ip": pl.col("dst_ip"),
        "dst_port": port("dst_port"),
        "bytes": uint("total_packet_bytes"),
        "packets": uint("total_packet_count"),
        "bytes_out": counted("bytes", forth=True),
        "bytes_in": counted("bytes", forth=False),
        "packets_out": counted("count", forth=True),
        "packets_in": counted("count", forth=False),
        "duration": pl.when(END >= START).then((END - START).dt.total_seconds().cast(pl.Float64)),
        "rule": real_id("acl_rule_id"),
        "app": pl.when(lower("app_name") != "unknown").then(lower("app_name")),
        "dst_name": pl.coalesce(host_name(pl.col("domain")), host_name(pl.col("url"))),
        "signature": text("attack_type_name_en", "ips_rule_name_en", "attack_type_name", "ips_rule_name"),
        "signature_id": real_id("ips_rule_id"),
        "severity": mapped("vul_level", SEVERITIES),
    },
    tables={"translations": private_source()},
)  # fmt: skip
