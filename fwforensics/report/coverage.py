"""Runs, when they were observed, and what was not seen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import polars as pl

from fwforensics import queries
from fwforensics.analysis.windows import merged
from fwforensics.queries import listing
from fwforensics.report.model import Run, Unseen
from fwforensics.store import Case

#: Rows of each table that a report shows.
MOST_ROWS = 40


def runs(case: Case, latest: datetime | None) -> list[Run]:
    """The runs in order of their start; one without end lasts as long as the logs."""
    spans: dict[str, list[tuple[datetime, datetime]]] = {}
    for row in listing(case, "exposure-list").to_dicts():
        spans.setdefault(row["run_id"], []).append((row["started_at"], row["ended_at"]))
    return [_run(row, spans.get(row["run_id"], []), latest) for row in listing(case, "run-list").to_dicts()]


def _run(row: dict[str, Any], spans: Sequence[tuple[datetime, datetime]], latest: datetime | None) -> Run:
    start = row["started_at"]
    end = row["ended_at"] or latest or start
    length = max(0.0, (end - start).total_seconds()) if start else 0.0
    seen = merged((_after(a, start, length), _after(b, start, length)) for a, b in spans) if start else []
    edges = [0.0, *(edge for span in seen for edge in span), length]
    gaps = [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a >= 1]
    share = round(sum(b - a for a, b in seen) / length, 4) if length else None
    return Run(
        run_id=row["run_id"], started_at=start, ended_at=row["ended_at"], seconds=length,
        observed_share=share if seen else (0.0 if length else None), tool_calls=row["tool_calls"] or 0,
        sensors=row["sensors"] or [], gaps=gaps,
    )  # fmt: skip


def _after(moment: datetime, start: datetime, length: float) -> float:
    return min(max((moment - start).total_seconds(), 0.0), length)


def hours_observed(case: Case) -> list[float]:
    """Hours in which some sensor was alive during a run, by hour of day (UTC)."""
    spans = [(a.timestamp(), b.timestamp()) for a, b in _utc(case)]
    found = [0.0] * 24
    for low, high in merged(spans):
        at = low
        while at < high:
            edge = min(high, (at // 3600 + 1) * 3600)
            found[int(at // 3600) % 24] += (edge - at) / 3600
            at = edge
    return [round(h, 4) for h in found]


def _utc(case: Case) -> list[tuple[datetime, datetime]]:
    frame = listing(case, "exposure-list").with_columns(pl.col("started_at", "ended_at").dt.replace_time_zone("UTC"))
    return list(frame.select("started_at", "ended_at").iter_rows())


def unseen(case: Case, moment: datetime) -> Unseen:
    """What was not seen, as far as the case knows."""
    gaps = queries.run(case, queries.find_query("coverage-gaps")).to_dicts()
    gaps.sort(key=lambda r: (not r["runs_touched"], -r["seconds"], r["sensor"], r["started_at"]))
    rejects, ignored = (listing(case, name).to_dicts() for name in ("lines-rejected", "lines-ignored"))
    clocks = listing(case, "clock-list").to_dicts()
    hidden = next(iter(listing(case, "hidden", moment=moment).to_dicts()))
    return Unseen(
        sensors=listing(case, "sensor-coverage").to_dicts()[:MOST_ROWS],
        gaps=gaps[:MOST_ROWS], rejects=rejects[:MOST_ROWS], ignored=ignored[:MOST_ROWS],
        not_evaluable=listing(case, "report-evaluability").to_dicts(),
        safelist=listing(case, "report-safelist", moment=moment).to_dicts()[:MOST_ROWS],
        clocks=clocks[:MOST_ROWS],
        counts={
            "gaps": len(gaps), "gaps in runs": sum(bool(g["runs_touched"]) for g in gaps), "clocks": len(clocks),
            "rejects": sum(r["lines"] for r in rejects), "ignored": sum(r["lines"] for r in ignored),
        },
        hidden_violations=hidden["violations"], hidden_patterns=hidden["patterns"],
    )  # fmt: skip
