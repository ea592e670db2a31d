"""Barracuda CloudGen Firewall (NextGen F) activity log: as a list between pipes or as `key=value` between pipes.

`Info MACHINE Allow: LOUT|UDP|…` and `Security +01:00 Block: type=FWD|proto=UDP|srcIF=…`, streamed by syslog or out of
`box_Firewall_Activity.log`; IPS messages of the firewall service, and events that name two ends. What other services of
the box write in the same stream is ignored as "no traffic".

Reference: https://campus.barracuda.com/product/cloudgenfirewall/doc/79465001/firewall-activity-log/

Time: that of the syslog header, or the log file's own `YYYY MM DD hh:mm:ss` with the offset behind the level.
`Local…` is traffic of the firewall itself. A removed session was allowed; a failed one has no action. `duration` counts
milliseconds. `count` says how many attempts a cumulative entry stands for. Not covered: text mode without fields.
"""

from __future__ import annotations

import polars as pl

from fwforensics.formats._either import Either
from fwforensics.formats._fields import civil, lower, mapped, number, uint
from fwforensics.formats._format import Format
from fwforensics.formats._layouts import LINE, Delimited, KeyValue, Messages

ADDRESS = r"[0-9A-Fa-f.:]*[0-9A-Fa-f]"
NAMES = (
    "type", "proto", "srcIF", "srcIP", "srcPort", "srcMAC", "dstIP", "dstPort", "dstService", "dstIF", "rule", "info",
    "srcNAT", "dstNAT", "duration", "count", "receivedBytes", "sentBytes", "receivedPackets", "sentPackets", "user",
    "protocol", "application", "target", "content", "urlcat",
)  # fmt: skip
VERDICT = r"((?:Local|Rule )?(?:Allow|Block|Deny|Drop|Remove|Detect|Fail|Terminate|ARP|Scan)\w*): "
KINDS_OF_TRAFFIC = r"(?:type=)?(?:<[a-z]+>|[A-Z]{2,6})\|(?:proto=)?[A-Za-z0-9.-]*\|"
ACTIVITY = rf"{VERDICT}{KINDS_OF_TRAFFIC}"
IPS_END = r"(?P<srcIP>\d+\.\d+\.\d+\.\d+|[0-9A-Fa-f:]+?)(?::(?P<srcPort>\d+))?"
IPS = (
    rf"^\[(?P<what>\w+)\] (?P<verdict>\w+): +IPS (?P<proto>\w+)\((?P<service>[^)]*)\) {IPS_END} "
    rf"-> (?P<dstIP>{ADDRESS}):(?P<dstPort>\d+) \|\[ID: (?P<sid>\d+) (?P<signature>[^\]]*)\](?P<rest>.*)$"
)
EVENT = (
    r"^(?P<what>event: .*?\|)(?P<proto>[A-Z]+) (?P<srcIP>\d[\d.]+):(?P<srcPort>\d+) \((?P<srcIF>[^)]*)\) -> "
    r"(?P<dstIP>\d[\d.]+):(?P<dstPort>\d+)(?P<rest>.*)$"
)
OTHER = r"(?: firewall: \[\w+\] \w+: +IPS |event: \[.*\|[A-Z]+ \d[\d.]+:\d+ \([^)]*\) -> \d)"
#: Levels are padded to eight characters.
PADDED = r"(?:Info {5}|Notice {3}|Warning {2}|Security |Error {4}|Fatal {4}|Panic {4})\S+ "
ADDRESSES = LINE.str.count_matches(r"\d+\.\d+\.\d+\.\d+")

