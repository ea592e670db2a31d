"""`fwf runs`: list them, import a manifest."""

from __future__ import annotations

from typing import Annotated

import typer

from fwforensics import manifest
from fwforensics.cli import options, render
from fwforensics.cli.app import app
from fwforensics.queries import listing

runs_app = typer.Typer(invoke_without_command=True, help="List runs with their exposure; import a manifest.")
app.add_typer(runs_app, name="runs")


@runs_app.callback()
def runs(
    ctx: typer.Context,
    case: options.CasePath = None,
    output: options.Output = render.OutputFormat.TABLE,
    as_json: options.AsJson = False,
) -> None:
    """List runs with their exposure: the share of their time in which a sensor that knows them was alive."""
    ctx.obj = case
    options.choose(output, as_json)
    if ctx.invoked_subcommand is None:
        with options.reading(case) as opened:
            render.show(listing(opened, "run-list"))


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
