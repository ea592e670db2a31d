"""Palo Alto Networks Prisma SD-WAN (CloudGenix) ION devices: flow logs over syslog (`cgxFlowLogV1`).

`time,source,port,destination,port,protocol,…,packets and bytes each way,…,path,flow,application,event,rule:action:…`.
A flow gives a record when it starts and one when it ends. Alarms and authentication logs of the devices name no two
ends and are not read.

Reference: https://docs.paloaltonetworks.com/prisma-sd-wan/prisma-sd-wan-administration/prisma-sd-wan-sites-and-devices/syslog

Time: that of the syslog header, which has a zone; else the record's own, UTC. The action is the one behind the rule's
name; a record without a rule took no decision.
"""

from __future__ import annotations

import polars as pl

from fwforensics.formats._delimited import Delimited
from fwforensics.formats._fields import lower, naive, port, text, uint
from fwforensics.formats._format import Format
from fwforensics.formats._layouts import LINE
from fwforensics.formats._verdicts import verdict

RECORD = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[^,\s]*,[0-9A-Fa-f.:]+,\d*,[0-9A-Fa-f.:]+,\d*,[\w-]+,"
NAMES = (
    "time", "src", "src_port", "dst", "dst_port", "protocol", "field_7", "field_8", "packets_out", "packets_in",
    "bytes_out", "bytes_in", "field_13", "path", "flow_id", "app", "event", "rule",
)  # fmt: skip
RULE = pl.col("rule").str.extract_groups(r"^(.*?):(\w+)(?::.*)?$")
EVENT = lower("event")

FORMAT = Format(
    name="prisma_sdwan",
    title="Palo Alto Networks Prisma SD-WAN flow logs",
    reference=(
        "https://docs.paloaltonetworks.com/prisma-sd-wan/prisma-sd-wan-administration/"
        "prisma-sd-wan-sites-and-devices/syslog"
    ),
    notes="Columns 7, 8 and 13 are kept under their numbers; built from few public samples.",
    is_record=LINE.str.contains("cgxFlowLogV1", literal=True) & LINE.str.contains(RECORD),
    layout=Delimited(names=NAMES, quote='"', begin=LINE.str.find(RECORD), keep=("rule", "time")),
    columns={
        "ts": pl.coalesce(pl.col("@ts"), naive("time")),
        "kind": pl.lit("flow"),
        "sensor": text("@host"),
        "action": verdict(RULE.struct.field("2"), pl.lit(False)),
        "disposition": pl.coalesce(RULE.struct.field("2").str.to_lowercase(), EVENT.str.extract(r"^(new|delete) flow")),
        "protocol": lower("protocol"),
        "src_ip": text("src"),
        "src_port": port("src_port"),
        "dst_ip": text("dst"),
        "dst_port": port("dst_port"),
        "bytes_out": uint("bytes_out"),
        "bytes_in": uint("bytes_in"),
        "packets_out": uint("packets_out"),
        "packets_in": uint("packets_in"),
        "out_iface": text("path"),
        "rule": pl.coalesce(RULE.struct.field("1"), pl.col("rule")),
        "reason": pl.col("event").str.extract(r"\((.+)\)$"),
        "app": text("app"),
        "session_id": text("flow_id"),
    },
)
