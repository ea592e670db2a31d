"""VMware NSX firewall packet logs: distributed firewall (`dfwpktlogs`, FIREWALL-PKTLOG) and gateway firewall.

`INET match PASS domain-c7/1001 IN 60 TCP a/p->b/p S tag`, with the filter's hash before it or not, behind any header; a
session's end (`TERM`) carries why it ended and the counters of both directions. The gateway's lines have the interface
in angle brackets and may say `reason-match`. NSX for vSphere before 6.1 wrote comma-separated fields.

Reference: https://docs.vmware.com/en/VMware-NSX/4.1/administration/GUID-D57429A1-A0A9-42BE-A299-0C3C3546ABF3.html
Reference: https://docs.vmware.com/en/VMware-NSX/4.1/administration/GUID-1D754B94-1523-4C7E-A248-F524B974A66B.html

Time: that of the header (UTC in RFC 5424 and in the log file). Of two counters the
first is from source to destination. IN and OUT are as the workload's or the gateway's interface sees them. Verdicts of
NAT rules are no decision. Not covered: layer-7 and IDS events of NSX.
"""

# ruff: noqa: E501 (one sentence of the vendor, one line)
from __future__ import annotations

import polars as pl

from fwforensics.formats._fields import host_name, lower, mapped, port, tcp_flag_letters, uint
from fwforensics.formats._format import Format
from fwforensics.formats._layouts import LINE, Messages

ADDRESS = r"[0-9A-Fa-f]*[.:][0-9A-Fa-f.:]+"
ENDS = rf"(?P<src>{ADDRESS})(?:%\w+)?(?:/(?P<src_port>\d+))?->(?P<dst>{ADDRESS})(?:%\w+)?(?:/(?P<dst_port>\d+))?"
RECORD = (
    r"^(?:(?P<filter>[0-9a-f]{7,8}) )?(?P<family>INET6?) (?:reason-)?(?P<reason>[A-Za-z][\w-]*) (?:(?P<verdict>[A-Z][A-Z-]*) )?(?:(?P<ruleset>[^\s/]+)/)?(?P<rule>\S+) "
    r"(?P<direction>IN|OUT) (?:(?P<length>\d+) )?(?:PROTO (?P<number>\d+)|(?P<proto>[A-Z][\w-]*))(?: (?P<icmp>\d+/\d+|\d+ \d+))? "
    rf"(?:(?P<ended>[A-Z][A-Z-]*) )?{ENDS}"
    r"(?: (?P<packets_out>\d+)/(?P<packets_in>\d+) (?P<bytes_out>\d+)/(?P<bytes_in>\d+))?"
    r"(?: (?P<flags>[SAFRPUEWC]+))?(?: +(?P<tag>\S.*?))?\s*$"
)
COMMAS = (
    r"^ *(?P<verdict>[A-Z]+), *(?:(?P<ruleset>[^\s/,]+)/)?(?P<rule>[^,]+), *(?P<direction>IN|OUT), *(?P<length>\d+), *(?P<proto>\w+), *"
    rf"(?P<src>{ADDRESS}), *(?P<src_port>\d*), *(?P<dst>{ADDRESS}), *(?P<dst_port>\d*)(?:, *(?P<flags>[SAFRPUEWC]*))?\s*$"
)
BEGIN = r"INET6? (?:reason-)?[A-Za-z][\w-]* (?:[A-Z][A-Z-]* )?\S+ (?:IN|OUT) "
FIELDS = rf"(?:^|[\s>])({BEGIN}.*->)"
OLD = r"dfwpktlogs: [A-Z]+, "
ACTIONS = {
    **dict.fromkeys(("pass", "allow", "copy", "redirect", "punt", "pbr"), "allow"),
    **dict.fromkeys(("drop", "reject", "block", "deny"), "deny"),
}
VERDICT = lower("verdict")
ENDED = (lower("reason") == "term").fill_null(False)
TAG = pl.col("tag")
#: `name(uuid)`: the rule knew the name, and the attribute that it matched.
NAME = TAG.str.extract(r"^([\w.*-]+\.[A-Za-z]{2,})\(")

FORMAT = Format(
    name="vmware_nsx_dfw",
    title="VMware NSX distributed and gateway firewall packet logs",
    reference="https://docs.vmware.com/en/VMware-NSX/4.1/administration/GUID-D57429A1-A0A9-42BE-A299-0C3C3546ABF3.html",
    notes="Sessions' ends (TERM) are allow unless they say otherwise.",
    is_record=(
        LINE.str.contains("INET", literal=True) & LINE.str.contains("->", literal=True) & LINE.str.contains(FIELDS)
    )
    | (LINE.str.contains("dfwpktlogs: ", literal=True) & LINE.str.contains(OLD)),
    layout=Messages(
        id=pl.lit("packet"),
        body=pl.coalesce(
            LINE.str.extract(rf"^(.*?(?:^|[\s>]))(?:[0-9a-f]{{7,8}} )?{BEGIN}"), LINE.str.extract(r"^(.*?dfwpktlogs: )")
        ).str.len_bytes(),
        patterns={"packet": (RECORD, COMMAS)},
        keep=("tag", "reason"),
    ),
    columns={
        "sensor": pl.col("@host"),
        "action": pl.coalesce(mapped(VERDICT, ACTIONS), pl.when(ENDED & VERDICT.is_null()).then(pl.lit("allow"))),
        "disposition": pl.coalesce(VERDICT, lower("reason")),
        "direction": mapped("direction", {"in": "inbound", "out": "outbound"}),
        "protocol": pl.coalesce(
            pl.col("number"),
            pl.when((pl.col("family") == "INET6") & (pl.col("proto") == "ICMP")).then(pl.lit("ipv6-icmp")),
            lower("proto"),
        ),
        "src_ip": pl.col("src"),
        "src_port": port("src_port"),
        "dst_ip": pl.col("dst"),
        "dst_port": port("dst_port"),
        "bytes_out": uint("bytes_out", "length"),
        "bytes_in": uint("bytes_in"),
        "packets_out": uint("packets_out"),
        "packets_in": uint("packets_in"),
        "tcp_flags": tcp_flag_letters(pl.col("flags").str.replace_all("W", "C", literal=True)),
        "icmp_type": pl.col("icmp").str.extract(r"^(\d+)").cast(pl.UInt8, strict=False),
        "icmp_code": pl.col("icmp").str.extract(r"(\d+)$").cast(pl.UInt8, strict=False),
        "rule": pl.col("rule"),
        "reason": pl.coalesce(lower("ended"), pl.when(~lower("reason").is_in(["match", "term"])).then(lower("reason"))),
        "app": TAG.str.extract(r"^APP_(\w+)").str.to_lowercase(),
        "dst_name": host_name(NAME),
    },
)
