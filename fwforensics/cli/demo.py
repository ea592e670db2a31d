"""`fwf demo`: the whole way, on the incident that is shipped."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from fwforensics import ingest as ingesting
from fwforensics import manifest, overview, queries
from fwforensics.cli import options, render
from fwforensics.cli.app import app
from fwforensics.cli.hunt import print_findings
from fwforensics.cli.report import write as write_report
from fwforensics.errors import UsageError
from fwforensics.samples import sample_logs

#: No evidence: they go through `fwf runs import` and `fwf networks import`.
MANIFEST, NETWORKS = "runs.jsonl", "networks.csv"
REPORT, TITLE = "report.html", "The sample incident"


@app.command()
def demo(
    folder: Annotated[
        Path | None, typer.Argument(help="Where the case is made; a temporary folder if not given.")
    ] = None,
    output: options.Output = render.OutputFormat.TABLE,
    as_json: options.AsJson = False,
) -> None:
    """Build a case from the shipped incident, hunt, show what comes back, and write the report."""
    from fwforensics import hunt as hunting
    from fwforensics.report.build import Options

    options.choose(output, as_json)
    started = time.monotonic()
    place = folder or Path(tempfile.mkdtemp(prefix="fwf-demo-"))
    place.mkdir(parents=True, exist_ok=True)
    path = place / "case.duckdb"
    for made in (path, place / REPORT):
        if made.exists():
            raise UsageError("it is there already", where=str(made), remedy="give another folder")
    evidence = sample_logs() / "incident"
    render.say(f"evidence: {evidence}")
    files = [str(f) for f in sorted(evidence.rglob("*")) if f.is_file() and f.name not in (MANIFEST, NETWORKS)]
    with options.writing(path, create=True) as case, render.progress_bar() as progress:
        overview.import_networks(case, str(evidence / NETWORKS))
        report = ingesting.ingest(case, files, ingesting.Options(year=2026), progress)
        runs = manifest.import_manifest(case, str(evidence / MANIFEST))
        outcome = hunting.hunt(case)
        recurring = queries.run(case, queries.find_query("recurring-violations"))
        write_report(case, place / REPORT, Options(title=TITLE))
    counts = [(s.label.rsplit("/", 1)[-1], s.format, s.lines, s.rows, s.rejects, s.ignored) for s in report.sources]
    if render.style.output is render.OutputFormat.TABLE:
        schema = ["file", "format", "lines", "rows", "rejects", "ignored"]
        render.show(pl.DataFrame(counts, schema=schema, orient="row"), title="what was read")
        render.say(f"{runs} runs imported")
        render.show(
            recurring, title="recurring violations: who was refused where, in how many of the observed runs", limit=12
        )
    print_findings(outcome, 15)
    _next(path, time.monotonic() - started)


def _next(path: Path, seconds: float) -> None:
    render.say(f"\nThe report is {path.with_name(REPORT)}: open it in a browser.")
    render.say(f"The case is {path} ({seconds:.1f} s). Try next, with export FWF_CASE={path}:")
    for command, meaning in (
        ("fwf info", "what was read, and when each sensor was alive"),
        ("fwf runs", "the runs and how much of each was observed"),
        ("fwf query run-presence", "which pattern in which run"),
        ("fwf query deny-then-allow", "who was refused and then got through another way"),
        ('fwf sql "SELECT * FROM timeline LIMIT 20"', "traffic and tool calls in one order of time"),
        ("fwf report -o incident.md", "the same report for a ticket; .json for machines"),
        ("fwf queries", "what else can be asked"),
    ):
        render.say(f"  {command:<45} {meaning}")
