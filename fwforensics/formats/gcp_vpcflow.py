"""Google Cloud VPC flow logs, as Cloud Logging and BigQuery export them.

JSON lines (log buckets, Pub/Sub, `gcloud logging read`), arrays and pretty-printed entries, BigQuery's JSON, and CSV of
Logs Explorer or of a query, with columns called by path or by last name. Subnetworks, VPN tunnels and Interconnect
attachments alike.

A record sums one direction of a flow within an interval, and where both ends are in Google Cloud each of them reports
it (`reporter`): all bytes are `bytes_out`. The record does not say who opened the connection: answers run from server
to client. The sensor is the subnetwork. Instances, VPCs, places, round-trip time and all else stand in `extra`.

Reference: https://cloud.google.com/vpc/docs/about-flow-logs-records

Time: `start_time` and `end_time` of the packets seen, RFC 3339 with nanoseconds; else the entry's `timestamp`.
Not covered: payloads in base64, as Pub/Sub pushes them.
"""

from __future__ import annotations

import polars as pl

from fwforensics.formats._exports import csv_rows
from fwforensics.formats._fields import instant
from fwforensics.formats._format import Format
from fwforensics.formats._gcp import COLUMN_NAMES, ENDS, LOGGED, SUBNETWORK, entries, whole
from fwforensics.formats._layouts import LINE

FIELDS = {key: f"jsonPayload.{key}" for key in ("bytes_sent", "packets_sent", "start_time", "end_time", "reporter")}
START, END = instant(FIELDS["start_time"]), instant(FIELDS["end_time"])
HEADER = (
    LINE.str.contains("src_ip", literal=True)
    & LINE.str.contains("dest_ip", literal=True)
    & LINE.str.contains("bytes_sent", literal=True)
    & LINE.str.contains(COLUMN_NAMES)
)

FORMAT = Format(
    name="gcp_vpcflow",
    title="Google Cloud VPC flow logs",
    reference="https://cloud.google.com/vpc/docs/about-flow-logs-records",
    notes="One direction a record; both ends may report a flow.",
    kind="flow",
    syslog=False,
    opens=HEADER,
    follows=csv_rows,
    is_record=LINE.str.contains('"src_ip"', literal=True)
    & LINE.str.contains(r'"connection"\s*:\s*\{')
    & LINE.str.contains(r'vpc_flows"|"reporter"\s*:\s*"(?:SRC|DEST)(?:_GATEWAY)?"')
    & LINE.str.contains(r'"(?:bytes_sent|packets_sent)"')
    | HEADER,
    layout=entries(HEADER, list(FIELDS.values())),
    columns={
        "ts": pl.coalesce(START, LOGGED),
        "ts_end": END,
        "sensor": SUBNETWORK,
        **ENDS,
        "bytes_out": whole(FIELDS["bytes_sent"]),
        "packets_out": whole(FIELDS["packets_sent"]),
        "duration": pl.when(END >= START).then((END - START).dt.total_microseconds() / 1e6),
    },
)
