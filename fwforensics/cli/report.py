"""`fwf report`: the findings for the people who decide, in one file; and whether such a file is still true."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import polars as pl
import typer

from fwforensics.cli import options, render, writing
from fwforensics.cli.app import app
from fwforensics.cli.case import moment
from fwforensics.cli.exits import ExitCode
from fwforensics.errors import UsageError

if TYPE_CHECKING:
    from fwforensics.report.build import Options
    from fwforensics.report.model import Report
    from fwforensics.store import Case

SUFFIXES = (".html", ".htm", ".md", ".json")


@app.command()
def report(
    target: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", help="File; its ending says the form: html, md (charts in a folder beside it), json."
        ),
    ] = None,
    case: options.CasePath = None,
    title: Annotated[str | None, typer.Option(help="What stands over it.")] = None,
    at: Annotated[
        str | None,
        typer.Option(
            help="Time of the report, and what counts as now for the safelist; else the last write to the case."
        ),
    ] = None,
    pages: Annotated[
        int, typer.Option(help="Findings that get a page; and all of high severity, up to twice as many.")
    ] = 25,
    lines: Annotated[int, typer.Option(help="Raw lines that are quoted of each finding.")] = 8,
    verify: Annotated[
        bool,
        typer.Option(
            "--verify",
            help="Write nothing: hash the evidence and hunt again, and say what differs (from -o FILE, too).",
        ),
    ] = False,
    clobber: Annotated[bool, typer.Option("--clobber", help="Overwrite the file.")] = False,
) -> None:
    """Write the report: summary, runs × patterns, a page for each finding, what was not seen, method and evidence.

    Example: fwf report -o incident.html --title "Outbound traffic of the November runs"
    """
    if verify:
        _verify(options.case_path(case), target, case)
        return
    if target is None:
        raise UsageError("where to?", remedy="give -o incident.html, incident.md or incident.json")
    if target.suffix.lower() not in SUFFIXES:
        raise UsageError(f"what form is {target.name!r}?", remedy="let the name end in .html, .md or .json")
    if pages < 0 or lines < 0:
        raise UsageError("--pages and --lines count from 0")
    from fwforensics.report.build import TITLE, Options

    chosen = Options(title=title or TITLE, at=moment(at) if at else None, pages=pages, lines=lines)
    with options.reading(case) as opened:
        write(opened, target, chosen, clobber=clobber)


def write(case: Case, target: Path, chosen: Options, *, clobber: bool = False) -> None:
    """Write a report of an open case, in the form that the name of the file ends in."""
    from fwforensics.report.build import build
    from fwforensics.report.document import claims

    writing.require_free(target, clobber=clobber)
    model = build(case, chosen)
    for path, text in _files(model, claims(model), target).items():
        path.parent.mkdir(exist_ok=True)
        with writing.whole_file(path, clobber=clobber) as file:
            file.write(text.encode())
    render.say(
        f"wrote {len(model.findings)} of {model.n_findings} findings to {target} ({target.stat().st_size:,} bytes)"
    )


def _files(model: Report, claimed: dict[str, Any], target: Path) -> dict[Path, str]:
    """What is written where; the report itself comes last."""
    suffix = target.suffix.lower()
    if suffix == ".json":
        from fwforensics.report import document

        return {target: document.render(model, claimed)}
    if suffix == ".md":
        from fwforensics.report import markdown

        folder = target.with_name(f"{target.stem}.charts")
        text, drawn = markdown.render(model, claimed, folder.name)
        return {folder / name: svg for name, svg in drawn.items()} | {target: text}
    from fwforensics.report import pages

    return {target: pages.render(model, claimed)}


def _verify(path: Path, target: Path | None, case: Path | None) -> None:
    from fwforensics.report.document import claims_of
    from fwforensics.report.verify import differences

    claimed = claims_of(target) if target else None
    options.reading(case).close()  # an interrupted ingest is finished before anything is compared
    rows = [(d.part, d.subject, d.said, d.found) for d in differences(path, claimed)]
    render.show(pl.DataFrame(rows, schema=dict.fromkeys(("part", "subject", "said", "found"), pl.String), orient="row"))
    if rows:
        render.say(f"{len(rows)} differences")
        raise typer.Exit(ExitCode.ERROR)
    render.say("nothing differs: evidence, hunt" + (" and report" if target else ""))
