"""Juniper Network and Security Manager (NSM): log entries of NetScreen, IDP and SRX devices as comma-separated syslog.

`20260302, 17331, 2026/03/02 14:47:45, 2026/03/02 14:47:50, domain, 53, device, …`: 46 fields in a fixed order behind a
syslog header, with a blank behind each comma.

Reference: https://www.juniper.net/documentation/software/management/security-manager/

Time: the second of the two times, when the device generated the entry, which NSM writes in UTC. `(NULL)` is no value.
The address behind the source's and the destination's is that after translation. An entry of an attack that was not
dropped is an alert. Fields that hold a comma themselves shift the others: such lines are rejects where no address is
found. Not covered: NSM's XML and SNMP outputs.
"""

from __future__ import annotations

import polars as pl

from fwforensics.formats._fields import mapped, naive
from fwforensics.formats._format import Format
from fwforensics.formats._layouts import LINE, Delimited

NAMES = (
    "day_id", "record_id", "received", "generated", "domain", "domain_version", "device", "device_ip", "category",
    "subcategory", "src_zone", "src_intf", "src_addr", "src_port", "nat_src_addr", "nat_src_port", "dst_zone",
    "dst_intf", "dst_addr", "dst_port", "nat_dst_addr", "nat_dst_port", "protocol", "rule_domain",
    "rule_domain_version", "policy", "rulebase", "rule_no", "action", "severity", "is_alert", "details", "user", "app",
    "uri", "elapsed_secs", "bytes_in", "bytes_out", "bytes_total", "packets_in", "packets_out", "packets_total",
    "repeat_count", "has_packet_data", "var_data", "misc",
)  # fmt: skip
BEGIN = r"\d{8}, ?\d+, ?\d{4}/\d\d/\d\d \d\d:\d\d:\d\d, ?\d{4}/\d\d/\d\d \d\d:\d\d:\d\d, "
NOTHING = ["", "(NULL)", "Not Set", "unknown", "N/A"]
ACTIONS = {
    "accepted": "allow", "accept": "allow", "permit": "allow", "none": "alert", "ignore": "alert", "alarm": "alert",
    **dict.fromkeys(("dropped", "drop", "deny", "denied", "rejected", "reject", "closed client", "closed server",
                     "closed client and server", "dropped packet", "block"), "deny"),
}  # fmt: skip
SEVERITIES = {
    "info": "informational", "device_warning_log": "low", "minor": "low", "warning": "medium", "major": "high",
    "device_critical_log": "critical", "critical": "critical", "emergency": "critical",
}  # fmt: skip


def given(key: str) -> pl.Expr:
    """A value without the blank behind the comma; NULL where it is a word for none."""
    value = pl.col(key).str.strip_chars()
    return pl.when(~value.is_in(NOTHING)).then(value)


def whole(key: str, dtype: type[pl.DataType] = pl.UInt64) -> pl.Expr:
    """The same as a number."""
    return given(key).cast(dtype, strict=False)


IS_TRAFFIC = given("category") == "traffic"

FORMAT = Format(
    name="juniper_nsm",
    title="Juniper Network and Security Manager (NSM) syslog",
    reference="https://www.juniper.net/documentation/software/management/security-manager/",
    notes="Built from the vendor's documentation and one line of another project's test data.",
    is_record=LINE.str.contains(BEGIN),
    layout=Delimited(names=NAMES, begin=LINE.str.find(BEGIN), null=("", " (NULL)", "(NULL)"), keep=("rule_no",)),
    columns={
        "ts": naive("generated"),
        "kind": pl.when(~IS_TRAFFIC).then(pl.lit("ids")),
        "sensor": pl.coalesce(given("device"), given("device_ip")),
        "action": mapped(given("action"), ACTIONS),
        "disposition": given("action").str.to_lowercase(),
        "protocol": given("protocol").str.to_lowercase(),
        "src_ip": given("src_addr"),
        "src_port": whole("src_port", pl.UInt16),
        "dst_ip": given("dst_addr"),
        "dst_port": whole("dst_port", pl.UInt16),
        "src_nat_ip": given("nat_src_addr"),
        "src_nat_port": whole("nat_src_port", pl.UInt16),
        "dst_nat_ip": given("nat_dst_addr"),
        "dst_nat_port": whole("nat_dst_port", pl.UInt16),
        "bytes": whole("bytes_total"),
        "packets": whole("packets_total"),
        "bytes_in": whole("bytes_in"),
        "bytes_out": whole("bytes_out"),
        "packets_in": whole("packets_in"),
        "packets_out": whole("packets_out"),
        "duration": whole("elapsed_secs").cast(pl.Float64),
        "in_iface": given("src_intf"),
        "out_iface": given("dst_intf"),
        "src_zone": given("src_zone"),
        "dst_zone": given("dst_zone"),
        "rule": pl.coalesce(given("policy"), given("rule_no")),
        "reason": given("details"),
        "app": given("app"),
        "user_name": given("user"),
        "signature": pl.when(~IS_TRAFFIC).then(given("subcategory")),
        "severity": mapped(given("severity"), SEVERITIES),
        "repeat_count": pl.when(whole("repeat_count") > 0).then(whole("repeat_count", pl.UInt32)),
    },
)
