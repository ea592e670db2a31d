"""Feeds that the analyst has: lists of addresses, networks and names with what they are known for.

Plain lists, hosts files, CSV (abuse.ch and others), STIX 2.1, MISP JSON, Tor exit lists; `layouts/` has one module
each. Entries become indicators, which detections read and which tag addresses. A feed that is given again replaces what
it brought before. A feed from the network needs `--online`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import polars as pl

from fwforensics.enrich._files import Given, read
from fwforensics.enrich._provider import Option, Provider, Request, Told
from fwforensics.enrich.layouts._layout import UNSORTED, Feed, Layout, layouts, typed
from fwforensics.errors import UsageError
from fwforensics.store import Case, now

PREFIX = "feed: "
HEAD = 65536


def provide(request: Request) -> Iterator[Told]:
    """Read each feed; one that cannot be read leaves what it brought before."""
    chosen = request.given.get("category")
    for place in request.given.get("feed", ()):
        if "://" in place:
            yield _take(request.case, place, [_fetched(request, place)], chosen)
        else:
            files = list(read(place))
            yield _take(request.case, files[0].path if files else place, files, chosen)


def _fetched(request: Request, url: str) -> Given:
    if not request.online or request.fetch is None:
        raise UsageError(
            "a feed from the network needs --online", where=url, remedy="or download it, and give the file"
        )
    return Given(url.partition("?")[0].rstrip("/").rpartition("/")[2], url, request.fetch(url), now())


def _take(case: Case, place: str, files: list[Given], chosen: str | None) -> Told:
    """Put the entries of a feed into `indicators`, in place of what it brought before."""
    feeds = [(given, *_read(given)) for given in files]
    parts, reasons = [], dict[str, int]()
    for given, _, feed in feeds:
        good, left = typed(feed.entries)
        parts.append(good.with_columns(pl.col("as_of").fill_null(feed.as_of or given.changed)))
        for reason, count in (*feed.left_out.items(), *left.items()):
            reasons[reason] = reasons.get(reason, 0) + count
    rows = pl.concat(parts).with_columns(
        pl.lit(PREFIX + place).alias("source"), pl.lit(now()).alias("added_at"),
        pl.coalesce(pl.lit(chosen, pl.String), "category", pl.lit(UNSORTED)).alias("category"),
        pl.col("label").fill_null(files[0].name),
    )  # fmt: skip
    if rows.is_empty():
        raise UsageError(f"no address, network or name could be read: {_words(reasons)}", where=place)
    case.execute("DELETE FROM indicators WHERE source = ?", [PREFIX + place])
    case.append("indicators", rows)
    read_count = sum(feed.entries.height + sum(feed.left_out.values()) for _, _, feed in feeds)
    names = ", ".join(sorted({layout.title for _, layout, _ in feeds}))
    day = max((d for given, _, feed in feeds if isinstance(d := feed.as_of or given.changed, datetime)), default=None)
    kinds = ", ".join(f"{n:,} {k}" for k, n in sorted(rows["kind"].value_counts().iter_rows()))
    note = f"{names}: {kinds}" + (f"; left out: {_words(reasons)}" if reasons else "")
    return Told(source=place, as_of=day, asked=read_count, answered=rows.height, note=note, online="://" in place)


def _read(given: Given) -> tuple[Layout, Feed]:
    if not given.content.strip():
        raise UsageError("the feed is empty", where=given.path)
    text = given.text
    layout = next((x for x in layouts() if x.knows(text[:HEAD], given.name.lower())), None)
    if layout is None:
        known = ", ".join(x.title for x in layouts())
        raise UsageError("nobody knows the layout of this feed", where=given.path, remedy=f"known: {known}")
    try:
        return layout, layout.read(text)
    except UsageError as error:
        raise UsageError(f"{layout.title}: {error.message}", where=given.path, remedy=error.remedy) from error


def _words(reasons: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {reason}" for reason, count in sorted(reasons.items())) or "there are no entries"


PROVIDER = Provider(
    name="feed",
    title="feeds that the analyst has",
    rank=40,
    options=(
        Option(
            name="feed", many=True, metavar="FILE|URL",
            help="List of addresses, networks or names: plain, hosts, CSV, STIX, MISP, abuse.ch, Tor.",
        ),
        Option(name="category", help="Category of all entries of these feeds, whatever they say: mining, c2, …"),
    ),
    provide=provide,
)  # fmt: skip
