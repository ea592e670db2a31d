"""Juniper NetScreen, SSG and ISG (ScreenOS) syslog: traffic records and attack alarms.

Read are `system-notification-00257(traffic)` records and alarms that name two ends (`SYN flood! From … to …`). Keys
and values hold blanks (`src zone=`, `src-xlated ip=`, `service=Endpoint Mapper(tcp)`), so that a record is read by the
order of its fields. All other messages are ignored as "no traffic".

Reference: https://www.juniper.net/documentation/en_US/screenos6.3.0/information-products/pathway-pages/screenos/product/

Time: `start_time` is local to the firewall; the session ended `duration` seconds later. Alarms have the header's time,
and no action unless they say that packets were dropped. Translated ends are those behind `src-xlated` and `dst-xlated`.
Not covered: self logs of management sessions.
"""

from __future__ import annotations

import polars as pl

from fwforensics.formats._fields import lower, mapped, naive, number, uint
from fwforensics.formats._format import Format
from fwforensics.formats._layouts import LINE, Messages

ADDRESS = r"[0-9A-Fa-f.:]*[0-9A-Fa-f]"
TRAFFIC = (
    r'^start_time="?(?P<start>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)"? duration=(?P<duration>\d+) policy_id=(?P<policy>\d+) '
    r"service=(?P<service>.*?) proto=(?P<proto>\d+) src zone=(?P<src_zone>.*?) dst zone=(?P<dst_zone>.*?) "
    r"action=(?P<verdict>\w+) sent=(?P<sent>\d+) rcvd=(?P<rcvd>\d+) "
    rf"src=(?P<src>{ADDRESS}) dst=(?P<dst>{ADDRESS})"
    r"(?: icmp type=(?P<icmp_type>\d+))?(?: icmp code=(?P<icmp_code>\d+))?"
    r"(?: src_port=(?P<src_port>\d+))?(?: dst_port=(?P<dst_port>\d+))?"
    rf"(?: src-xlated ip=(?P<nat_src>{ADDRESS})(?: port=(?P<nat_src_port>\d+))?)?"
    rf"(?: dst-xlated ip=(?P<nat_dst>{ADDRESS})(?: port=(?P<nat_dst_port>\d+))?)?"
    r"(?: session_id=(?P<session_id>\d+))?(?: reason=(?P<reason>[^<]*?))?(?P<rest>\s*<.*|\s\S+=.*|\s*)$"
)


def alarm(src: str, dst: str) -> str:
    """The sentence of an attack alarm, by how its two ends are written."""
    return (
        rf"^(?P<signature>.*?)[!,.:]? (?:has been detected! )?[Ff]rom {src} to (?:zone \S+, )?{dst}, "
        r"(?:using protocol|proto) (?P<proto>\w+),? ?(?:(?:and arriving at interface (?P<interface>\S+) in zone "
        r"(?P<zone>[^.]+)\.?|\((?:on )?zone (?P<src_zone>[^,)]*),? (?:int|interface) (?P<in_iface>[^,).]*)\)\.?))?"
        r"(?: ?[Oo]ccurred (?P<times>\d+) times?\.?| ?The attack occurred (?P<attacks>\d+) times\.?)?(?P<rest>.*)$"
    )


ALARMS = (
    alarm(r"(?P<src>\d+(?:\.\d+){3}):(?P<src_port>\d+)", r"(?P<dst>\d+(?:\.\d+){3}):(?P<dst_port>\d+)"),
    alarm(r"\[?(?P<src>[0-9A-Fa-f:]+)\]?:(?P<src_port>\d+)", r"\[?(?P<dst>[0-9A-Fa-f:]+)\]?:(?P<dst_port>\d+)"),
    alarm(rf"(?P<src>{ADDRESS})", rf"(?P<dst>{ADDRESS})"),
)
HEAD = r"^(.*?NetScreen device_id=\S*\s+(?:\[[^\]]*\]|\(No Name\))?\s*system-[a-z]+-\d{5}(?:\(traffic\))?: ?)"
ACTIONS = {"permit": "allow", "tunnel": "allow", "deny": "deny", "drop": "deny", "reject": "deny"}
#: Levels of alarms, from the name of the message.
SEVERITIES = {
    "emergency": "critical", "alert": "high", "critical": "high", "error": "medium", "warning": "low",
    "notification": "informational", "information": "informational",
}  # fmt: skip