ACTIONS = {
    **dict.fromkeys(("allow", "remove"), "allow"),
    **dict.fromkeys(("block", "deny", "drop", "terminate"), "deny"),
    "detect": "alert",
    "scan": "alert",
}
IS_IPS = pl.col("signature").is_not_null()
SAID = pl.coalesce(pl.col("verdict"), pl.col("@head").str.extract(rf"{VERDICT}$"))
WORD = SAID.str.to_lowercase().str.strip_prefix("local").str.strip_prefix("rule ")
FILED = pl.col("@head").str.extract_groups(r"^(\d{4}) (\d\d) (\d\d) (\d\d):(\d\d):(\d\d) +\w+ +([+-]\d\d):?(\d\d) ")
STAMP = civil(*(FILED.struct.field(str(i)) for i in range(1, 7)))
HOURS, PARTS = (FILED.struct.field(i).cast(pl.Int64, strict=False) for i in ("7", "8"))
AHEAD = HOURS * 60 + pl.when(HOURS < 0).then(-PARTS).otherwise(PARTS)
UTC = pl.coalesce(STAMP - pl.duration(minutes=AHEAD), "@ts")
SECONDS = number("duration") / 1000
SPAN = pl.duration(microseconds=(SECONDS.fill_null(0) * 1e6).cast(pl.Int64))
HEAD = pl.col("@head").str.extract(r"(?:Info|Notice|Warning|Security|Error|Fatal|Panic) +(\S+) ")
START = LINE.str.extract(rf"^(.*?\b{VERDICT}){KINDS_OF_TRAFFIC}").str.len_bytes()

FORMAT = Format(
    name="barracuda_cgf_syslog",
    title="Barracuda CloudGen Firewall activity log (syslog)",
    reference="https://campus.barracuda.com/product/cloudgenfirewall/doc/79465001/firewall-activity-log/",
    notes="Syslog headers have neither year nor zone. Durations are milliseconds.",
    is_record=(LINE.str.contains("|", literal=True) & LINE.str.contains(rf"\b{ACTIVITY}")) | LINE.str.contains(OTHER),
    is_noise={
        "no traffic": LINE.str.contains(rf"^(?:<\d+>)?{PADDED}")
        & ~LINE.str.contains(rf"\b{ACTIVITY}|{OTHER}")
        & ((ADDRESSES < 2) | LINE.str.contains(" event: ", literal=True))
    },
    layout=Either(
        Either(
            Delimited(names=NAMES, separator="|", begin=START, keep=("info",)),
            KeyValue(anchor=START, separator="|", keep=("info",)),
            LINE.str.contains(rf"\b{VERDICT}type="),
        ),
        Messages(
            id=pl.lit("IPS"),
            body=pl.coalesce(
                LINE.str.extract(r"^(.*? firewall: )\["), LINE.str.extract(r"^(.*?)event: \[")
            ).str.len_bytes(),
            patterns={"IPS": (IPS, EVENT)},
        ),
        LINE.str.contains(OTHER) & ~LINE.str.contains(rf"\b{ACTIVITY}"),
    ),
    columns={
        "ts": UTC - SPAN,
        "ts_local": pl.col("@ts_local") - SPAN,
        "ts_end": pl.when(SECONDS.is_not_null()).then(UTC),
        "ts_end_local": pl.when(SECONDS.is_not_null()).then(pl.col("@ts_local")),
        "kind": pl.when(IS_IPS).then(pl.lit("ids")),
        "sensor": pl.coalesce(pl.when(~HEAD.str.contains(r"^[+-]\d\d:")).then(HEAD), "@host"),
        "action": pl.when(IS_IPS & (WORD == "allow")).then(pl.lit("alert")).otherwise(mapped(WORD, ACTIONS)),
        "disposition": SAID.str.to_lowercase(),
        "protocol": pl.when(lower("proto") != "allip").then(lower("proto")),
        "src_ip": pl.col("srcIP"),
        "src_port": uint("srcPort", bits=16),
        "dst_ip": pl.col("dstIP"),
        "dst_port": uint("dstPort", bits=16),
        "src_nat_ip": pl.col("srcNAT"),
        "dst_nat_ip": pl.col("dstNAT"),
        "bytes_out": uint("sentBytes"),
        "bytes_in": uint("receivedBytes"),
        "packets_out": uint("sentPackets"),
        "packets_in": uint("receivedPackets"),
        "duration": SECONDS,
        "in_iface": pl.col("srcIF"),
        "out_iface": pl.col("dstIF"),
        "rule": pl.col("rule"),
        "reason": pl.when(mapped(WORD, ACTIONS) == "deny").then(pl.col("info")),
        "app": pl.coalesce("application", "dstService"),
        "user_name": pl.col("user"),
        "signature": pl.col("signature"),
        "signature_id": pl.col("sid"),
        "repeat_count": pl.when(uint("count", bits=32) > 0).then(uint("count", bits=32)),
    },
)
