"""What a layout of a feed is, and how its entries become indicators: networks, addresses, names; nothing else.

Entries are taken as people write them: `hxxp://` and `[.]`, URLs, `address:port`, `*.name`. What is no address and no
name (hashes, mail addresses) is left out and counted; so is what would mark everything: networks wider than a /8 or a
/16 of IPv6, addresses that are not public, names without a dot, and public suffixes.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from importlib import import_module

import polars as pl

from fwforensics.enrich._data import special
from fwforensics.formats._finish import canonical_addresses
from fwforensics.knowledge import spans

#: What a layout reads of each entry; `raw` is as it stands there.
ENTRY: dict[str, pl.DataType | type[pl.DataType]] = {
    "raw": pl.String, "label": pl.String, "category": pl.String, "as_of": pl.Datetime("us"),
    "expires_at": pl.Datetime("us"),
}  # fmt: skip
ADDRESS4 = r"^\d{1,3}(?:\.\d{1,3}){3}$"
NAME = r"^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9-]{2,63}$"
#: What feeds call it → category. Longer words first: the first that is found in the feed's word counts.
CATEGORIES = {
    "cryptomin": "mining", "coinmin": "mining", "mining": "mining", "miner": "mining", "xmrig": "mining",
    "botnet": "c2", "command and control": "c2", "command-and-control": "c2", "c&c": "c2", "c2": "c2",
    "payload": "malware", "malware": "malware", "ransom": "malware", "trojan": "malware", "stealer": "malware",
    "phish": "phishing", "tor": "tor", "exit": "tor", "vpn": "vpn", "proxy": "proxy", "anonymiz": "proxy",
    "tunnel": "tunnel", "scan": "scanner", "bruteforce": "scanner", "brute-force": "scanner", "spam": "spam",
}  # fmt: skip
UNSORTED = "listed"


@dataclass(frozen=True, slots=True)
class Feed:
    """What was read of a feed: entries, what was left out already and why, and the day that the feed says it is of."""

    entries: pl.DataFrame
    left_out: dict[str, int] = field(default_factory=dict)
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """One layout.

    Attributes:
        name: the module's name.
        title: whose it is.
        order: those with lower numbers are asked first.
        knows: is a content of this layout? It gets the first part, and the file's name in lower case.
        read: entries of the whole text.
    """

    name: str
    title: str
    order: int
    knows: Callable[[str, str], bool]
    read: Callable[[str], Feed]


@cache
def layouts() -> tuple[Layout, ...]:
    """All layouts, in the order in which they are asked."""
    package = import_module("fwforensics.enrich.layouts")
    names = [m.name for m in pkgutil.iter_modules(package.__path__) if not m.name.startswith("_")]
    found = [import_module(f"{package.__name__}.{name}").LAYOUT for name in names]
    return tuple(sorted(found, key=lambda layout: layout.order))


def entries(**columns: pl.Series | list[str] | list[str | None] | list[datetime | None]) -> pl.DataFrame:
    """Entries of the columns that a layout has; the others are NULL."""
    frame = pl.DataFrame({name: pl.Series(name, values, ENTRY[name]) for name, values in columns.items()})
    return frame.with_columns(pl.lit(None, t).alias(n) for n, t in ENTRY.items() if n not in columns).select(
        list(ENTRY)
    )


def category(words: pl.Expr) -> pl.Expr:
    """The category of what a feed calls an entry; its own word where that is not known."""
    lower = words.str.to_lowercase()
    found = pl.lit(None, pl.String)
    for word, meant in reversed(CATEGORIES.items()):
        found = (
            pl.when(lower.str.contains(rf"\b{word}" if word.isalnum() else word, literal=not word.isalnum()))
            .then(pl.lit(meant))
            .otherwise(found)
        )
    own = lower.str.replace_all(r"[^a-z0-9]+", "-").str.strip_chars("-").str.slice(0, 32).replace("", None)
    return pl.coalesce(found, own)


def moments(texts: pl.Expr) -> pl.Expr:
    """Times as feeds write them: ISO 8601 with or without zone, or seconds since 1970."""
    plain = (
        texts.str.strip_chars('" ')
        .str.replace(r"\s?(?:UTC|GMT)$", "")
        .str.replace("T", " ")
        .str.replace(r"(?:Z|\+00:?00)$", "")
    )
    return pl.coalesce(
        plain.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", strict=False),
        plain.str.to_datetime("%Y-%m-%d %H:%M", time_unit="us", strict=False),
        plain.str.to_date("%Y-%m-%d", strict=False).cast(pl.Datetime("us")),
        pl.from_epoch(plain.str.extract(r"^(\d{9,10})$").cast(pl.Int64, strict=False), "s").cast(pl.Datetime("us")),
    )


def typed(read: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, int]]:
    """Entries with `kind` and `value`, and what was left out, counted by reason."""
    frame = read.with_columns(value=_plain(pl.col("raw"))).with_columns(
        kind=pl.when(pl.col("value").str.contains(r"/\d{1,3}$")).then(pl.lit("cidr"))
        .when(SIX | pl.col("value").str.contains(ADDRESS4)).then(pl.lit("ip"))
        .when(pl.col("value").str.contains(NAME)).then(pl.lit("domain"))
    )  # fmt: skip
    parts = [
        _addresses(frame.filter(kind="ip")),
        _networks(frame.filter(kind="cidr")),
        _names(frame.filter(kind="domain")),
    ]
    reasons = {"neither address nor name": frame["kind"].null_count()}
    for _, counted in parts:
        for reason, count in counted.items():
            reasons[reason] = reasons.get(reason, 0) + count
    good = pl.concat([part for part, _ in parts]).unique(
        ["kind", "value", "category"], keep="first", maintain_order=True
    )
    return good, {reason: count for reason, count in reasons.items() if count}


#: What people put around names so that nobody follows them by mistake, and schemes.
DEFANGED = r"\[?\(?\[\.\]\)?\]?|\(\.\)|\[dot\]"
SCHEME = r"^(?:h(?:xx|tt)ps?|ftp|tcp|udp|socks[45]?|stratum\+\w+)\[?:\]?//"
SIX = pl.col("value").str.contains(":", literal=True)


def _plain(raw: pl.Expr) -> pl.Expr:
    """An entry without what people put around it: brackets of defanged names, scheme, path, port."""
    text = raw.str.strip_chars("\"' \t\r").str.to_lowercase().str.replace_all(DEFANGED, ".")
    text = text.str.replace_all("[:]", ":", literal=True).str.replace(SCHEME, "")
    network = text.str.contains(r"^[0-9a-f.:]+/\d{1,3}$")
    host = text.str.replace(r"[/?#].*$", "").str.replace(r"^[^@]*:[^@]*@", "")
    host = host.str.replace(r"^\[([0-9a-f:.]+)\](?::\d+)?$", "$1").str.replace(r"^([^:]*)[:|]\d{1,5}$", "$1")
    host = host.str.replace(r"^(?:\*\.|\|\||\.)", "").str.strip_chars("^.")
    return pl.when(network).then(text).otherwise(host).replace("", None)


def _addresses(frame: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, int]]:
    known = frame.with_columns(canonical_addresses(frame["value"]).alias("value"))
    good = known.filter(pl.col("value").is_not_null() & _valid())
    length = pl.when(SIX).then(pl.lit("/128")).otherwise(pl.lit("/32"))
    public = good.filter(~_not_public(good.select(pl.col("value") + length).to_series()))
    return public, {"neither address nor name": known.height - good.height, "not public": good.height - public.height}


def _valid() -> pl.Expr:
    """No part of a dotted address above 255."""
    return SIX | ~pl.col("value").str.contains(r"(?:^|\.)(?:2(?:5[6-9]|[6-9]\d)|[3-9]\d\d|0\d+)(?:\.|$)")


def _networks(frame: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, int]]:
    known = spans(frame["value"].unique())
    good = frame.join(known.filter(pl.col("low").is_not_null()), on="value", maintain_order="left")
    bits = pl.col("value").str.extract(r"/(\d+)$").cast(pl.Int64)
    narrow = good.filter(bits >= pl.when(SIX).then(16).otherwise(8))
    public = narrow.filter(~_not_public(narrow["value"]))
    counted = {
        "neither address nor name": frame.height - good.height, "too wide": good.height - narrow.height,
        "not public": narrow.height - public.height,
    }  # fmt: skip
    return public.select(frame.columns), counted


def _not_public(networks: pl.Series) -> pl.Series:
    """Which networks lie in ranges that are not public; documentation ranges are taken, as examples use them."""
    import ipaddress

    closed = special().filter((pl.col("global") == "no") & ~pl.col("tag").is_in(["documentation", "benchmark"]))["cidr"]
    nets = [ipaddress.ip_network(c) for c in closed]
    heads = {f"{a}." for n in nets if n.version == 4 for a in range(int(n[0]) >> 24, (int(n[-1]) >> 24) + 1)}
    suspects = networks.str.extract(r"^(\d+\.)").is_in(list(heads)) | networks.str.contains(":", literal=True)

    def inside(text: str) -> bool:
        net = ipaddress.ip_network(text, strict=False)
        return any(net.version == n.version and net.subnet_of(n) for n in nets)  # type: ignore[arg-type]

    return pl.Series([bool(s) and inside(t) for t, s in zip(networks, suspects, strict=True)], dtype=pl.Boolean)


def _names(frame: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, int]]:
    wide = frame["value"].is_in(list(_suffixes()))
    local = frame["value"].str.contains(r"(?:^|\.)(?:localhost|localdomain|local|lan|internal|home\.arpa)$")
    good = frame.filter(~wide & ~local)
    return good, {"public suffix": int(wide.sum()), "not public": int((local & ~wide).sum())}


@cache
def _suffixes() -> frozenset[str]:
    """Public suffixes, out of the snapshot that the package of tldextract carries."""
    import tldextract

    return frozenset(tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None).tlds)
