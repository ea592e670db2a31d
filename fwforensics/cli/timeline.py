"""`fwf timeline`: runs as lanes in the terminal, and events and activity in one order of time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import polars as pl
import typer

from fwforensics import queries
from fwforensics.cli import options, render
from fwforensics.cli.app import app
from fwforensics.cli.case import moment
from fwforensics.errors import UsageError
from fwforensics.store import Case

#: From one to many; the first is "observed, and nothing".
HEIGHTS = "·▁▂▃▄▅▆▇█"
#: Less of a cell than this was observed: what is not drawn there says nothing.
GAP, MOSTLY = "░", 0.5
NARROWEST, WIDEST = 20, 160


@app.command()
def timeline(
    finding: Annotated[str | None, typer.Argument(help="A pattern (P-…): its bouts, the calls behind them.")] = None,
    run: Annotated[str | None, typer.Option(help="This run alone.")] = None,
    since: Annotated[str | None, typer.Option(help="From this time on (UTC unless it has a zone).")] = None,
    until: Annotated[str | None, typer.Option(help="Before this time.")] = None,
    rows: Annotated[bool, typer.Option("--rows", help="Print what happened, row by row, below the lanes.")] = False,
    case: options.CasePath = None,
    limit: options.Limit = 50,
    output: options.Output = render.OutputFormat.TABLE,
    as_json: options.AsJson = False,
) -> None:
    """Draw each run as a lane: bouts of violations, calls of tools below them, gaps in the log.

    Example: fwf timeline P-5e0c6a1f2b3d --rows
    """
    options.choose(output, as_json)
    since_at, until_at = moment(since) if since else None, moment(until) if until else None
    with options.reading(case) as opened:
        _check(opened, finding, run)
        machine = render.style.output is not render.OutputFormat.TABLE
        if not machine:
            _print_lanes(opened, finding, run)
        if machine or rows or since or until:
            told = queries.listing_in_batches(
                opened, "timeline-rows", since=since_at, until=until_at, one_run=run, finding=finding
            )
            render.stream(told, limit=limit or None)


def _check(case: Case, finding: str | None, run: str | None) -> None:
    """Both must be there: an empty picture of a misspelt run would look like a clean one."""
    if finding and not case.sql("SELECT count(*) FROM patterns WHERE pattern_id = ?", [finding]).scalar():
        raise UsageError(f"there is no pattern {finding!r}", remedy="see: fwf hunt")
    if run and not case.sql("SELECT count(*) FROM runs WHERE run_id = ?", [run]).scalar():
        raise UsageError(f"there is no run {run!r}", remedy="see: fwf runs")


def _print_lanes(case: Case, finding: str | None, run: str | None) -> None:
    """Two lines a run: bouts, and calls below them."""
    width = max(NARROWEST, min(WIDEST, render.console().width - 26))
    cells = queries.listing(case, "timeline-lanes", finding=finding, one_run=run, cells=width)
    if cells.is_empty():
        render.say("no run has a start: fwf runs import FILE, or ingest a trace; --rows prints what happened")
        return
    most = {c: max(cells[c].to_list()) for c in ("bouts", "calls")}
    for (name,), lane in cells.group_by("run_id", maintain_order=True):
        render.lines(list(_lane(name, lane, most)))
    seconds = float(cells["cell_s"][0])
    render.say(
        f"a cell is {_length(seconds)} from the start of each run; {HEIGHTS[-1]} is {most['bouts']} bouts or "
        f"{most['calls']} calls; {HEIGHTS[0]} observed, nothing; {GAP} log gap: says nothing"
    )


def _lane(name: object, lane: pl.DataFrame, most: dict[str, int]) -> Iterator[str]:
    label = str(name)[:16]
    for what, head in (("bouts", label), ("calls", "")):
        values = zip(lane[what].to_list(), lane["observed"].to_list(), strict=True)
        drawn = "".join(_cell(n, most[what], seen if what == "bouts" else 1.0) for n, seen in values)
        yield f"{head:<16} {what} {drawn} {lane[what].sum():,}"


def _cell(count: int, most: int, observed: float | None) -> str:
    if count:
        return HEIGHTS[max(1, round(count / max(most, 1) * (len(HEIGHTS) - 1)))]
    return HEIGHTS[0] if (observed or 0) >= MOSTLY else GAP


def _length(seconds: float) -> str:
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"
