"""`fwf runs`: list them, import a manifest."""

from __future__ import annotations

from typing import Annotated

import typer

from fwforensics import manifest
from fwforensics.cli import options, render
from fwforensics.cli.app import app

runs_app = typer.Typer(invoke_without_command=True, help="List runs with their exposure; import a manifest.")
app.add_typer(runs_app, name="runs")

LISTING = """
SELECT r.run_id, r.name, r.started_at, r.ended_at, r.basis,
    (SELECT count(DISTINCT ip) FROM run_addresses AS a WHERE a.run_id = r.run_id) AS addresses,
    (SELECT count(*) FROM activity AS a WHERE a.run_id = r.run_id AND a.kind = 'tool_call') AS tool_calls,
    (SELECT list_sort(list(DISTINCT sensor)) FROM exposures AS e WHERE e.run_id = r.run_id) AS sensors,
    (SELECT round(max(s) / epoch(r.ended_at - r.started_at), 3) FROM
        (SELECT sum(seconds) AS s FROM exposures AS e WHERE e.run_id = r.run_id GROUP BY sensor)) AS observed_share
FROM runs AS r ORDER BY r.started_at, r.run_id
"""


@runs_app.callback()
def runs(ctx: typer.Context, case: options.CasePath = None, output: options.Output = render.OutputFormat.TABLE, as_json: options.AsJson = False) -> None:
    """List runs with their exposure: the share of their time in which a sensor that knows them was alive."""
    ctx.obj = case
    options.choose(output, as_json)
    if ctx.invoked_subcommand is None:
        with options.reading(case) as opened:
            render.show(opened.sql(LISTING).pl())


@runs_app.command("import")
def import_runs(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(help="CSV, JSON or JSONL: run_id, started_at, ended_at, hosts and/or addresses.")],
    tz: Annotated[str, typer.Option(help="Zone of times that have none.")] = "UTC",
    case: options.CasePath = None,
) -> None:
    """Import a manifest of runs; a run that is there already is replaced."""
    with options.writing(case or ctx.obj, create=True) as opened:
        count = manifest.import_manifest(opened, file, tz)
        options.settle(opened)
    render.say(f"imported {count} runs")
