"""`fwf runs`: list them, import a manifest."""

from __future__ import annotations

from typing import Annotated

import typer

from fwforensics import manifest
from fwforensics.cli import options, render
from fwforensics.cli.noun import noun

runs_app = noun(
    "runs",
    "Runs with their exposure: the share of their time in which a sensor that knows them was alive.",
    {"run-list": None},
)


@runs_app.command("import")
def import_runs(
    ctx: typer.Context,
    file: Annotated[
        str, typer.Argument(help="CSV, JSON or JSONL: run_id, started_at, ended_at, hosts and/or addresses.")
    ],
    tz: Annotated[str, typer.Option(help="Zone of times that have none.")] = "UTC",
    case: options.CasePath = None,
) -> None:
    """Import a manifest of runs; a run that is there already is replaced."""
    with options.writing(case or ctx.obj, create=True) as opened:
        count = manifest.import_manifest(opened, file, tz)
        options.settle(opened)
    render.say(f"imported {count} runs")
