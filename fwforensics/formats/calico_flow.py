"""Calico Enterprise and Cloud flow logs as JSON lines, from the file or out of Elasticsearch.

A record sums the flows of an interval, as one end (`reporter` src or dst) saw them; both ends report the same flow.
Aggregated addresses and ports are NULL. `nat_outgoing_ports` are the ports behind which the node hid them.

Reference: https://docs.tigera.io/calico-enterprise/latest/observability/elastic/flow/datatypes

Time: Unix seconds, start and end of the interval. Not covered: Goldmane's records, which have no addresses.
"""

from __future__ import annotations

import polars as pl

from fwforensics.formats._fields import epoch, lower, mapped, port, text, uint
from fwforensics.formats._format import Format
from fwforensics.formats._layouts import LINE, Json


def named(key: str) -> pl.Expr:
    """A value that is not the dash for none."""
    return pl.when(pl.col(key) != "-").then(pl.col(key))


#: Ports are 0 where a record sums several.
SOURCE_PORT, TARGET_PORT = port("source_port"), port("dest_port")
FROM_SOURCE = pl.col("reporter") != "dst"

FORMAT = Format(
    name="calico_flow",
    title="Calico flow logs (JSON)",
    reference="https://docs.tigera.io/calico-enterprise/latest/observability/elastic/flow/datatypes",
    notes="Both ends report a flow; counters are those that the reporter saw, out of and into the endpoint.",
    syslog=False,
    is_record=LINE.str.contains('"reporter"', literal=True)
    & LINE.str.contains('"source_type"', literal=True)
    & LINE.str.contains('"dest_type"', literal=True),
    layout=Json(),
    columns={
        "ts": epoch("start_time"),
        "ts_end": epoch("end_time"),
        "sensor": text("host"),
        "action": mapped("action", {"allow": "allow", "deny": "deny"}),
        "disposition": lower("action"),
        "protocol": lower("proto"),
        "src_ip": pl.col("source_ip"),
        "src_port": pl.when(SOURCE_PORT > 0).then(SOURCE_PORT),
        "dst_ip": pl.col("dest_ip"),
        "dst_port": pl.when(TARGET_PORT > 0).then(TARGET_PORT),
        "bytes_out": pl.when(FROM_SOURCE).then(uint("bytes_out")).otherwise(uint("bytes_in")),
        "bytes_in": pl.when(FROM_SOURCE).then(uint("bytes_in")).otherwise(uint("bytes_out")),
        "packets_out": pl.when(FROM_SOURCE).then(uint("packets_out")).otherwise(uint("packets_in")),
        "packets_in": pl.when(FROM_SOURCE).then(uint("packets_in")).otherwise(uint("packets_out")),
        "src_zone": named("source_namespace"),
        "dst_zone": named("dest_namespace"),
        "dst_name": pl.col("dest_domains").str.extract(r'^\["([^"]+)"'),
        "app": named("process_name"),
        "rule": pl.col("policies").str.json_path_match("$.all_policies[0]"),
        "repeat_count": uint("num_flows", bits=32),
    },
)
