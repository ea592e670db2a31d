"""Google Cloud VPC firewall rules logging, as Cloud Logging and BigQuery export it.

JSON lines (log buckets, Pub/Sub, `gcloud logging read`), arrays and pretty-printed entries, BigQuery's JSON, and CSV of
Logs Explorer or of a query, with columns called by path or by last name. VPC rules and firewall policies alike.

An entry is a connection that a rule allowed or denied (`disposition`), written when it is opened and again while it
goes on; packets are not counted. The rule is its `reference`; its details, the instance, its VPC and the remote end
stand in `extra`. Traffic that was handed to an inspection (`INTERCEPTED`) has no verdict here. The sensor is the
subnetwork.

Reference: https://cloud.google.com/firewall/docs/firewall-rules-logging

Time: the entry's `timestamp`, RFC 3339 with nanoseconds.
Not covered: threat logs of the firewall's intrusion prevention.
"""

from __future__ import annotations

import polars as pl

from fwforensics.formats._exports import csv_rows
from fwforensics.formats._fields import lower, mapped, text
from fwforensics.formats._format import Format
from fwforensics.formats._gcp import COLUMN_NAMES, ENDS, LOGGED, SUBNETWORK, entries
from fwforensics.formats._layouts import LINE

DISPOSITION = "jsonPayload.disposition"
RULE = {key: f"jsonPayload.rule_details.{key}" for key in ("reference", "action", "direction", "priority")}
HEADER = (
    LINE.str.contains("src_ip", literal=True)
    & LINE.str.contains("dest_ip", literal=True)
    & LINE.str.contains("disposition", literal=True)
    & LINE.str.contains(COLUMN_NAMES)
)

FORMAT = Format(
    name="gcp_firewall",
    title="Google Cloud VPC firewall rules logging",
    reference="https://cloud.google.com/firewall/docs/firewall-rules-logging",
    notes="Connections only; nothing is counted.",
    syslog=False,
    opens=HEADER,
    follows=csv_rows,
    is_record=LINE.str.contains('"src_ip"', literal=True)
    & LINE.str.contains(r'"connection"\s*:\s*\{')
    & LINE.str.contains(r'"disposition"\s*:\s*"')
    & LINE.str.contains(r'firewall"|"rule_details"')
    | HEADER,
    layout=entries(HEADER, [DISPOSITION, *RULE.values()]),
    columns={
        "ts": LOGGED,
        "sensor": SUBNETWORK,
        "action": pl.coalesce(
            mapped(DISPOSITION, {"allowed": "allow", "denied": "deny"}),
            pl.when(pl.col(DISPOSITION).is_null()).then(mapped(RULE["action"], {"allow": "allow", "deny": "deny"})),
        ),
        "disposition": lower(DISPOSITION, RULE["action"]),
        "direction": mapped(RULE["direction"], {"ingress": "inbound", "egress": "outbound"}),
        **ENDS,
        "rule": text(RULE["reference"]),
    },
)
