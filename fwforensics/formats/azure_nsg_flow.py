"""Azure network security group flow logs, versions 1 and 2: one row for each flow tuple.

Blobs of an hour (`{"records":[…]}`, on one line or pretty-printed), event hub messages, and JSON lines with a record
each. A record holds the flows of a minute on one network interface, by rule. Version 2 tells the state: B a flow begins
(without counters), C it goes on, E it has ended; counters are those since the state before. The state, the interface's
address and what else the record holds stand in `extra`; the sensor is the security group.

Reference: https://learn.microsoft.com/azure/network-watcher/nsg-flow-logs-overview

Time: epoch seconds of the flow (UTC), or milliseconds; the record's own `time` is that of the aggregation.
Not covered: traffic analytics (tables `AzureNetworkAnalytics_CL`, `NTANetAnalytics`).
"""

from __future__ import annotations

from fwforensics.formats._azure_flows import COLUMNS, FLOW, RECORD
from fwforensics.formats._format import Format
from fwforensics.formats._layouts import LINE
from fwforensics.formats._nested import Nested

FORMAT = Format(
    name="azure_nsg_flow",
    title="Azure network security group flow logs",
    reference="https://learn.microsoft.com/azure/network-watcher/nsg-flow-logs-overview",
    notes="One row for each flow tuple; counters are those since the flow's last record.",
    kind="flow",
    syslog=False,
    is_record=LINE.str.contains_any(['"flowTuples"', '"NetworkSecurityGroupFlowEvent'])
    & LINE.str.contains(r'^\s*\{.*"flows"\s*:')
    & ~LINE.str.contains_any(['"flowRecords"', '"flow.0"']),
    layout=Nested(path=("properties", "flows", "flows", "flowTuples"), text=FLOW, layout=RECORD),
    columns=COLUMNS,
)
