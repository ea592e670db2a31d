"""pf's log interface as `tcpdump -e -i pflog0` prints it, on OpenBSD, FreeBSD and macOS, also through syslog.

`rule 0/(match) pass in on em0: a.p > b.p: …` (OpenBSD, with `[uid 0, pid 1]` or not) and `rule 5/0(match): block in on
em0: IP a.p > b.p: …`; the port stands behind a dot. What follows the addresses is tcpdump's description of the packet,
out of which protocol, TCP flags and ICMP type are read, and the length where it is the packet's own.

Reference: https://man.openbsd.org/pflog.4
Reference: https://man.openbsd.org/tcpdump.8

Time: that which tcpdump's -t options give: `Mar 16 09:38:10.163701` (no year), `2026-03-16 09:38:10.163701`, epoch
seconds, or none (a clock or a difference alone). Names in place of addresses are not read: use -n. Not covered: the
two-line form of `tcpdump -v`, whose second line has the addresses.
"""

# ruff: noqa: E501 (one sentence of the vendor, one line)
from __future__ import annotations

import polars as pl

from fwforensics.formats._cisco_words import SERVICES
from fwforensics.formats._fields import epoch, lower, mapped, text, uint
from fwforensics.formats._format import Format
from fwforensics.formats._layouts import LINE, Messages

ACTIONS = {"pass": "allow", "block": "deny", "drop": "deny", "synproxy drop": "deny"}
VERDICTS = r"pass|block|match|scrub|noscrub|nat|nonat|binat|nobinat|rdr|nordr|synproxy drop|defer|divert|unkn\(\d+\)"
RULE = r"rule (?P<rule>[^\s/(]+)/(?P<sub>\d*)\((?P<reason>[\w-]+)\)"
WHO = r"(?: \[uid (?P<uid>\d+)(?:, pid (?P<pid>\d+))?\])?"
V4, V6 = r"\d{1,3}(?:\.\d{1,3}){3}", r"[0-9A-Fa-f]*:[0-9A-Fa-f:]*(?:\d{1,3}(?:\.\d{1,3}){3})?"
END = rf"(?P<{{0}}>{V4}|{V6})(?:%\w+)?(?:\.(?P<{{0}}_port>[\w-]+))?"
ENDS = f"{END.replace('{0}', 'src')} > {END.replace('{0}', 'dst')}"
RECORD = (
    rf"^{RULE}:?{WHO} ?(?P<verdict>{VERDICTS}) (?P<direction>in|out) on (?P<iface>[^\s:]+): ?{WHO.replace('uid>', 'uid2>').replace('pid>', 'pid2>')} ?"
    rf"(?:(?:[0-9a-f]{{2}}:){{5}}\S+ .*?: )?(?:IP6?,? )?(?P<header>\([^>]*?\))? ?{ENDS}(?:: ?(?P<rest>.*))?$"
)
ANY = rf"rule [^\s/(]+/\d*\([\w-]+\):?(?: \[uid[^\]]*\])? ?(?:{VERDICTS}) (?:in|out) on "
REST, HEADER = pl.col("rest").fill_null(""), pl.col("header").fill_null("")


def said(pattern: str) -> pl.Expr:
    """Does the packet's description begin so?"""
    return REST.str.contains(rf"^(?i:\[?(?:{pattern}))")


PORT = pl.coalesce("src_port", "dst_port")
#: The end of TCP's old form (`S 1:1(0) ack 2 win 3`) and of the new one (`Flags [S.]`).
TCP = REST.str.contains(r"^(?:Flags \[|tcp |[SFPRWE]+ |\. (?:ack|\d)|[SFPRWE.]{1,8} (?:\d+:\d+|ack))")
IN_HEADER = HEADER.str.extract(r"(?:proto|next-header) \w+ \((\d+)\)")
PROTOCOL = (
    pl.when(IN_HEADER.is_not_null()).then(IN_HEADER)
    .when(said("icmp6")).then(pl.lit("ipv6-icmp"))
    .when(said("icmp")).then(pl.lit("icmp"))
    .when(TCP & PORT.is_not_null()).then(pl.lit("tcp"))
    .when(said("esp")).then(pl.lit("esp"))
    .when(said("ah")).then(pl.lit("ah"))
    .when(said("gre")).then(pl.lit("gre"))
    .when(said("igmp")).then(pl.lit("igmp"))
    .when(said("pim")).then(pl.lit("pim"))
    .when(said("ospf")).then(pl.lit("ospf"))
    .when(said("sctp")).then(pl.lit("sctp"))
    .when(said("carp|vrrp") & PORT.is_null()).then(pl.lit("vrrp"))
    .when(said(r"ip-proto-\d+")).then(REST.str.extract(r"(?i)^ip-proto-(\d+)"))
    # tcpdump takes apart what runs over UDP and prints no transport for it.
    .when(PORT.is_not_null() & (REST != "")).then(pl.lit("udp"))
)  # fmt: skip
FLAGS = pl.coalesce(REST.str.extract(r"^Flags \[([^\]]*)\]"), REST.str.extract(r"^(?:tcp )?([SFPRWEU.]{1,8}) "))
ACK = FLAGS.str.contains(".", literal=True) | REST.str.contains(r"^[SFPRWEU.]+ .*\back \d")
MARKS = {"C": "W", "E": "E", "U": "U", "A": None, "P": "P", "R": "R", "S": "S", "F": "F"}
LETTERS = pl.concat_str(
    pl.when((ACK if mark is None else FLAGS.str.contains(mark, literal=True)).fill_null(False))
    .then(pl.lit(letter))
    .otherwise(pl.lit(""))
    for letter, mark in MARKS.items()
)
TYPES = {
    "echo reply": 0, "echo request": 8, "redirect": 5, "time exceeded": 11, "source quench": 4, "parameter problem": 12,
    "router advertisement": 9, "router solicitation": 10, "time stamp query": 13, "time stamp reply": 14,
}  # fmt: skip
TYPES_6 = {
    "echo reply": 129, "echo request": 128, "redirect": 137, "time exceeded": 3, "parameter problem": 4, "packet too big": 2,
    "destination unreachable": 1, "router advertisement": 134, "router solicitation": 133, "neighbor adv": 136,
    "neighbor sol": 135, "multicast listener": 131,
}  # fmt: skip
WHAT = REST.str.to_lowercase()


