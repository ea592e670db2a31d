"""Snort 2 and 3 alerts: fast, full, syslog, CSV and JSON, and pfSense's CSV.

Suricata's `fast.log` has the form of fast, and is read as such.

Fast and syslog lines: `[**] [gid:sid:rev] message [**] [Classification: …] [Priority: n] {PROTO} a:p -> b:p`; full
alerts are blocks of lines; CSV has the default fields of Snort 2 (27), of Snort 3 (10), or those of pfSense (13 to
15).

Reference: https://docs.snort.org/start/alert_logging
Reference: https://www.snort.org/faq/readme-alert_order

Time: local, without year in the default settings (`05/12-19:09:10.917356`); Snort 3's `seconds` are UTC. Alerts are
deny where the packet was dropped or rejected, else alert. Of a full alert that a batch of lines cuts, the lines before
its addresses are counted as no traffic. Not covered: unified2, performance statistics, CSV with fields of the user's
choice.
"""

# ruff: noqa: E501 (one sentence of the vendor, one line)
from __future__ import annotations

import polars as pl

from fwforensics.formats._fields import code, epoch, lower, mapped, port, tcp_flag_letters, text, uint
from fwforensics.formats._format import Format
from fwforensics.formats._layouts import LINE, Json, Messages
from fwforensics.formats._snort_blocks import BLOCK_LINE, Blocks
from fwforensics.formats._snort_layout import SnortAlerts

WHEN = r"(?P<when>\d\d/\d\d(?:/\d{2,4})?-\d\d:\d\d:\d\d(?:\.\d+)?)"
RULE = r'(?:\[\*\*\] )?\[(?P<gid>\d+):(?P<sid>\d+):(?P<rev>\d+)\] +"?(?P<signature>.*?)"?'
NOTES = (
    r"(?: \[\*\*\])?(?: +\[Classification: (?P<class>[^\]]*)\])?(?: +\[Impact: [^\]]*\])?(?: +\[Priority: (?P<priority>\d+)\])?:?"
    r"(?: +\[AppID: (?P<app>[^\]]*)\])?(?: +<(?P<iface>[^>]*)>)?(?: +\{(?P<proto>[^}]+)\})?"
)
DROPPED = r"(?:\[(?P<verdict>w?[Dd]rop|[Ww]ould [Dd]rop|[Bb]lock|[Rr]eject)\] )?"
WITH_PORTS = (
    r" +\[?(?P<src>[0-9A-Fa-f.:]+?)\]?:(?P<src_port>\d+) -> \[?(?P<dst>[0-9A-Fa-f.:]+?)\]?:(?P<dst_port>\d+)\s*$"
)
NO_PORTS = r" +(?P<src>[0-9A-Fa-f.:]+) -> (?P<dst>[0-9A-Fa-f.:]+)\s*$"
HEAD = rf"^(?:{WHEN} +)?{DROPPED}"
FAST = rf"{HEAD}{RULE}{NOTES}"
#: Only transports with ports write one behind the address.
PORTED = FAST.replace(r"(?: +\{(?P<proto>[^}]+)\})?", r" +\{(?P<proto>TCP|UDP|SCTP|tcp|udp|sctp)\}")
TEXT_FIELD = r'(?:"(?P<signature>(?:[^"]|"")*)"|(?P<plain>[^,]*))'
CSV_HEAD = rf"^{WHEN} ?,(?P<gid>\d+),(?P<sid>\d+),(?P<rev>\d*),{TEXT_FIELD},(?P<proto>\w*),(?P<src>[^,]*),(?P<src_port>\d*),(?P<dst>[^,]*),(?P<dst_port>\d*),"
CSV = CSV_HEAD + (
    r"(?P<ethsrc>[^,]*),(?P<ethdst>[^,]*),(?P<ethlen>[^,]*),(?P<flags>[^,]*),(?P<tcpseq>[^,]*),(?P<tcpack>[^,]*),(?P<tcplen>[^,]*),"
    r"(?P<tcpwindow>[^,]*),(?P<ttl>[^,]*),(?P<tos>[^,]*),(?P<id>[^,]*),(?P<length>[^,]*),(?P<iplen>[^,]*),(?P<icmp_type>[^,]*),"
    r"(?P<icmp_code>[^,]*),(?P<icmp_id>[^,]*),(?P<icmp_seq>[^,]*)\s*$"
)
PFSENSE = (
    CSV_HEAD
    + r'(?P<id>\d*),(?:"(?P<class>[^"]*)"|(?P<plain_class>[^,]*)),(?P<priority>\d*)(?:,(?P<kind>\w*))?(?:,(?P<verdict>\w*))?\s*$'
)
CSV_3 = (
    rf"^{WHEN} ?, *(?P<pkt_num>\d+), *(?P<proto>\w+), *(?P<pkt_gen>\w+), *(?P<pkt_len>\d+), *(?P<dir>\w+), *(?P<src>[0-9A-Fa-f.:]+?):(?P<src_port>\d+),"
    r" *(?P<dst>[0-9A-Fa-f.:]+?):(?P<dst_port>\d+), *(?P<gid>\d+):(?P<sid>\d+):(?P<rev>\d+), *(?P<verdict>\w+)\s*$"
)
IS_FAST = r"\[\d+:\d+:\d+\] .*(?: -> )[0-9A-Fa-f.:\[\]]+\s*$"
IS_CSV = rf"^{WHEN} ?, ?\d+,"
IS_JSON = r'^[^{]{0,160}\{ ?"\w+" ?:'

