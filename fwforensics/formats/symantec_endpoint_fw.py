"""Symantec Endpoint Protection (Broadcom): traffic, packet and security logs of agents.

As the manager sends them over syslog (`SymantecServer: host,Local Host IP: …,Remote Host IP: …`) or dumps them to text
files (`time,severity,host,…`). Logs of scans, risks, policies and the manager itself name no remote end and are not
read.

Reference: https://techdocs.broadcom.com/us/en/symantec-security-software/endpoint-security-and-management/endpoint-protection/all/Monitoring-Reporting-and-Enforcing-Compliance/viewing-logs-v7522439-d37e464/external-logging-settings-v7522466-d37e1062.html

Time: `Begin` and `End`, local to the manager; a packet log has that of the syslog header. The remote end opened what is
`Inbound`. `Action` is the firewall's; a security log says in its description whether an attack was blocked: what was
only detected is an alert. An end 0.0.0.0 was not recorded.
"""

from __future__ import annotations

import polars as pl

from fwforensics.formats._extension_columns import STANDARD, given, moment, named_host, with_times
from fwforensics.formats._fields import lower, port, uint
from fwforensics.formats._format import Format
from fwforensics.formats._layouts import LINE
from fwforensics.formats._listed_pairs import ListedPairs
from fwforensics.formats._verdicts import verdict

PROTOCOLS = "TCP|UDP|ICMP|ICMPv6|ICMPV6|OTHERS|Others|ETHERNET|Ethernet|RAW|IP|ARP|Unknown|UNKNOWN|ALL"
KEPT = ("Application", "Event Description", "Intrusion URL", "Remote Host Name")
HEAD = r"^(.*?\bSymantecServer(?: [^:]*)?: |<\d+>\d \S+ \S+ \S+ \S+ \S+ (?:-|\[.*?\]) )"
REWRITE = (
    (r",(Inbound|Outbound|Unknown)(,|$)", ",Traffic Direction: ${1}${2}"),
    (rf",({PROTOCOLS})(,|$)", ",Network Protocol: ${1}${2}"),
)
LOCAL = pl.coalesce("Local Host IP", "Local Host", "Local").str.strip_chars(". ")
REMOTE = pl.coalesce("Remote Host IP", "Remote Host", "Remote").str.strip_chars(". ")
INWARD = (lower("Traffic Direction") == "inbound").fill_null(False)
SAID = pl.col("Event Description")
PROTOCOL, NO_PROTOCOL = lower("Network Protocol"), ("others", "unknown", "ethernet", "raw", "all", "ip", "arp")
IS_ATTACK = SAID.is_not_null() | pl.col("CIDS Signature ID").is_not_null()
#: What a security log says at the end of its description.
OUTCOME = SAID.str.extract(r"(?i)\b(detected but not blocked|has been blocked|(?:attack |not )?blocked|allowed)\b")
WORD = pl.coalesce(pl.col("Action"), OUTCOME)


def end(inward: pl.Expr, outward: pl.Expr) -> pl.Expr:
    """A column of the end that opened the traffic, or of the other one."""
    return pl.when(INWARD).then(inward).otherwise(outward)


FORMAT = Format(
    name="symantec_endpoint_fw",
    title="Symantec Endpoint Protection traffic, packet and security logs",
    reference=(
        "https://techdocs.broadcom.com/us/en/symantec-security-software/endpoint-security-and-management/"
        "endpoint-protection/all.html"
    ),
    notes="Times are local to the manager: --tz.",
    is_record=LINE.str.contains(r",Local(?: Host(?: IP)?)?: ") & LINE.str.contains(r",Remote Host(?: IP| Name)?: "),
    layout=with_times(
        ListedPairs(
            begin=LINE.str.extract(HEAD).str.len_bytes(),
            rewrite=REWRITE,
            keep=KEPT,
        ),
        moment("Begin", "Begin Time", "Event Time"),
        moment("End", "End Time"),
    ),
    columns={
        **{c: STANDARD[c] for c in ("ts", "ts_local", "ts_end", "ts_end_local")},
        "kind": pl.when(IS_ATTACK).then(pl.lit("ids")).otherwise(pl.lit("firewall")),
        "sensor": pl.coalesce(pl.col("text").str.extract(r"([^,\s]+)$"), pl.col("@host")),
        "action": pl.when(WORD.str.contains(r"(?i)not blocked"))
        .then(pl.lit("alert"))
        .otherwise(verdict(WORD, IS_ATTACK)),
        "disposition": WORD.str.to_lowercase(),
        "direction": pl.when(INWARD)
        .then(pl.lit("inbound"))
        .when(lower("Traffic Direction") == "outbound")
        .then(pl.lit("outbound")),
        "protocol": pl.when(~PROTOCOL.is_in(NO_PROTOCOL)).then(PROTOCOL),
        "src_ip": end(REMOTE, LOCAL),
        "src_port": end(port("Remote Port"), port("Local Port")),
        "dst_ip": end(LOCAL, REMOTE),
        "dst_port": end(port("Local Port"), port("Remote Port")),
        "rule": given("Rule", "Rule Name"),
        "reason": pl.when(IS_ATTACK).then(SAID),
        "app": given("Application"),
        "dst_name": pl.when(~INWARD).then(named_host("Intrusion URL", "Remote Host Name")),
        "user_name": given("User Name", "User"),
        "signature": given("CIDS Signature string"),
        "signature_id": pl.when(pl.col("CIDS Signature ID") != "0").then(pl.col("CIDS Signature ID")),
        "repeat_count": uint("Occurrences", bits=32),
    },
)
