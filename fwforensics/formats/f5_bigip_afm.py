"""F5 BIG-IP Advanced Firewall Manager: network firewall events as JSON (Telemetry Streaming) or `key="value"` (syslog).

Reference: https://techdocs.f5.com/en-us/bigip-16-1-0/big-ip-network-firewall-policies-and-implementations.html
Reference: https://clouddocs.f5.com/products/extensions/f5-telemetry-streaming/latest/output-example.html

Time: `date_time`; local to the device where it has no zone. `translated_…` are the ends after translation. Events of
attacks (`errdefs_msg_name` with DoS) are alerts unless the packet was dropped. The CEF output is read by `f5_bigip`.
"""

from __future__ import annotations

import polars as pl

from fwforensics.formats._either import Either
from fwforensics.formats._extension_columns import STANDARD, address, given, moment, named_host, with_times
from fwforensics.formats._fields import lower, mapped, port, uint
from fwforensics.formats._format import Format
from fwforensics.formats._json import Json
from fwforensics.formats._keyvalue import KeyValue
from fwforensics.formats._layouts import LINE
from fwforensics.formats._verdicts import verdict

KEPT = ("action", "acl_policy_name", "acl_rule_uuid", "context_name", "severity", "vlan", "application", "dest_fqdn")
IS_ATTACK = lower("errdefs_msg_name").str.contains("dos|attack").fill_null(False)
#: The device's severities are those of syslog.
SEVERITIES = {
    "0": "critical", "1": "critical", "2": "critical", "3": "high", "4": "medium", "5": "low", "6": "informational",
    "7": "informational",
}  # fmt: skip
FIRST = r'\b(?:acl_policy_name|acl_rule_name|action|device_product|dos_attack_id|attack_type|date_time|context_name)="'

FORMAT = Format(
    name="f5_bigip_afm",
    title="F5 BIG-IP AFM network firewall events",
    reference="https://clouddocs.f5.com/products/extensions/f5-telemetry-streaming/latest/output-example.html",
    notes="Times without zone are local to the device: --tz.",
    is_record=LINE.str.contains(r'acl_(?:rule|policy)_name"?\s*[=:]\s*"|dos_attack_id"?\s*[=:]')
    & LINE.str.contains(r'\bsource_ip"?\s*[=:]')
    & LINE.str.contains(r'\bdest_ip"?\s*[=:]'),
    layout=with_times(
        Either(
            Json(begin=LINE.str.find("{", literal=True), keep=KEPT),
            KeyValue(anchor=LINE.str.find(FIRST), separator=",", quote='"', keep=KEPT),
            LINE.str.contains(FIRST),
        ),
        moment("date_time"),
        moment("end_time"),
    ),
    columns={
        **{c: STANDARD[c] for c in ("ts", "ts_local", "ts_end", "ts_end_local")},
        "kind": pl.when(IS_ATTACK).then(pl.lit("ids")).otherwise(pl.lit("firewall")),
        "sensor": given("hostname", "@host", "bigip_mgmt_ip"),
        "action": verdict(pl.col("action"), IS_ATTACK),
        "disposition": lower("action"),
        "protocol": lower("ip_protocol"),
        "src_ip": address("source_ip"),
        "src_port": port("source_port"),
        "dst_ip": address("dest_ip"),
        "dst_port": port("dest_port"),
        "src_nat_ip": address("translated_source_ip"),
        "src_nat_port": port("translated_source_port"),
        "dst_nat_ip": address("translated_dest_ip"),
        "dst_nat_port": port("translated_dest_port"),
        "bytes": uint("bytes"),
        "packets": uint("packets_received"),
        "in_iface": given("vlan"),
        "out_iface": given("dest_vlan"),
        "src_zone": given("src_zone"),
        "dst_zone": given("dest_zone"),
        "rule": given("acl_rule_name", "acl_policy_name"),
        "reason": given("drop_reason"),
        "app": given("application"),
        "dst_name": named_host("dest_fqdn"),
        "user_name": given("source_user"),
        "signature": pl.when(IS_ATTACK).then(given("dos_attack_name", "attack_type", "errdefs_msg_name")),
        "signature_id": pl.when(IS_ATTACK).then(given("dos_attack_id")),
        "severity": pl.when(IS_ATTACK).then(mapped("severity", SEVERITIES)),
        "session_id": given("flow_id"),
    },
    priority=45,
)
