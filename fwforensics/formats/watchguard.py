"""WatchGuard Firebox and XTM (Fireware): traffic, proxy, IPS and VPN messages, as syslog and as LEEF.

A traffic message is read by place, `Allow 1-Trusted 0-External 52 tcp 20 127 source destination ports …`, with
`key="value"` pairs and the policy in brackets behind it; proxies leave out length and TTL. LEEF records name the same
fields (`disp`, `in_if`, `src`, `srcPostNAT`), with tabs that a relay may have written as `#011`. Of diagnostic and
event messages those are read that name two ends of a negotiation, or who logged in from where; all others are ignored
as "no traffic".

Reference: https://www.watchguard.com/help/docs/fireware/12/en-US/log_catalog/index.html

Time: the one in brackets behind the serial number, which is UTC, else that of the header; LEEF has `devTime`. A session
record (`duration`) is logged at its end. What a proxy strips, locks or replaces is allowed; an attack that was detected
and let through is an alert. `sent_bytes` is what the source sent. ICMP has type and code where the ports are.
Not covered: FireCluster, wireless and system messages, the Dimension database.
"""

from __future__ import annotations

import polars as pl

from fwforensics.formats._cef import Leef
from fwforensics.formats._either import Either
from fwforensics.formats._fields import host_name, iso, lower, mapped, naive, number, tcp_flag_words, text, uint
from fwforensics.formats._format import Format
from fwforensics.formats._layouts import LINE, KeyValue, Messages
from fwforensics.formats._sentence import Sentence

ADDRESS = r"(?:\d+\.\d+\.\d+\.\d+|[0-9A-Fa-f]*:[0-9A-Fa-f:.]*)"
VERDICT = r"(?P<disp>Allow|Deny|Drop|Block|Reset|Reject)(?:ed|ped)?"
TAIL = r"(?: (?P<note>[^=\"]*?))??(?: (?P<tail>[A-Za-z][\w-]*=.*?))??(?: ?\((?P<policy>[^()]*)\))?\s*$"
PACKET = (
    rf"^{VERDICT} (?P<interfaces>.+?) (?:(?P<ip_len>\d+) )?(?P<proto>[a-z][a-z0-9-]*|\d{{1,3}}) (?:(?P<hdr_len>\d+) "
    rf"(?P<ip_TTL>\d+) )?(?P<src>{ADDRESS}) (?P<dst>{ADDRESS})(?: (?P<srcPort>\d+) (?P<dstPort>\d+))?"
    r"(?: offset (?P<tcp_offset>\d+) (?P<tcp_flag>[A-Z]+) (?P<tcp_seq>\d+) win (?P<tcp_window>-?\d+))?" + TAIL
)
#: What the log manager shows and exports.
SHOWN = (
    rf"^{VERDICT} (?P<src>{ADDRESS}) (?P<dst>{ADDRESS}) (?P<service>\S+)/(?P<proto>[a-z]\w*) (?P<srcPort>\d+) "
    r"(?P<dstPort>\d+) (?P<interfaces>\S+ \S+) (?P<words>[^(\"=]*?)(?: ?\((?P<policy>[^()]*)\))?"
    r"(?: (?P<tail>[A-Za-z]\w*=.*))?$"
)
REMOTE = rf"(?P<dst>{ADDRESS}?):(?P<dstPort>\d+)"
LOCAL_END = rf"(?P<src>{ADDRESS}?)(?::(?P<srcPort>\d+))?"
REMOTE_END = rf"(?P<dst>{ADDRESS}?)(?::(?P<dstPort>\d+))?"
NEGOTIATED = (
    rf"^(?P<what>.*?(?:negotiation|exchange|message)) from {LOCAL_END} to {REMOTE_END}(?P<rest> .*)?$",
    rf"^(?P<what>.*?)local-?gw:(?P<src>{ADDRESS}?):(?P<srcPort>\d+) remote-?gw:{REMOTE}(?P<rest> .*)$",
)
REAL = rf"IP address is (?P<src>{ADDRESS}?)"
LOGIN = (
    rf"^(?P<what>.*?[Uu]ser (?P<user>\S+) .*?)Virtual IP address is (?P<dst>{ADDRESS}?)\. Real {REAL}\.?$",
    rf"^(?P<what>.*?[Uu]ser \[?(?P<user>[^\s\]]+)\]?) from (?P<src>{ADDRESS}?)(?P<rest>[ ,.].*)?$",
)
HEAD = r"^(.*?(?:\bmsg_id=\"[0-9A-F]{4}-[0-9A-F]{4}\" ))"
#: Before Fireware XTM messages had no id.
BARE = rf"^(.*?[\])a-z]: ){VERDICT} \S.* (?:[a-z]+|\d+) (?:\d+ \d+ )?{ADDRESS} {ADDRESS} .*\(.*\)\s*$"
LEEF = r"(?:LEEF: ?\d+(?:\.\d+)?|(?:^|\s)[12]\.0)\|WatchGuard\|"

