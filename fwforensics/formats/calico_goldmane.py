"""Calico's flows as Goldmane aggregates them and Whisker's interface gives them: JSON lines or a document of `items`.

A record sums the flows of an interval, as one end (`reporter` Src or Dst) saw them. Goldmane knows ends by name alone:
its flows have no addresses and no source port. Namespaces are the zones, the policy that allowed or denied is the rule;
counters run from source to destination. Names of workloads, labels and policies stand in `extra`.

Reference: https://docs.tigera.io/calico/latest/observability/view-flow-logs

Time: start and end of the interval in ISO 8601 or Unix seconds. Not covered: the events of its stream (`data: …`).
"""

from __future__ import annotations

import polars as pl

from fwforensics.formats._fields import instant, lower, mapped, port, text, uint
from fwforensics.formats._format import Format
from fwforensics.formats._layouts import LINE, Json

FROM_SOURCE = (lower("reporter") != "dst").fill_null(True)
#: The policy that decided; those before it passed the flow on.
ENFORCED = r'"name"\s*:\s*"([^"]+)"[^{}]*"action"\s*:\s*"(?:Allow|Deny)"'


def named(*keys: str) -> pl.Expr:
    """A value that is not the dash for none."""
    return pl.when(text(*keys) != "-").then(text(*keys))


def towards(out: str, back: str) -> pl.Expr:
    """The counter from source to destination: out of the source's end, or into the destination's."""
    return pl.when(FROM_SOURCE).then(uint(out)).otherwise(uint(back))


FORMAT = Format(
    name="calico_goldmane",
    title="Calico flows (Goldmane, Whisker)",
    reference="https://docs.tigera.io/calico/latest/observability/view-flow-logs",
    notes="Built from the vendor's documentation; not tried on a recorded log. Ends have names and no addresses.",
    kind="flow",
    syslog=False,
    is_record=LINE.str.contains('"reporter"', literal=True)
    & LINE.str.contains('"source_namespace"', literal=True)
    & LINE.str.contains('"dest_namespace"', literal=True)
    & LINE.str.contains('"packets_in"', literal=True)
    & ~LINE.str.contains(r'"(?:source|dest)_(?:ip|type)"\s*:'),
    layout=Json(keep=("policies", "reporter")),
    columns={
        "ts": instant("start_time"),
        "ts_end": instant("end_time"),
        "action": mapped("action", {"allow": "allow", "deny": "deny"}),
        "disposition": lower("action"),
        "protocol": lower("protocol", "proto"),
        "dst_port": pl.when(port("dest_port") > 0).then(port("dest_port")),
        "bytes_out": towards("bytes_out", "bytes_in"),
        "bytes_in": towards("bytes_in", "bytes_out"),
        "packets_out": towards("packets_out", "packets_in"),
        "packets_in": towards("packets_in", "packets_out"),
        "src_zone": named("source_namespace"),
        "dst_zone": named("dest_namespace"),
        "rule": pl.col("policies").str.json_path_match("$.enforced").str.extract(ENFORCED),
    },
    required=("src_zone", "dst_zone"),
)
