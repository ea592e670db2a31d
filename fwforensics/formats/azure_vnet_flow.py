"""Azure virtual network flow logs (version 4): one row for each flow tuple.

Blobs of an hour (`{"records":[…]}`, on one line or pretty-printed), event hub messages, and JSON lines with a record
each. A record holds the flows of a minute on one network interface, by access list and rule. The state says B a flow
begins, C it goes on, E it has ended (it was let through) or D it was denied; counters are those since the state before.
State, encryption, the interface's address and what else the record holds stand in `extra`; the sensor is the network,
subnet or interface that is logged.

Reference: https://learn.microsoft.com/azure/network-watcher/vnet-flow-logs-overview

Time: epoch milliseconds of the flow (UTC); the record's own `time` is that of the aggregation.
Not covered: traffic analytics (table `NTANetAnalytics`).
"""

from __future__ import annotations

from fwforensics.formats._azure_flows import COLUMNS, FLOW, RECORD
from fwforensics.formats._format import Format
from fwforensics.formats._layouts import LINE
from fwforensics.formats._nested import Nested

FORMAT = Format(
    name="azure_vnet_flow",
    title="Azure virtual network flow logs",
    reference="https://learn.microsoft.com/azure/network-watcher/vnet-flow-logs-overview",
    notes="One row for each flow tuple; counters are those since the flow's last record.",
    kind="flow",
    syslog=False,
    is_record=LINE.str.contains('"flowRecords"', literal=True) & LINE.str.contains(r'^\s*\{.*"flowRecords"\s*:\s*\{'),
    layout=Nested(path=("flowRecords", "flows", "flowGroups", "flowTuples"), text=FLOW, layout=RECORD),
    columns=COLUMNS,
)
