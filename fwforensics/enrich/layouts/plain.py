"""Plain lists: an address, network, name or URL a line; what stands behind a blank, `#` or `;` is its label."""

from __future__ import annotations

import re
from datetime import datetime

import polars as pl

from fwforensics.enrich.layouts._layout import Feed, Layout, entries, moments

DAY = re.compile(
    r"^[#;!]+.*?(?:updated|generated|date|modified|as of|created)\W.*?(\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?)?)",
    re.IGNORECASE | re.MULTILINE,
)
LINE = r"^\s*([^\s#;,]+)[\s#;,]*(.*?)\s*$"


def knows(head: str, name: str) -> bool:
    """Whatever is text."""
    del name
    return "\x00" not in head and not head.lstrip().startswith(("<", "{"))


def read(text: str) -> Feed:
    """The first word of each line."""
    lines = pl.DataFrame({"line": text.splitlines()}).filter(pl.col("line").str.contains(r"^\s*[^\s#;!]"))
    found = lines.select(
        pl.col("line").str.extract(LINE, 1).alias("raw"),
        pl.col("line").str.extract(LINE, 2).str.slice(0, 200).replace("", None).alias("label"),
    )
    return Feed(entries(raw=found["raw"], label=found["label"]), {}, day(text))


def day(text: str) -> datetime | None:
    """The day that the comments of a list say it is of."""
    match = DAY.search(text[:4096])
    found = pl.DataFrame({"day": [match[1] if match else None]}, schema={"day": pl.String}).select(
        moments(pl.col("day"))
    )
    value = found.item()
    return value if isinstance(value, datetime) else None


LAYOUT = Layout(name="plain", title="plain list", order=90, knows=knows, read=read)
