"""Target groups: destinations that are the same thing for an investigation.

An address with exactly one name in the case belongs to the registrable domain of that name (public suffixes from the
snapshot inside `tldextract`, never from the network); else an internal one is "internal"; else it is its /24 or /48.
"""

from __future__ import annotations

import ipaddress
from functools import cache, lru_cache

import polars as pl
import tldextract


@cache
def _suffixes() -> tldextract.TLDExtract:
    return tldextract.TLDExtract(cache_dir=None, suffix_list_urls=(), include_psl_private_domains=False)


@lru_cache(maxsize=1 << 16)
def registrable_domain(name: str) -> str | None:
    """The domain that somebody registered, or the name itself where it has no public suffix; NULL for an address."""
    text = name.strip(".").lower()
    if not text or all(c in "0123456789.:" for c in text):
        return None
    found = _suffixes()(text)
    return f"{found.domain}.{found.suffix}" if found.domain and found.suffix else text


@lru_cache(maxsize=1 << 16)
def network_of(ip: str) -> str:
    """The /24 or /48 of an address."""
    width = 48 if ":" in ip else 24
    return str(ipaddress.ip_network(f"{ip}/{width}", strict=False))


def target_groups(addresses: pl.DataFrame) -> pl.DataFrame:
    """The target group of each address.

    Args:
        addresses: `ip`, `name` (the one name, or NULL), `scope`.

    Returns:
        `ip`, `target`.
    """
    targets = [
        "internal" if scope == "internal" else (registrable_domain(name) if name else None) or network_of(ip)
        for ip, name, scope in addresses.select("ip", "name", "scope").iter_rows()
    ]
    return pl.DataFrame({"ip": addresses["ip"], "target": pl.Series(targets, dtype=pl.String)})
