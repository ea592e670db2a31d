"""Records in the Open Cybersecurity Schema Framework: JSON lines, or arrays, of events with a network endpoint.

Network activity (class 4001) and every other class whose events name `src_endpoint` or `dst_endpoint`: HTTP, DNS, RDP,
SMB, SSH, FTP, tunnels, findings. What Amazon Security Lake keeps of it as Parquet is `ocsf_parquet`.

Reference: https://schema.ocsf.io/1.4.0/classes/network_activity

Time: milliseconds since 1970, or ISO 8601 in the `_dt` profile; `start_time` where it is there, else `time`. The action
is `action_id` or, where that says nothing, the disposition; an observed event has none, a detected one is an alert.
`activity_id` (open, close, refuse) is what happened to the session, not a decision. `traffic.bytes_out` goes from
source to destination.
Not covered: the endpoints in a finding's `evidences`.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from fwforensics.formats._fields import SEVERITIES, host_name, instant, mapped, port, tcp_flag_bits, text, uint
from fwforensics.formats._format import Format
from fwforensics.formats._held import Held
from fwforensics.formats._layouts import LINE

ACTIONS = {"1": "allow", "2": "deny", "allowed": "allow", "denied": "deny", "blocked": "deny", "dropped": "deny"}
DISPOSITIONS = {
    **dict.fromkeys(("1", "allowed", "8", "approved", "10", "exonerated"), "allow"),
    **dict.fromkeys(
        ("2", "blocked", "3", "quarantined", "4", "isolated", "5", "deleted", "6", "dropped", "21", "reset",
         "24", "access revoked", "25", "rejected", "26", "unauthorized"),
        "deny",
    ),
    **dict.fromkeys(("15", "detected", "19", "alert"), "alert"),
}  # fmt: skip
#: The disposition's name, where only its number is given.
NAMES = {"1": "allowed", "2": "blocked", "3": "quarantined", "4": "isolated", "5": "deleted", "6": "dropped",
         "15": "detected", "16": "no action", "17": "logged", "19": "alert", "20": "count", "21": "reset",
         "25": "rejected", "26": "unauthorized"}  # fmt: skip
KINDS = {
    "2001": "ids", "2004": "ids", "3002": "auth", "4002": "proxy", "4003": "dns", "4014": "vpn",
}  # fmt: skip
DIRECTIONS = {"1": "inbound", "2": "outbound", "inbound": "inbound", "outbound": "outbound", "3": "internal",
              "lateral": "internal"}  # fmt: skip
LEVELS = {**{str(n): w for n, w in enumerate(SEVERITIES, 1)}, **{w: w for w in SEVERITIES}, "6": "critical",
          "fatal": "critical"}  # fmt: skip
DECIDES = pl.any_horizontal(pl.col(c).is_not_null() for c in ("action_id", "disposition_id", "disposition", "action"))


def ocsf_columns() -> Mapping[str, pl.Expr]:
    """The mapping, for JSON and for Parquet."""
    start = text("start_time_dt", "start_time")
    return {
        "ts": pl.coalesce(instant("start_time_dt", "start_time"), instant("time_dt", "time")),
        "ts_end": pl.coalesce(
            instant("end_time_dt", "end_time"), pl.when(start.is_not_null()).then(instant("time_dt", "time"))
        ),
        "kind": pl.coalesce(
            mapped("class_uid", KINDS),
            pl.when(DECIDES | pl.col("firewall_rule.name").is_not_null()).then(pl.lit("firewall")),
            pl.lit("flow"),
        ),
        "sensor": text("device.hostname", "device.name", "device.ip", "device.uid", "metadata.product.name"),
        "action": pl.coalesce(
            mapped("action_id", ACTIONS), mapped("action", ACTIONS), mapped("disposition_id", DISPOSITIONS),
            mapped("disposition", DISPOSITIONS),
        ),
        "disposition": pl.coalesce(
            pl.col("disposition").str.to_lowercase(), mapped("disposition_id", NAMES),
            pl.col("action").str.to_lowercase(),
        ),
        "direction": mapped(text("connection_info.direction", "connection_info.direction_id"), DIRECTIONS),
        "protocol": text("connection_info.protocol_name", "connection_info.protocol_num"),
        "src_ip": pl.col("src_endpoint.ip"),
        "src_port": port("src_endpoint.port"),
        "dst_ip": pl.col("dst_endpoint.ip"),
        "dst_port": port("dst_endpoint.port"),
        "bytes": uint("traffic.bytes"),
        "packets": uint("traffic.packets"),
        "bytes_out": uint("traffic.bytes_out"),
        "bytes_in": uint("traffic.bytes_in"),
        "packets_out": uint("traffic.packets_out"),
        "packets_in": uint("traffic.packets_in"),
        "duration": pl.col("duration").cast(pl.Float64, strict=False) / 1000,
        "tcp_flags": tcp_flag_bits(uint("connection_info.tcp_flags", bits=16)),
        "in_iface": text("src_endpoint.interface_name", "src_endpoint.interface_uid"),
        "out_iface": text("dst_endpoint.interface_name", "dst_endpoint.interface_uid"),
        "src_zone": pl.col("src_endpoint.zone"),
        "dst_zone": pl.col("dst_endpoint.zone"),
        "rule": text("firewall_rule.name", "firewall_rule.uid"),
        "reason": text("status_detail", "firewall_rule.desc"),
        "app": text("app_name", "dst_endpoint.svc_name"),
        "dst_name": host_name(text("dst_endpoint.hostname", "dst_endpoint.domain", "tls.sni")),
        "user_name": text("actor.user.name", "src_endpoint.owner.name"),
        "signature": text("finding_info.title", "finding.title"),
        "signature_id": text("finding_info.uid", "finding.uid"),
        "severity": pl.when(pl.col("class_uid").is_in(["2001", "2004"]))
        .then(mapped(text("severity", "severity_id"), LEVELS)),
        "session_id": text("connection_info.session.uid", "connection_info.uid"),
    }  # fmt: skip


FORMAT = Format(
    name="ocsf",
    title="OCSF events (JSON)",
    reference="https://schema.ocsf.io/1.4.0/classes/network_activity",
    notes="Every class with a network endpoint. Built from the documentation of the schema; not tried on a recorded "
    "log.",
    priority=70,
    is_record=LINE.str.contains('"class_uid"', literal=True)
    & (LINE.str.contains('"src_endpoint', literal=True) | LINE.str.contains('"dst_endpoint', literal=True)),
    is_noise={
        "no traffic": LINE.str.contains('"class_uid"', literal=True)
        & LINE.str.contains('"metadata', literal=True)
        & LINE.str.contains(r'"(?:category|type)_uid"\s*:')
        & ~LINE.str.contains(r'"(?:src|dst)_endpoint'),
    },
    layout=Held(within=("_source", "event")),
    syslog=False,
    columns=ocsf_columns(),
)
