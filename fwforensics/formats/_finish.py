"""What holds for every record of every format, said once: canonical addresses, ports only where there are any."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

import polars as pl

from fwforensics.schema import CANONICAL, TABLES

ADDRESSES = ("src_ip", "dst_ip", "src_nat_ip", "dst_nat_ip")
#: IANA protocol numbers that firewalls write, by keyword.
PROTOCOLS = {
    "0": "hopopt", "1": "icmp", "2": "igmp", "3": "ggp", "4": "ipv4", "5": "st", "6": "tcp", "8": "egp", "9": "igp",
    "17": "udp", "27": "rdp", "33": "dccp", "41": "ipv6", "43": "ipv6-route", "44": "ipv6-frag", "46": "rsvp",
    "47": "gre", "50": "esp", "51": "ah", "55": "mobile", "58": "ipv6-icmp", "59": "ipv6-nonxt", "60": "ipv6-opts",
    "88": "eigrp", "89": "ospfigp", "94": "ipip", "97": "etherip", "98": "encap", "103": "pim", "108": "ipcomp",
    "112": "vrrp", "115": "l2tp", "124": "isis", "132": "sctp", "133": "fc", "136": "udplite", "137": "mpls-in-ip",
}  # fmt: skip
SYNONYMS = {
    "icmpv6": "ipv6-icmp", "icmp6": "ipv6-icmp", "icmp-v6": "ipv6-icmp", "ipv6icmp": "ipv6-icmp", "ospf": "ospfigp",
    "ipinip": "ipv4", "ipencap": "ipv4", "tcpv6": "tcp", "tcp6": "tcp", "udp6": "udp", "igmpv2": "igmp", "ip6": "ipv6",
}  # fmt: skip
WITH_PORTS = ("tcp", "udp", "sctp", "dccp", "udplite", "udp-lite")
IPV4 = r"^(?:(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.){3}(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])$"
NONE_GIVEN = ("0.0.0.0", "::")  # noqa: S104 (a text to compare with, nothing is bound)


@lru_cache(maxsize=1 << 17)
def canonical_address(text: str) -> str | None:
    """RFC 5952 text of an address; IPv4-mapped IPv6 as IPv4; without zone index, brackets or prefix length."""
    try:
        ip = ipaddress.ip_address(text.strip("[] ").partition("%")[0].partition("/")[0])
    except ValueError:
        return None
    mapped = getattr(ip, "ipv4_mapped", None)
    return str(mapped or ip)


def canonical_addresses(column: pl.Series) -> pl.Series:
    """All texts as canonical addresses; NULL for what is none. Plain IPv4 stays as it is."""
    if column.dtype != pl.String:
        return column.cast(pl.String)
    plain = column.str.contains(IPV4).fill_null(True)
    if plain.all():
        return column
    odd = column.filter(~plain)
    texts = odd.unique()
    table = pl.DataFrame({"raw": texts, "ip": pl.Series([canonical_address(t) for t in texts], dtype=pl.String)})
    fixed = odd.to_frame("raw").join(table, on="raw", how="left", maintain_order="left")["ip"]
    return column.scatter((~plain).arg_true(), fixed)


def conform(frame: pl.DataFrame, table: str) -> pl.DataFrame:
    """Only columns of `table`, with its dtypes; provenance columns stay; numbers that do not fit are NULL."""
    dtypes = TABLES[table].dtypes
    return frame.select(
        pl.col(c).cast(dtypes[c], strict=False) if frame.schema[c] != dtypes[c] else pl.col(c)
        for c in frame.columns
        if c in dtypes
    )


def finish(frame: pl.DataFrame, table: str) -> pl.DataFrame:
    """Make a frame of mapped columns canonical; see `schema`."""
    if table not in CANONICAL:
        raise ValueError(table)
    given = set(frame.columns)
    ips = [c for c in frame.columns if c == "ip" or c.endswith("_ip")]
    if ips:
        frame = frame.with_columns(canonical_addresses(frame[c]) for c in ips)
    if "protocol" in given:
        frame = frame.with_columns(protocol=protocol_keyword(frame["protocol"]))
    if table == "events":
        frame = _events(frame)
    return conform(frame, table)


def protocol_keyword(given: pl.Series) -> pl.Series:
    """IANA keyword in lower case for names and numbers."""
    texts = given.unique().drop_nulls()
    low = texts.str.to_lowercase().str.strip_chars()
    words = low.replace({**PROTOCOLS, **SYNONYMS})
    return given.replace_strict(texts, words, default=None, return_dtype=pl.String)


def _events(frame: pl.DataFrame) -> pl.DataFrame:
    """The rules that only events have."""
    given = set(frame.columns)
    steps: list[pl.Expr] = []
    if "protocol" in given:
        has_ports = pl.col("protocol").is_in(WITH_PORTS) | pl.col("protocol").is_null()
        steps += [
            pl.when(has_ports).then(pl.col(c)).alias(c)
            for c in ("src_port", "dst_port", "src_nat_port", "dst_nat_port")
            if c in given
        ]
    if {"tcp_flags", "protocol"} <= given:
        # An ICMP error quotes a packet whose flags are not its own.
        is_tcp = (pl.col("protocol") == "tcp") | pl.col("protocol").is_null()
        steps.append(pl.when(is_tcp).then(pl.col("tcp_flags")).alias("tcp_flags"))
    if {"icmp_type", "protocol"} <= given:
        is_icmp = pl.col("protocol").is_in(["icmp", "ipv6-icmp"])
        steps += [pl.when(is_icmp).then(pl.col(c)).alias(c) for c in ("icmp_type", "icmp_code") if c in given]
    if "dst_name" in given:
        name = pl.col("dst_name").str.to_lowercase().str.strip_suffix(".")
        steps.append(pl.when(name != "").then(name).alias("dst_name"))
    frame = frame.with_columns(steps) if steps else frame
    for end in ("src", "dst"):
        if f"{end}_nat_ip" in given:
            frame = _translation(frame, end)
    return _totals(frame)


def _translation(frame: pl.DataFrame, end: str) -> pl.DataFrame:
    """NULL where a translated end repeats the original, or is written as zeros."""
    ip, port = f"{end}_nat_ip", f"{end}_nat_port"
    has_port = port in frame.columns
    real = pl.col(ip).is_not_null() & ~pl.col(ip).is_in(NONE_GIVEN)
    differs = pl.col(ip).ne_missing(pl.col(f"{end}_ip"))
    if has_port:
        real_port = pl.col(port).is_not_null() & (pl.col(port) != 0)
        differs = differs | (real_port & pl.col(port).ne_missing(pl.col(f"{end}_port")))
    keep = real & differs
    columns = [pl.when(keep).then(pl.col(ip)).alias(ip)]
    if has_port:
        columns.append(pl.when(keep & real_port).then(pl.col(port)).alias(port))
    return frame.with_columns(columns)


def _totals(frame: pl.DataFrame) -> pl.DataFrame:
    """Totals from the two directions where the record gives only these."""
    given = set(frame.columns)
    steps = []
    for what in ("bytes", "packets"):
        out, back = f"{what}_out", f"{what}_in"
        parts = [pl.col(c).cast(pl.UInt64, strict=False) for c in (out, back) if c in given]
        if not parts:
            continue
        total: pl.Expr = pl.when(pl.any_horizontal(p.is_not_null() for p in parts)).then(pl.sum_horizontal(parts))
        if what in given:
            total = pl.coalesce(pl.col(what).cast(pl.UInt64, strict=False), total)
        steps.append(total.alias(what))
    return frame.with_columns(steps) if steps else frame
