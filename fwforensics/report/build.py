"""From the case to the document. It aggregates: what ten million events leave behind is a few thousand cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from fwforensics.errors import UsageError
from fwforensics.queries import build_statements, listing
from fwforensics.report import coverage, findings, provenance, sentences
from fwforensics.report.model import Cell, Lanes, Presence, Report, Run, Sentence, Summary, Tile, Unseen
from fwforensics.store import Case
from fwforensics.version import __version__

Row = Mapping[str, Any]
TITLE = "Firewall forensics report"
SEVERE = ("high", "critical")
MOST_SENTENCES, MOST_FURTHER, MOST_ROWS, MOST_LANES = 7, 500, 60, 40
#: Marks that a lane chart holds at most: a cell of each category, and one of calls.
TRACKS = 8
MOST_MARKS, MOST_CELLS = 4000, 240


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a report is made with.

    Attributes:
        title: what stands over it.
        at: what counts as now: for the safelist, and as the time of the report; the last write to the case if None.
        pages: findings that get a page: so many, and all of high severity up to twice as many.
        lines: raw lines that are quoted of each.
    """

    title: str = TITLE
    at: datetime | None = None
    pages: int = 25
    lines: int = 8


def build(case: Case, options: Options | None = None) -> Report:
    """The document of a case that has been hunted.

    Raises:
        UsageError: nobody has hunted yet.
    """
    options = options or Options()
    hunt = provenance.last_hunt(case)
    if hunt is None:
        raise UsageError("nobody has hunted in this case yet", where=str(case.path), remedy="run: fwf hunt")
    moment = options.at or case.sql("SELECT max(logged_at) FROM audit").scalar() or hunt["started_at"]
    rows = listing(case, "findings", moment=moment, hidden_too=False).to_dicts()
    contents = next(iter(listing(case, "contents").to_dicts()))
    runs = coverage.runs(case, contents["last_ts"])
    paged = _paged(rows, options.pages)
    unseen = coverage.unseen(case, moment)
    listed = [r["pattern_id"] for r in rows]
    detections = sorted({name for r in paged for name in r["detections"]})
    return Report(
        title=options.title,
        as_of=moment,
        tool_version=__version__,
        contents=contents,
        summary=_summary(rows, runs, unseen, hunt, contents),
        runs=runs,
        presence=_presence(case, rows[:MOST_ROWS], runs),
        lanes=_lanes(case, listed, runs),
        findings=findings.pages(case, paged, runs, options.lines),
        further=[_further(r) for r in rows if r not in paged][:MOST_FURTHER],
        n_findings=len(rows),
        unseen=unseen,
        method=provenance.method(case, hunt, detections),
        options={"title": options.title, "pages": options.pages, "lines": options.lines, "at": moment},
    )


def _paged(rows: Sequence[Row], most: int) -> list[Row]:
    """The first ones, and whatever is severe, within reason."""
    chosen = [r for i, r in enumerate(rows) if i < most or r["severity"] in SEVERE]
    return chosen[: 2 * most]


def _further(row: Row) -> Sentence:
    return Sentence(
        text=f"{sentences.name(row)}. {row['verdict']}", finding=row["pattern_id"], severity=row["severity"]
    )


def _summary(rows: Sequence[Row], runs: Sequence[Run], unseen: Unseen, hunt: dict[str, Any], contents: Row) -> Summary:
    blind = [r.run_id for r in runs if not r.observed_share]
    observed = len(runs) - len(blind)
    evaluated = len(hunt["versions"].get("detections", {})) - sum(bool(r["nowhere"]) for r in unseen.not_evaluable)
    again = sum(r["runs_hit"] >= sentences.RECURRING_RUNS for r in rows)
    first = sorted(rows, key=lambda r: r["runs_hit"] < sentences.RECURRING_RUNS)[:MOST_SENTENCES]
    said = [sentences.sentence(r, findings.details_of(r)) for r in first]
    partial = hunt["scope"] == "partial"
    return Summary(
        headline=sentences.headline(rows, observed, len(runs), evaluated),
        tiles=[
            Tile(value=f"{len(rows):,}", label="patterns of violations"),
            Tile(value=f"{again:,}", label="recur in two runs or more"),
            Tile(value=f"{sum(r['severity'] in SEVERE for r in rows):,}", label="of high or critical severity"),
            Tile(value=f"{observed:,} of {len(runs):,}", label="runs observed"),
        ],
        sentences=said,
        more=len(rows) - len(said),
        unknown=sentences.unknown(
            rows, blind_runs=blind, not_evaluable=unseen.not_evaluable, gaps=unseen.counts["gaps in runs"],
            rejects=unseen.counts["rejects"], lines=contents["lines"], hidden=unseen.hidden_violations,
            partial=partial,
        ),
        warnings=[f"Clock of {c['sensor']}: {c['warning']}" for c in unseen.clocks if c["warning"]],
    )  # fmt: skip


def _presence(case: Case, rows: Sequence[Row], runs: Sequence[Run]) -> list[Presence]:
    chosen = [r["pattern_id"] for r in rows]
    counts = {(r["pattern_id"], r["run_id"]): r["n_bouts"] for r in _chosen(case, "report-presence", chosen).to_dicts()}
    per_run = case.sql(build_statements("pattern_runs")[0]).pl().filter(pl.col("pattern_id").is_in(chosen))
    states = {(r["pattern_id"], r["run_id"]): _state(r) for r in per_run.to_dicts()}
    return [
        Presence(
            finding=row["pattern_id"],
            name=sentences.name(row),
            severity=row["severity"],
            cells=[
                Cell(state=states.get(key, "not observed"), n_bouts=counts.get(key, 0))
                for key in ((row["pattern_id"], run.run_id) for run in runs)
            ],
            runs=f"{row['runs_hit']} of {row['runs_exposed'] or '?'}",
            interval=_interval(row),
            timing=row["timing"],
            coincides=row["coincides_with"] or ("not assessed" if row["p_time"] is None else "none shown"),
            tier=row["tier"],
        )
        for row in rows
    ]


def _interval(row: Row) -> str:
    if row["recurrence_low"] is None:
        return ""
    return f"{round(100 * row['recurrence_low'])}–{round(100 * row['recurrence_high'])} %"


def _chosen(case: Case, name: str, chosen: Sequence[str]) -> pl.DataFrame:
    return listing(case, name, chosen=list(chosen))


def _state(row: Row) -> str:
    if row["violations"]:
        return "hit"
    if row["possible"]:
        return "possible"
    return "clean" if row["exposed"] else "not observed"


def _lanes(case: Case, chosen: Sequence[str], runs: Sequence[Run]) -> Lanes:
    """A lane for each run; of many runs the ones with most bouts, in order of their start."""
    counts = dict(_chosen(case, "report-presence", chosen).group_by("run_id").agg(pl.col("n_bouts").sum()).iter_rows())
    most = sorted(runs, key=lambda r: (-counts.get(r.run_id, 0), r.started_at, r.run_id))[:MOST_LANES]
    lanes = [r.run_id for r in runs if r in most]
    longest = max((r.seconds for r in most), default=0.0)
    cells = min(MOST_CELLS, MOST_MARKS // max(1, TRACKS * len(lanes)))
    width = max(1.0, longest / cells)
    marks = {
        name: listing(case, f"report-{listed}", chosen=list(chosen), lanes=lanes, cell_s=width)
        .with_columns(pl.col("at_s").round(2))
        .to_dicts()
        for name, listed in (("bouts", "lanes"), ("calls", "lane-calls"))
    }
    return Lanes(runs=lanes, cell_s=width, **marks)
