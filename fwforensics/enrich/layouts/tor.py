"""Tor's lists of exits: the directory's `ExitNode`/`ExitAddress` records, or one address a line under a telling name.

Reference: https://metrics.torproject.org/collector.html#type-tordnsel
"""

from __future__ import annotations

import re

import polars as pl

from fwforensics.enrich.layouts import plain
from fwforensics.enrich.layouts._layout import Feed, Layout, entries, moments

RECORD = re.compile(r"^ExitAddress (\S+) (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)", re.MULTILINE)


def knows(head: str, name: str) -> bool:
    """Records of the list, or a name such as torbulkexitlist or exit-addresses."""
    return bool(RECORD.search(head)) or (
        bool(
            re.search(
                r"tor[-_]?(?:bulk)?[-_]?(?:exit|node|relay|ip)|exit[-_]?(?:addresses|nodes)|tor\.(?:txt|csv|list)", name
            )
        )
        and head.lstrip()[:1] not in "{["
        and "," not in head.split("\n", 1)[0]
    )


def read(text: str) -> Feed:
    """Addresses, with the time that each was seen where the list says it."""
    found = RECORD.findall(text)
    if not found:
        feed = plain.read(text)
        return Feed(
            feed.entries.with_columns(category=pl.lit("tor"), label=pl.lit("Tor relay")), feed.left_out, feed.as_of
        )
    frame = entries(raw=[ip for ip, _ in found], label=["Tor exit"] * len(found), category=["tor"] * len(found))
    times = pl.DataFrame({"as_of": [when for _, when in found]}).select(moments(pl.col("as_of")))
    frame = frame.with_columns(times)
    return Feed(frame, {}, frame["as_of"].max())  # type: ignore[arg-type]


LAYOUT = Layout(name="tor", title="Tor exit list", order=30, knows=knows, read=read)
