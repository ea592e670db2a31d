"""Cisco Nexus (NX-OS) syslog: the flows that access lists with `log` have seen.

`%ACLLOG-5-ACLLOG_FLOW_INTERVAL` and its kin report a flow with the packets that matched (`Hit-count`) since the last
report; the rule's verdict stands in newer releases only. All other messages are no traffic.

Reference: https://www.cisco.com/c/en/us/support/docs/switches/nexus-7000-series-switches/118907-configure-nx7k-00.html

Time: the switch's own, year first (`2026 May  1 22:58:09`), local unless a zone follows; a relay's header may stand
before it. Protocol 253 (`"IP"`) is the switch's word for any. Not covered: optimised access-list logging of other
platforms.
"""

from __future__ import annotations

import polars as pl

from fwforensics.formats._fields import lower, mapped, port, text, uint
from fwforensics.formats._format import Format
from fwforensics.formats._layouts import LINE, Messages
from fwforensics.formats._own_clock import CLOCK, OwnClock

TAG = r"%(?:[A-Z][A-Z0-9_]*-)+[0-7]-[A-Z][A-Z0-9_]*"
IP = r"[0-9A-Fa-f]*[.:][0-9A-Fa-f.:]+"
REPEATED = r"^<\d+>[^%]* \d\d:\d\d:\d\d(?:\.\d+)?(?: [A-Z]{2,5})?: last message repeated \d+ times?\s*$"
FLOW = (
    rf"S(?:ou)?rce? IP(?:v6)?: *(?P<src>{IP}), *D(?:e?st|estination) IP(?:v6)?: *(?P<dst>{IP})"
    r"(?:, *S(?:ou)?rce? Port: *(?P<src_port>\d+))?(?:, *D(?:e?st|estination) Port: *(?P<dst_port>\d+))?"
    r"(?:, *S(?:ou)?rce? Int(?:f|erface): *(?P<in_iface>[^,]*?))?"
    r'(?:, *Protocol: *"?(?P<proto_name>[^"(,]*)"?(?:\((?P<proto>\d+)\))?)?(?:, *ACL Name: *(?P<rule>[^,]*?))?'
    r"(?:, *ACE Action: *(?P<verdict>\w+))?(?:, *Appl Intf: *(?P<applied>[^,]*?))?"
    r"(?:, *Hit-count *[:=] *(?P<count>\d+))?\s*$"
)
#: What the switches of ACI write for a single packet.
PACKET = (
    rf"(?:CName: *(?P<context>[^,]*), *)?.*?\bSIP: *(?P<src>{IP}), *DIP: *(?P<dst>{IP}), *"
    r"SPort: *(?P<src_port>\d+), *DPort: *(?P<dst_port>\d+), *Src Intf: *(?P<in_iface>[^,]*?), *"
    r"Proto: *(?P<proto>\d+)(?:, *PktLen: *(?P<length>\d+))?"
)
MESSAGES = ("FLOW_INTERVAL", "NEW_FLOW", "THRESHOLD", "PKT", "PKTLOG", "PKTLOG_PERMIT", "PKTLOG_DENY")
#: The number of a protocol that stands for any.
ANY = ["253", "0", "255"]
PROTOCOL = pl.when(~pl.col("proto").is_in(ANY)).then(pl.col("proto"))
VERDICT = pl.coalesce("verdict", pl.col("@id").str.extract(r"_(PERMIT|DENY)$"))
HAS_TWO = pl.col("@text").str.count_matches(IP) >= 2

FORMAT = Format(
    name="cisco_nexus",
    title="Cisco Nexus (NX-OS) access-list logging",
    reference="https://www.cisco.com/c/en/us/support/docs/switches/nexus-7000-series-switches/118907-configure-nx7k-00.html",
    notes="Built from the vendor's documentation for flows; hit counts are packets since the last report.",
    is_record=LINE.str.contains("%", literal=True)
    & (
        LINE.str.contains("%ACLLOG-", literal=True)
        | LINE.str.contains(rf"^[^{{|]{{0,200}}?(?:^|[\s:>])20\d\d [A-Z][a-z]{{2}} +\d{{1,2}} \d\d:\d\d:\d\d[^%]*{TAG}")
    ),
    is_noise={"repeated": LINE.str.contains(REPEATED)},
    layout=OwnClock(
        layout=Messages(
            id=LINE.str.extract(r"%((?:[A-Z][A-Z0-9_]*-)+[0-7]-[A-Z][A-Z0-9_]*)"),
            body=LINE.str.extract(rf"^([^%]*{TAG} ?:?\s*)").str.len_bytes(),
            patterns={f"ACLLOG-{n}-ACLLOG_{w}": (FLOW, PACKET) for n in range(8) for w in MESSAGES},
            keep=("proto_name",),
            noise=~(pl.col("@id").str.starts_with("ACLLOG") & HAS_TWO),
        )
    ),
    columns={
        **CLOCK,
        "sensor": text("own_host", "@host"),
        "action": mapped(
            VERDICT, {"permit": "allow", "redirect": "allow", "deny": "deny", "permitted": "allow", "denied": "deny"}
        ),
        "disposition": VERDICT.str.to_lowercase(),
        "protocol": pl.coalesce(
            PROTOCOL, pl.when(pl.col("proto").is_null() & (lower("proto_name") != "ip")).then(lower("proto_name"))
        ),
        "src_ip": pl.col("src"),
        "src_port": pl.when(PROTOCOL.is_not_null()).then(port("src_port")),
        "dst_ip": pl.col("dst"),
        "dst_port": pl.when(PROTOCOL.is_not_null()).then(port("dst_port")),
        "bytes_out": uint("length"),
        "packets_out": uint("count"),
        "in_iface": pl.col("in_iface"),
        "rule": pl.col("rule"),
    },
)