IS_TRAFFIC = pl.col("start").is_not_null()
DROPPED = pl.col("@text").str.contains(r"(?i)\b(?:drop|deny|den|reject|block)(?:ped|ied|ed)?\b")
SECONDS = number("duration")
STARTED = naive("start")

FORMAT = Format(
    name="juniper_netscreen",
    title="Juniper NetScreen / SSG / ISG (ScreenOS) traffic and alarms",
    reference="https://www.juniper.net/documentation/en_US/screenos6.3.0/information-products/pathway-pages/screenos/product/",
    notes="Times are local to the firewall: --tz. Alarms say no decision unless packets were dropped.",
    is_record=LINE.str.contains("NetScreen device_id=", literal=True) & LINE.str.contains(HEAD),
    layout=Messages(
        id=LINE.str.extract(r" ?system-([a-z]+-\d{5})"),
        body=LINE.str.extract(HEAD).str.len_bytes(),
        patterns={"notification-00257": (TRAFFIC,)},
        otherwise=(TRAFFIC, *ALARMS),
        keep=("service",),
        noise=(pl.col("@id") != "notification-00257").fill_null(True)
        & ~pl.col("@text").str.contains(rf"[Ff]rom {ADDRESS}\S* to (?:zone \S+, )?\d+\.\d+"),
    ),
    columns={
        "ts": pl.when(~IS_TRAFFIC).then(pl.col("@ts")),
        "ts_local": pl.coalesce(STARTED, "@ts_local"),
        "ts_end_local": STARTED + pl.duration(microseconds=(SECONDS * 1e6).cast(pl.Int64)),
        "kind": pl.when(~IS_TRAFFIC).then(pl.lit("ids")),
        "sensor": pl.coalesce(
            pl.when(~pl.col("@host").is_in(["[FW", "NetScreen"])).then(pl.col("@host")),
            pl.col("@head").str.extract(r"device_id=([^\s\[]+)"),
        ),
        "action": pl.when(IS_TRAFFIC).then(mapped("verdict", ACTIONS)).when(DROPPED).then(pl.lit("deny")),
        "disposition": lower("verdict"),
        "protocol": lower("proto"),
        "src_ip": pl.col("src"),
        "src_port": uint("src_port", bits=16),
        "dst_ip": pl.col("dst"),
        "dst_port": uint("dst_port", bits=16),
        "src_nat_ip": pl.col("nat_src"),
        "src_nat_port": uint("nat_src_port", bits=16),
        "dst_nat_ip": pl.col("nat_dst"),
        "dst_nat_port": uint("nat_dst_port", bits=16),
        "bytes_out": uint("sent"),
        "bytes_in": uint("rcvd"),
        "duration": SECONDS,
        "icmp_type": uint("icmp_type", bits=8),
        "icmp_code": uint("icmp_code", bits=8),
        "in_iface": pl.coalesce("in_iface", "interface"),
        "src_zone": pl.coalesce("src_zone", "zone"),
        "dst_zone": pl.col("dst_zone"),
        "rule": pl.col("policy"),
        "reason": pl.col("reason").str.strip_chars(),
        "app": pl.when(~pl.col("service").str.contains("^(?:None|(?:tcp|udp|icmp|proto:?).*)$")).then(
            pl.col("service")
        ),
        "signature": pl.col("signature"),
        "signature_id": pl.when(~IS_TRAFFIC).then(pl.col("@id").str.extract(r"(\d+)$")),
        "severity": pl.when(~IS_TRAFFIC).then(mapped(pl.col("@id").str.extract("^([a-z]+)"), SEVERITIES)),
        "session_id": pl.when(pl.col("session_id") != "0").then(pl.col("session_id")),
        "repeat_count": uint("times", "attacks", bits=32),
    },
)
