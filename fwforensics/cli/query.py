"""`fwf queries`, `fwf query`, `fwf sql`: canned and ad-hoc SQL."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from fwforensics import capability, linting, store
from fwforensics import queries as library
from fwforensics.cli import options, render
from fwforensics.cli.app import app
from fwforensics.cli.exits import ExitCode
from fwforensics.errors import UsageError

queries_app = typer.Typer(invoke_without_command=True, help="List canned queries; hold them to the contract.")
app.add_typer(queries_app, name="queries")
Folders = Annotated[list[str] | None, typer.Option("--queries", help="Further folder of queries; also $FWF_QUERIES.")]


@queries_app.callback()
def queries(
    ctx: typer.Context,
    folders: Folders = None,
    output: options.Output = render.OutputFormat.TABLE,
    as_json: options.AsJson = False,
) -> None:
    """List canned queries."""
    options.choose(output, as_json)
    if ctx.invoked_subcommand is None:
        rows = [
            (q.name, q.kind, q.question or q.title, list(q.params)) for q in library.library(folders or ()).values()
        ]
        schema: dict[str, pl.DataType | type[pl.DataType]] = {
            "query": pl.String,
            "kind": pl.String,
            "question": pl.String,
            "parameters": pl.List(pl.String),
        }
        render.show(pl.DataFrame(rows, schema=schema, orient="row").sort("kind", "query"))


@queries_app.command("lint")
def lint(
    case: options.CasePath = None,
    folders: Folders = None,
    output: options.Output = render.OutputFormat.TABLE,
    as_json: options.AsJson = False,
) -> None:
    """Hold queries to the contract, your own or else all, on an empty case unless one is given."""
    options.choose(output, as_json)
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = case or Path(folder) / "lint.duckdb"
        with options.writing(path, create=True) as opened:
            faults = list(linting.lint(opened, folders or ()))
    rows = [(f.query, f.rule, f.message) for f in faults]
    if rows:
        render.show(pl.DataFrame(rows, schema=["path", "rule", "message"], orient="row"))
        raise typer.Exit(ExitCode.ERROR)
    render.say(f"{len(linting.held(folders or ()))} queries, all as they should be")


@queries_app.command("thresholds")
def thresholds(output: options.Output = render.OutputFormat.TABLE, as_json: options.AsJson = False) -> None:
    """List the numbers that detections compare with: default, unit, why it lies there, and who uses it."""
    options.choose(output, as_json)
    users = {
        name: sorted(q.name for q in (*library.library().values(), *library.views()) if name in q.thresholds)
        for name in library.threshold_table()
    }
    rows = [
        (name, float(t.default), t.unit, t.why, t.source, users[name]) for name, t in library.threshold_table().items()
    ]
    columns = ["threshold", "default", "unit", "why", "source", "used_by"]
    render.show(pl.DataFrame(rows, schema=columns, orient="row"))


@app.command()
def query(
    name: Annotated[str, typer.Argument(help="Name of a canned query; see: fwf queries.")],
    param: Annotated[list[str] | None, typer.Option("--param", "-p", help="NAME=VALUE; may be repeated.")] = None,
    describe: Annotated[
        bool, typer.Option("--describe", help="Say what the query answers, takes and gives, and stop.")
    ] = False,
    case: options.CasePath = None,
    folders: Folders = None,
    limit: options.Limit = 50,
    output: options.Output = render.OutputFormat.TABLE,
    as_json: options.AsJson = False,
) -> None:
    """Run a canned query.

    Example: fwf query recurring-violations -p min_runs=3
    """
    options.choose(output, as_json)
    chosen = library.find_query(name, folders or ())
    if describe:
        _describe(chosen)
        return
    given = options.assignments(param or ())
    with options.reading(case) as opened:
        missing = capability.unmet(opened, chosen)
        batches = library.run_in_batches(opened, chosen, given)
        rows = render.stream(batches, limit=limit or None)
    if missing and not rows:
        render.say(f"not evaluable on these sources: none fills {', '.join(missing)}; an empty answer is no all-clear")
        raise typer.Exit(ExitCode.PARTIAL)
    if chosen.next and render.style.output is render.OutputFormat.TABLE:
        render.say(f"next: {'fwf query ' if ' ' not in chosen.next else ''}{chosen.next}")


def _describe(chosen: library.Query) -> None:
    render.lines([chosen.title, "", chosen.question, ""])
    render.mapping({
        **{f"${n}": f"{p.help} ({p.type}, default {p.default})" for n, p in chosen.params.items()},
        **chosen.columns,
        "false positives": "; ".join(chosen.false_positives), "next": chosen.next, "file": str(chosen.path),
    })  # fmt: skip


@app.command()
def sql(
    text: Annotated[str | None, typer.Argument(help="One SELECT.")] = None,
    file: Annotated[Path | None, typer.Option("--file", "-f", help="Read the SQL from a file; - is stdin.")] = None,
    case: options.CasePath = None,
    limit: options.Limit = 200,
    output: options.Output = render.OutputFormat.TABLE,
    as_json: options.AsJson = False,
) -> None:
    """Run ad-hoc SQL, read-only and locked down: no files, no network, no settings; without any, ask for it.

    Example: fwf sql "SELECT dst_port, count(*) FROM events GROUP BY ALL ORDER BY 2 DESC"
    """
    options.choose(output, as_json)
    if text is not None and file is not None:
        raise UsageError("which of the two?", remedy="give the SQL as an argument, or with -f FILE")
    if text is None and file is None:
        _converse(case, limit)
        return
    if file is not None:
        if str(file) != "-" and not file.is_file():
            raise UsageError("there is no such file", where=str(file))
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    options.reading(case).close()  # an interrupted ingest is finished before anything is asked
    con = store.analyst(options.case_path(case))
    try:
        render.stream(store.stream(con, text or ""), limit=limit or None)
    finally:
        con.close()


def _converse(case: Path | None, limit: int) -> None:
    """A prompt, where there is a terminal to show one."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("which SQL?", remedy="give it as an argument, or with -f FILE")
    from fwforensics.cli import console  # a third of a second that no statement waits for

    options.reading(case).close()
    console.run(options.case_path(case), limit or None)