def typed(types: dict[str, int]) -> pl.Expr:
    """The ICMP type that the description names."""
    result: pl.Expr = pl.lit(None, pl.UInt8)
    for words, number in types.items():
        result = pl.when(WHAT.str.contains(words, literal=True)).then(pl.lit(number, pl.UInt8)).otherwise(result)
    return result


UNREACHABLE = WHAT.str.contains(r"\bunreachable\b|admin prohibited").fill_null(False)
NUMBER = pl.col("@head").str.extract(r"^(\d{9,10}\.\d{1,6}) $")


def named_port(key: str) -> pl.Expr:
    """A port, by number or by name."""
    return pl.coalesce(uint(key, bits=16), mapped(key, SERVICES).cast(pl.UInt16, strict=False))


FORMAT = Format(
    name="pf_tcpdump",
    title="pf log as text of tcpdump (pflog0)",
    reference="https://man.openbsd.org/pflog.4",
    notes="tcpdump prints a date with -ttt (OpenBSD) or -tttt only; without one the records have no time.",
    is_record=LINE.str.contains("rule ", literal=True) & LINE.str.contains(" on ", literal=True) & LINE.str.contains(rf"(?:^|\s){ANY}"),
    is_noise={"comment": LINE.str.contains(r"^(?:tcpdump: )?(?:listening on pflog\d|WARNING: snaplen)")},
    layout=Messages(
        id=pl.lit("packet"),
        body=LINE.str.extract(rf"^(.*?)(?:{ANY})").str.len_bytes(),
        patterns={"packet": (RECORD,)},
        keep=("rest", "reason"),
    ),
    columns={
        "ts": pl.coalesce(epoch(NUMBER), "@ts"),
        "ts_local": pl.when(NUMBER.is_null()).then(pl.col("@ts_local")),
        "sensor": pl.when(pl.col("@program").str.contains(r"^(?:pf|pflog\w*|tcpdump|logger)$").fill_null(False)).then(pl.col("@host")),
        "action": mapped("verdict", ACTIONS),
        "disposition": lower("verdict"),
        "direction": mapped("direction", {"in": "inbound", "out": "outbound"}),
        "protocol": PROTOCOL,
        "src_ip": pl.col("src"),
        "src_port": named_port("src_port"),
        "dst_ip": pl.col("dst"),
        "dst_port": named_port("dst_port"),
        "bytes_out": pl.coalesce(
            HEADER.str.extract(r", length:? (\d+)\)").cast(pl.UInt64, strict=False),
            REST.str.extract(r"\(ttl \d+, id \d+, len (\d+)").cast(pl.UInt64, strict=False),
        ),
        "tcp_flags": pl.when((PROTOCOL == "tcp") & (LETTERS != "")).then(LETTERS),
        "icmp_type": pl.when(PROTOCOL.is_in(["ipv6-icmp", "58"])).then(typed(TYPES_6))
        .when(PROTOCOL.is_in(["icmp", "1"])).then(pl.when(UNREACHABLE).then(pl.lit(3, pl.UInt8)).otherwise(typed(TYPES))),
        "in_iface": pl.when(pl.col("direction") == "in").then(pl.col("iface")),
        "out_iface": pl.when(pl.col("direction") == "out").then(pl.col("iface")),
        "rule": text("rule"),
        "reason": pl.when(pl.col("reason") != "match").then(pl.col("reason")),
    },
)  # fmt: skip
