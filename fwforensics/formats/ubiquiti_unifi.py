"""Ubiquiti UniFi gateways and consoles: security events in CEF (activity logging to a SIEM server).

`CEF:0|Ubiquiti|UniFi Network|…` with the vendor's keys (`UNIFIcategory`, `UNIFIrisk`, `UNIFIpolicyName`, …), behind a
syslog header or none; a relay may have cut `CEF:` off. Firewall and intrusion events have two ends; admin, client and
device events are no traffic. The firewall's own lines of UniFi and EdgeOS gateways (`[WAN_LOCAL-default-D]IN=…`) are
Linux netfilter's, and format `iptables` reads them. Lines of access points and switches hold no traffic.

Reference: https://help.ui.com/hc/en-us/articles/33349041044119-UniFi-System-Logs-SIEM-Integration

Time: `UNIFIutcTime` (UTC), else the header's. Threats are alerts unless they were blocked.
"""

from __future__ import annotations

import polars as pl

from fwforensics.formats._cef import KEPT, Cef
from fwforensics.formats._fields import host_name, iso, lower, mapped, port, text, uint
from fwforensics.formats._format import Format
from fwforensics.formats._layouts import LINE

START = r"(?:CEF: ?)?\d+(?:\.\d+)?\|Ubiquiti\|"
CATEGORY, TYPE = lower("UNIFIsubCategory"), lower("UNIFIpolicyType")
IDS = pl.col("UNIFIipsSignature").is_not_null() | TYPE.str.contains("ips").fill_null(False)
#: The record's own word, else that of its name ("Threat Detected and Blocked").
WORD = pl.coalesce(lower("act"), lower("name").str.extract(r"\b(blocked|denied|dropped|rejected|allowed|detected)$"))
WORDS = {
    **dict.fromkeys(("blocked", "block", "denied", "deny", "dropped", "drop", "rejected", "reject"), "deny"),
    **dict.fromkeys(("allowed", "allow", "accepted", "accept", "permitted"), "allow"),
    **dict.fromkeys(("detected", "detect", "alert", "notify"), "alert"),
}
KINDS = {"admin": "auth", "vpn": "vpn", "intrusion prevention": "ids"}
RISKS = {
    "low": "low",
    "medium": "medium",
    "suspicious": "medium",
    "high": "high",
    "concerning": "high",
    "critical": "critical",
}
ENDS = ("src", "dst")

FORMAT = Format(
    name="ubiquiti_unifi",
    title="Ubiquiti UniFi gateways and consoles (CEF)",
    reference="https://help.ui.com/hc/en-us/articles/33349041044119-UniFi-System-Logs-SIEM-Integration",
    notes="CEF of UniFi's activity logging; the firewall's own lines are read by iptables.",
    priority=40,
    is_record=LINE.str.contains("|Ubiquiti|", literal=True) & LINE.str.contains(rf"(?:^|[\s:]){START}"),
    layout=Cef(start=START, keep=(*KEPT, "UNIFIsubCategory", "UNIFIpolicyType", "UNIFIhost", "UNIFIflowId", "act")),
    columns={
        "ignored": pl.when(pl.all_horizontal(pl.col(c).is_null() for c in ENDS)).then(pl.lit("no traffic")),
        "ts": pl.coalesce(iso("UNIFIutcTime"), pl.col("@ts")),
        "ts_local": pl.col("@ts_local"),
        "kind": pl.when(IDS).then(pl.lit("ids")).otherwise(mapped(CATEGORY, KINDS, "firewall")),
        "sensor": text("UNIFIdeviceName", "UNIFIhost", "@host"),
        "action": pl.when(IDS & (mapped(WORD, WORDS) == "allow")).then(pl.lit("alert")).otherwise(mapped(WORD, WORDS)),
        "disposition": WORD,
        "direction": mapped(
            "UNIFIdirection",
            {"incoming": "inbound", "outgoing": "outbound", "inbound": "inbound", "outbound": "outbound"},
        ),
        "protocol": lower("proto"),
        "src_ip": pl.col("src"),
        "src_port": port("spt"),
        "dst_ip": pl.col("dst"),
        "dst_port": port("dpt"),
        "bytes": uint("UNIFItotalBytes"),
        "packets": uint("UNIFItotalPackets"),
        "bytes_out": uint("UNIFIbytesSent"),
        "bytes_in": uint("UNIFIbytesReceived"),
        "packets_out": uint("UNIFIpacketsSent"),
        "packets_in": uint("UNIFIpacketsReceived"),
        "in_iface": pl.col("deviceInboundInterface"),
        "out_iface": pl.col("deviceOutboundInterface"),
        "src_zone": pl.col("UNIFIsrcZone"),
        "dst_zone": pl.col("UNIFIdstZone"),
        "rule": pl.col("UNIFIpolicyName"),
        "app": lower("app"),
        "dst_name": host_name(text("dhost", "UNIFIdstDomain")),
        "user_name": text("UNIFIadmin", "suser"),
        "signature": pl.col("UNIFIipsSignature"),
        "signature_id": pl.col("UNIFIipsSignatureId"),
        "severity": mapped("UNIFIrisk", RISKS),
        "session_id": text("UNIFIipsSessionId", "UNIFIflowId"),
    },
)
