"""Hosts files and DNS block lists: names behind 0.0.0.0 or 127.0.0.1, `address=/name/`, `||name^`."""

from __future__ import annotations

import re

import polars as pl

from fwforensics.enrich.layouts import plain
from fwforensics.enrich.layouts._layout import Feed, Layout, entries

SINK = r"^\s*(?:0\.0\.0\.0|127\.0\.0\.1|::1?|fe80::1%lo0|255\.255\.255\.255)\s+(.*?)\s*(?:#.*)?$"
RULE = r"^(?:(?:address|server|local)=/([^/]+)/|\|\|([^\^/$]+)\^?)"


def knows(head: str, name: str) -> bool:
    """Most of the first lines have such a form."""
    del name
    lines = [line for line in head.splitlines() if line.strip() and line.lstrip()[0] not in "#!["][:50]
    hits = sum(bool(re.match(SINK, line) or re.match(RULE, line)) for line in lines)
    return bool(lines) and hits * 2 > len(lines)


def read(text: str) -> Feed:
    """The names; the addresses in front of them say nothing."""
    lines = pl.Series("line", text.splitlines(), pl.String)
    sunk = lines.str.extract(SINK).drop_nulls().str.extract_all(r"\S+").explode(empty_as_null=False)
    ruled = [lines.str.extract(RULE, group).drop_nulls() for group in (1, 2)]
    names = pl.concat([sunk, *ruled])
    return Feed(entries(raw=names.drop_nulls()), {}, plain.day(text))


LAYOUT = Layout(name="hosts", title="hosts file or DNS block list", order=40, knows=knows, read=read)
