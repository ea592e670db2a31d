"""MISP JSON: an event, a list of events, or the answer of a search; attributes that are meant for detection (`to_ids`).

Reference: https://www.misp-standard.org/rfc/misp-standard-core.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import polars as pl

from fwforensics.enrich.layouts._layout import Feed, Layout, category, entries, moments
from fwforensics.errors import UsageError

TYPES = (
    "ip-src", "ip-dst", "ip-src|port", "ip-dst|port", "domain", "hostname", "domain|ip", "hostname|port", "url", "uri",
    "link",
)  # fmt: skip


def knows(head: str, name: str) -> bool:
    """A JSON with an event or attributes."""
    del name
    return head.lstrip()[:1] in "{[" and any(word in head for word in ('"Event"', '"Attribute"', '"to_ids"'))


def read(text: str) -> Feed:
    """Attributes of all events and objects."""
    try:
        found = list(_attributes(json.loads(text), ""))
    except json.JSONDecodeError as error:
        raise UsageError(f"this is no JSON: {error}") from error
    wanted = [(a, info) for a, info in found if a.get("type") in TYPES]
    meant = [(a, info) for a, info in wanted if a.get("to_ids") in (True, "1", 1, "true")]
    rows = [(part, a, info) for a, info in meant for part in _parts(a)]
    frame = entries(
        raw=[part for part, _, _ in rows],
        label=[" ".join(filter(None, (info, str(a.get("comment") or ""))))[:200] or None for _, a, info in rows],
    )
    words = [" ".join([_tags(a), str(a.get("category") or "")]) for _, a, _ in rows]
    times = [str(a.get("timestamp") or "") for _, a, _ in rows]
    given = pl.DataFrame({"category": words, "as_of": times}, schema={"category": pl.String, "as_of": pl.String})
    frame = frame.with_columns(given.select(category(pl.col("category")), moments(pl.col("as_of"))))
    left = {
        "of a type without address or name": len(found) - len(wanted),
        "context only (to_ids)": len(wanted) - len(meant),
    }
    return Feed(frame, {k: v for k, v in left.items() if v}, frame["as_of"].max())  # type: ignore[arg-type]


def _attributes(value: Any, info: str) -> Iterator[tuple[dict[str, Any], str]]:
    """Every attribute with the title of its event."""
    if isinstance(value, list):
        for inner in value:
            yield from _attributes(inner, info)
    elif isinstance(value, dict):
        if "type" in value and "value" in value and not isinstance(value["value"], dict | list):
            yield value, info
        for key in ("response", "Event", "Attribute", "Object"):
            if key in value:
                yield from _attributes(value[key], str(value.get("info") or info))


def _parts(attribute: dict[str, Any]) -> list[str]:
    """The value; of `domain|ip` both, of `ip|port` the address."""
    value, kind = str(attribute["value"]), str(attribute["type"])
    if "|" not in kind:
        return [value]
    first, _, second = value.partition("|")
    return [first, second] if kind == "domain|ip" else [first]


def _tags(attribute: dict[str, Any]) -> str:
    return " ".join(str(t.get("name")) for t in attribute.get("Tag") or () if isinstance(t, dict))


LAYOUT = Layout(name="misp", title="MISP JSON", order=20, knows=knows, read=read)