FLAGS = {"S": "SYN ", "A": "ACK ", "F": "FIN ", "R": "RST ", "P": "PSH ", "U": "URG ", "E": "ECE ", "C": "CWR "}
ACTIONS = {"allow": "allow", **dict.fromkeys(("deny", "drop", "block", "reset", "reject"), "deny")}
SEVERITIES = {"5": "critical", "4": "high", "3": "medium", "2": "low", "1": "informational"}

MESSAGE = pl.coalesce(pl.col("@id"), pl.col("EventID").str.replace(r"^(\w{4})(\w{4})$", "$1-$2"))
FAMILY = MESSAGE.str.head(4)
IS_VPN = FAMILY.str.contains("^02").fill_null(False)
ATTACK = pl.col("signature_id").is_not_null() | pl.col("signature_name").is_not_null()
BETWEEN = pl.col("interfaces").str.extract_groups(r"^(\S+|.+?) (\S+|\d+-.+)$")
INNER = pl.col("@head").str.extract(r"\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?)\)")
INNER_UTC = INNER.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", strict=False, time_unit="us")
DEVICE = pl.col("devTime").str.to_datetime("%b %d %Y %H:%M:%S %z", strict=False, time_unit="us", time_zone="UTC")
UTC = pl.coalesce(INNER_UTC, DEVICE.dt.replace_time_zone(None), iso("devTime"), "@ts")
LOCAL = pl.coalesce(naive("devTime"), "@ts_local")
ELAPSED = pl.col("elapsed_time").str.extract(r"^([\d.]+)").cast(pl.Float64, strict=False)
SECONDS = pl.coalesce(number("duration"), ELAPSED)
SPAN = pl.duration(microseconds=(SECONDS.fill_null(0) * 1e6).cast(pl.Int64))
IS_ICMP = lower("proto").str.contains("^icmp")
IS_PACKET = pl.col("disp").is_not_null()
LOGGED_IN = pl.col("msg").str.extract(rf"[Uu]ser .* from ({ADDRESS})\b")
NAMED = pl.col("msg").str.extract(r"[Uu]ser \[?([^\s\]]+)\]? from ")