TEXT = Messages(
    id=pl.lit("alert"),
    body=pl.coalesce(
        LINE.str.extract(r"^(.{0,200}?)\d\d/\d\d(?:/\d{2,4})?-\d\d:\d\d:\d\d"),
        LINE.str.extract(r"^(.{0,200}?)(?:\[\w+(?: \w+)?\] )?(?:\[\*\*\] )?\[\d+:\d+:\d+\] "),
    ).str.len_bytes(),
    patterns={"alert": (CSV, PFSENSE, CSV_3, PORTED + WITH_PORTS, FAST + NO_PORTS, FAST + WITH_PORTS)},
    keep=("class", "kind"),
)
JSON = Json(begin=LINE.str.find("{", literal=True))


def end(key: str) -> pl.Expr:
    """An end's address: its own key, or what stands before the port in `…_ap`."""
    return pl.coalesce(key, f"{key}_addr", pl.col(f"{key}_ap").str.extract(r"^\[?(.+?)\]?:\d+$"))


def end_port(key: str) -> pl.Expr:
    """An end's port, likewise; protocols without ports have 0 there."""
    return pl.coalesce(port(f"{key}_port"), pl.col(f"{key}_ap").str.extract(r":(\d+)$").cast(pl.UInt16, strict=False))


VERDICT = pl.coalesce(lower("verdict"), lower("action"))
DENIED = VERDICT.str.contains(r"^(?:drop|block|reject|reset)").fill_null(False)
ID = pl.coalesce(
    pl.concat_str(["gid", "sid", "rev"], separator=":"), pl.concat_str(["gid", "sid"], separator=":"), "rule"
)

FORMAT = Format(
    name="snort",
    title="Snort 2 and 3 alerts (fast, full, syslog, CSV, JSON, pfSense)",
    reference="https://docs.snort.org/start/alert_logging",
    notes="Times are local without year in Snort's default settings: --tz, --year.",
    kind="ids",
    is_record=(LINE.str.contains(" -> ", literal=True) & LINE.str.contains(IS_FAST))
    | (LINE.str.contains("/", literal=True) & LINE.str.contains(IS_CSV))
    | (
        (
            LINE.str.contains('"src_ap"', literal=True)
            | (LINE.str.contains('"src_addr"', literal=True) & LINE.str.contains('"sid"', literal=True))
        )
        & LINE.str.contains(IS_JSON)
    )
    | LINE.str.contains(BLOCK_LINE),
    layout=SnortAlerts(
        text=TEXT,
        json=JSON,
        blocks=Blocks(),
        is_json=LINE.str.contains(IS_JSON),
        is_block=LINE.str.contains(BLOCK_LINE),
    ),
    columns={
        "n_lines": uint("@n_lines", bits=16),
        "ts": pl.coalesce(epoch("seconds"), pl.when(pl.col("own_local").is_null()).then(pl.col("@ts"))),
        "ts_local": pl.coalesce("own_local", "@ts_local"),
        "sensor": pl.when(pl.col("@program").str.contains("(?i)snort|suricata|pfsense|barnyard").fill_null(False)).then(
            pl.col("@host")
        ),
        "action": pl.when(DENIED).then(pl.lit("deny")).otherwise(pl.lit("alert")),
        "disposition": pl.coalesce(VERDICT, lower("kind")),
        "protocol": lower("proto").str.replace(r"^proto:?0*", ""),
        "src_ip": end("src"),
        "src_port": end_port("src"),
        "dst_ip": end("dst"),
        "dst_port": end_port("dst"),
        "bytes_out": uint("length", "pkt_len"),
        "tcp_flags": tcp_flag_letters(text("flags", "tcp_flags"), "12UAPRSF"),
        "icmp_type": code("icmp_type"),
        "icmp_code": code("icmp_code"),
        "in_iface": pl.col("iface"),
        "app": pl.coalesce("app", pl.when(pl.col("service") != "unknown").then(pl.col("service"))).str.to_lowercase(),
        "reason": pl.when(text("class", "plain_class") != "none").then(text("class", "plain_class")),
        "signature": text("signature", "plain", "msg").str.replace_all('""', '"', literal=True),
        "signature_id": ID,
        "severity": mapped("priority", {"1": "high", "2": "medium", "3": "low", "4": "informational"}),
    },
)
