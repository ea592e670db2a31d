"""Options that several commands take, and what they open."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from fwforensics import derive, queries
from fwforensics.blank import writable
from fwforensics.cli import render
from fwforensics.cli.render import OutputFormat
from fwforensics.errors import CaseUnmadeError, UsageError
from fwforensics.store import MEMORY_LIMIT, Case

DEFAULT_CASE = "case.duckdb"

CasePath = Annotated[
    Path | None,
    typer.Option("--case", "-c", help="The case file; else $FWF_CASE, else case.duckdb here.", show_default=False),
]
Output = Annotated[OutputFormat, typer.Option("--output-format", "-o", help="How rows are printed.")]
AsJson = Annotated[bool, typer.Option("--json", help="Short for --output-format json.")]
Limit = Annotated[int, typer.Option(help="Rows of a table that are shown; 0 shows all.")]


def case_path(given: Path | None) -> Path:
    """The case that is meant."""
    return given or Path(os.environ.get("FWF_CASE") or DEFAULT_CASE)


def reading(given: Path | None) -> Case:
    """Open a case to look at; what an interrupted ingest left undone is done first."""
    path = case_path(given)
    try:
        case = Case(path, read_only=True)
    except CaseUnmadeError:
        with writing(path):
            pass
        case = Case(path, read_only=True)
    if queries.is_installed(case) and not derive.is_stale(case):
        return case
    case.close()
    render.say("an ingest was interrupted: bringing connections and exposures up to date first")
    with writing(path) as writable:
        derive.refresh(writable)
    return Case(path, read_only=True)


def writing(given: Path | None, *, create: bool = False, memory_limit: str | None = None) -> Case:
    """Open a case to change."""
    return writable(case_path(given), create=create, memory_limit=memory_limit or MEMORY_LIMIT)


def settle(case: Case) -> None:
    """Bring what follows from the events up to date."""
    derive.refresh(case)


def assignments(given: Sequence[str]) -> dict[str, str]:
    """What was given as NAME=VALUE."""
    pairs = [text.partition("=") for text in given]
    for name, equals, value in pairs:
        if not equals:
            raise UsageError(f"{name + value!r} is no NAME=VALUE", remedy="write -p min_runs=3")
    return {name: value for name, _, value in pairs}


def choose(output: OutputFormat, as_json: bool) -> None:
    """Set how this command prints its rows."""
    render.style.output = OutputFormat.JSON if as_json else output
