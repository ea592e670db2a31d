"""Statements: how what a provider says becomes rows of `enrichments`, and the wide columns of `addresses`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import polars as pl

from fwforensics import knowledge, queries
from fwforensics.enrich._provider import SAID, Provider, Told, providers
from fwforensics.store import Case, now


def keep(case: Case, provider: str, source: str | None, as_of: datetime | None) -> int:
    """Keep the statements of the temporary table `said`; returns of how many addresses they are.

    What this provider said before out of this very source is replaced, where it says it again; what it said out of an
    older one stays as history.
    """
    values = {"provider": provider, "source": source, "as_of": as_of, "moment": now()}
    queries.run_build(case, "enrichments", values)
    count = int(case.sql("SELECT count(DISTINCT ip) FROM said").scalar())
    case.execute("DROP TABLE said")
    return count


def say(case: Case, provider: str, source: str | None, as_of: datetime | None, rows: list[tuple[str, str, str]]) -> int:
    """The same for a few statements (address, key, value)."""
    case.temporary("said", pl.DataFrame(rows, schema=SAID, orient="row"))
    return keep(case, provider, source, as_of)


def forget(case: Case, provider: str, source: str | None = None) -> None:
    """Take back what a provider said, out of one source or out of all."""
    case.execute(
        "DELETE FROM enrichments WHERE provider = $p AND ($s IS NULL OR source = $s)", {"p": provider, "s": source}
    )


def settle(case: Case, *, matched: bool) -> None:
    """Bring tags and the wide columns of `addresses` in line with all that was said.

    Args:
        case: the case.
        matched: indicators have been matched since they changed.
    """
    if not matched:
        knowledge.refresh(case, tags=False)
    ranks = [(p.name, p.rank, 1 << i) for i, p in enumerate(providers().values())]
    case.temporary(
        "ranks", pl.DataFrame(ranks, schema={"provider": pl.String, "rank": pl.Int64, "bit": pl.Int64}, orient="row")
    )
    for step in ("enriched", "tags"):
        queries.run_build(case, step)


def row(provider: Provider, told: Told, seconds: float) -> dict[str, Any]:
    """A line of the log."""
    return {
        "asked_at": now(), "provider": provider.name, "source": told.source, "as_of": told.as_of,
        "online": told.online, "state": told.state, "asked": told.asked, "answered": told.answered,
        "note": told.note or None, "seconds": seconds,
    }  # fmt: skip
