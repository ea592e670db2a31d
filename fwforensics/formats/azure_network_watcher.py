"""Azure flow logs that a shipper has taken apart: one JSON object for each flow, its tuple under `flow.0`.

Security group and virtual network flows alike, with the record's rule, resource and interface beside the tuple. Further
tuples of the same object (`flow.1`, …) are rows of their own. A tuple that ends before its counters is read as far as
it goes. Where the shipper names the source itself (`source_addr`), that is the source.

Reference: https://learn.microsoft.com/azure/network-watcher/nsg-flow-logs-overview
Reference: https://learn.microsoft.com/azure/network-watcher/vnet-flow-logs-overview

Time: epoch seconds or milliseconds of the flow (UTC); the object's own `time` is that of the aggregation.
Not covered: more than sixteen tuples in one object; these stay in `extra`.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from fwforensics.formats._azure_flows import COLUMNS, FLOW, RECORD
from fwforensics.formats._derived import Derived
from fwforensics.formats._fields import text
from fwforensics.formats._format import Format
from fwforensics.formats._layouts import LINE
from fwforensics.formats._nested import Nested

KEYS = [f"flow.{n}" for n in range(16)]
TUPLES = pl.concat_str([pl.format('"{}"', pl.col(key)) for key in KEYS], separator=",", ignore_nulls=True)

FORMAT = Format(
    name="azure_network_watcher",
    title="Azure flow logs, one flow to an object",
    reference="https://learn.microsoft.com/azure/network-watcher/vnet-flow-logs-overview",
    notes="Counters are those since the flow's last record.",
    kind="flow",
    syslog=False,
    is_record=LINE.str.contains('"flow.0"', literal=True) & LINE.str.contains(r'^\s*\{.*"flow\.0"\s*:\s*"\d+,'),
    layout=Nested(
        path=("@flows",),
        text=replace(FLOW, keep=("flowState", "sourceAddress")),
        layout=Derived(RECORD, {"@flows": pl.format("[{}]", TUPLES)}),
    ),
    columns={**COLUMNS, "src_ip": text("source_addr", "sourceAddress")},
)