FORMAT = Format(
    name="watchguard",
    title="WatchGuard Firebox / XTM (syslog and LEEF)",
    reference="https://www.watchguard.com/help/docs/fireware/12/en-US/log_catalog/index.html",
    notes="The time in brackets is UTC; a header alone has neither year nor zone.",
    is_record=(LINE.str.contains('msg_id="', literal=True) & LINE.str.contains(HEAD))
    | (LINE.str.contains("|WatchGuard|", literal=True) & LINE.str.contains(LEEF))
    | (LINE.str.contains(r"\bfirewall(?:\[\d+\])?: ") & LINE.str.contains(BARE)),
    layout=Either(
        Sentence(
            messages=Messages(
                id=LINE.str.extract(r'\bmsg_id="([0-9A-F]{4}-[0-9A-F]{4})"'),
                body=pl.coalesce(
                    LINE.str.extract(rf"^(.*?[ :])?{VERDICT} {ADDRESS} {ADDRESS} ", 1),
                    LINE.str.extract(HEAD), LINE.str.extract(BARE, 1),
                ).str.len_bytes(),
                patterns={},
                otherwise=(PACKET, SHOWN, *NEGOTIATED, *LOGIN),
                keep=("note", "proto"),
                noise=~pl.col("@text").str.contains(rf"^{VERDICT} .*{ADDRESS} {ADDRESS}"),
            ),
            pairs=KeyValue(anchor=pl.lit(0, pl.UInt32), quote='"', keep=("msg", "host", "path", "arg")),
        ),
        Leef(keep=("EventID", "deviceVersion", "msg", "arg")),
        LINE.str.contains(LEEF),
    ),
    columns={
        "ignored": pl.when(pl.col("src").is_null() & pl.col("dst").is_null() & LOGGED_IN.is_null() & ~IS_PACKET).then(
            pl.lit("no traffic")
        ),
        "ts": UTC - SPAN,
        "ts_local": pl.when(UTC.is_null()).then(LOCAL) - SPAN,
        "ts_end": pl.when(SECONDS.is_not_null()).then(UTC),
        "ts_end_local": pl.when(SECONDS.is_not_null()).then(LOCAL),
        "kind": pl.when(IS_VPN).then(pl.lit("vpn"))
        .when(ATTACK).then(pl.lit("ids"))
        .when(~IS_PACKET).then(pl.lit("auth"))
        .when(FAMILY == "1DFF").then(pl.lit("dns"))
        .when(FAMILY.str.ends_with("FF")).then(pl.lit("proxy")),
        "sensor": pl.coalesce("host_name", "sys_name", "@host", "serial"),
        "action": pl.when(ATTACK & (lower("disp") == "allow")).then(pl.lit("alert")).otherwise(mapped("disp", ACTIONS)),
        "disposition": lower("disp"),
        "protocol": lower("proto"),
        "src_ip": pl.coalesce("src", LOGGED_IN),
        "src_port": uint("srcPort", bits=16),
        "dst_ip": pl.col("dst"),
        "dst_port": uint("dstPort", bits=16),
        "src_nat_ip": text("srcPostNAT", "src_ip_nat"),
        "src_nat_port": uint("srcPostNATPort", "src_port_nat", bits=16),
        "dst_nat_ip": text("dstPostNAT", "dst_ip_nat", "srv_ip"),
        "dst_nat_port": uint("dstPostNATPort", "dst_port_nat", "srv_port", bits=16),
        "bytes_out": uint("sent_bytes", "ip_len"),
        "bytes_in": uint("rcvd_bytes"),
        "duration": SECONDS,
        "tcp_flags": tcp_flag_words(pl.col("tcp_flag").str.replace_many(list(FLAGS), list(FLAGS.values()))),
        "icmp_type": pl.when(IS_ICMP).then(uint("srcPort", bits=8)),
        "icmp_code": pl.when(IS_ICMP).then(uint("dstPort", bits=8)),
        "in_iface": pl.coalesce("in_if", BETWEEN.struct.field("1")),
        "out_iface": pl.coalesce("out_if", BETWEEN.struct.field("2")),
        "rule": pl.col("policy"),
        "reason": pl.coalesce("note", pl.when(lower("disp").ne_missing("allow")).then(pl.col("msg"))),
        "app": text("app_name", "app"),
        "dst_name": host_name(text("dstname", "sni", "host")),
        "user_name": pl.coalesce("src_user", "user", NAMED),
        "signature": pl.col("signature_name"),
        "signature_id": pl.col("signature_id"),
        "severity": pl.when(ATTACK).then(mapped("severity", SEVERITIES)),
    },
    priority=40,
)  # fmt: skip
