"""STIX 2.1 bundles: indicators with a STIX pattern; observables, reports and relations mark nothing.

Of a pattern every compared address, network, name and URL is taken, whatever else the pattern asks for; negated
comparisons are not. Revoked indicators are left out; `valid_until` ends an entry.

Reference: https://docs.oasis-open.org/cti/stix/v2.1/stix-v2.1.html
"""

from __future__ import annotations

import json
import re
from typing import Any

import polars as pl

from fwforensics.enrich.layouts._layout import Feed, Layout, category, entries, moments
from fwforensics.errors import UsageError

COMPARED = re.compile(
    r"(?P<object>ipv4-addr|ipv6-addr|domain-name|url|network-traffic)\s*:\s*[\w.'-]*(?:value|ref\.value)\s*"
    r"(?P<operator>=|IN|LIKE|ISSUBSET|!=|NOT\s+\w+)\s*(?P<values>\((?:[^)']|'(?:\\.|[^'\\])*')*\)|'(?:\\.|[^'\\])*')"
)
QUOTED = re.compile(r"'((?:\\.|[^'\\])*)'")


def knows(head: str, name: str) -> bool:
    """A JSON object that says it is a bundle, or indicators of one."""
    del name
    return head.lstrip()[:1] in ("{", "[") and (
        '"spec_version"' in head or '"bundle--' in head or "indicator--" in head
    )


def read(text: str) -> Feed:
    """The patterns of all indicators."""
    try:
        whole = json.loads(text)
    except json.JSONDecodeError as error:
        raise UsageError(f"this is no JSON: {error}") from error
    objects = whole.get("objects", []) if isinstance(whole, dict) else whole
    indicators = [o for o in objects if isinstance(o, dict) and o.get("type") == "indicator"]
    left = {"revoked": sum(bool(o.get("revoked")) for o in indicators), "no indicator": len(objects) - len(indicators)}
    rows = [row for o in indicators if not o.get("revoked") for row in _rows(o)]
    empty = sum(not _values(str(o.get("pattern"))) for o in indicators)
    left["pattern without address or name"] = empty
    columns = [list(column) for column in zip(*rows, strict=True)] if rows else [[], [], [], [], []]
    frame = entries(raw=columns[0], label=columns[1])
    given = pl.DataFrame(columns[2:], schema=dict.fromkeys(("category", "as_of", "expires_at"), pl.String))
    frame = frame.with_columns(
        given.select(category(pl.col("category")), moments(pl.col("as_of")), moments(pl.col("expires_at")))
    )
    return Feed(frame, {k: v for k, v in left.items() if v}, frame["as_of"].max())  # type: ignore[arg-type]


def _rows(indicator: dict[str, Any]) -> list[tuple[str, ...]]:
    words = [str(w) for key in ("indicator_types", "labels") for w in indicator.get(key) or ()]
    phases = [str(p.get("phase_name")) for p in indicator.get("kill_chain_phases") or () if isinstance(p, dict)]
    label = str(indicator.get("name") or indicator.get("description") or indicator.get("id"))[:200]
    times = (str(indicator.get("valid_from") or ""), str(indicator.get("valid_until") or ""))
    return [(value, label, " ".join([*words, *phases]), *times) for value in _values(str(indicator.get("pattern")))]


def _values(pattern: str) -> list[str]:
    found = []
    for match in COMPARED.finditer(pattern):
        if match["operator"] != "!=" and not match["operator"].startswith("NOT"):
            found += [re.sub(r"\\(.)", r"\1", v).strip("%") for v in QUOTED.findall(match["values"])]
    return found


LAYOUT = Layout(name="stix", title="STIX 2.1 bundle", order=10, knows=knows, read=read)
