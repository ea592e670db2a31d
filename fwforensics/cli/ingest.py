"""`fwf ingest`, `fwf formats`, `fwf sniff`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from fwforensics import formats as formats_module
from fwforensics import ingest as library
from fwforensics import sniff as sniffing
from fwforensics.cli import options, render
from fwforensics.cli.app import app
from fwforensics.cli.exits import ExitCode
from fwforensics.errors import UsageError
from fwforensics.inflate import Limits

#: Columns of a terminal that are enough for references, and for units.
WIDE, NARROW = 180, 110


@app.command()
def ingest(
    paths: Annotated[list[str], typer.Argument(help="Files, folders, globs, archives; - is stdin.")],
    case: options.CasePath = None,
    format: Annotated[  # noqa: A002 (the option is called --format)
        str | None, typer.Option("--format", "-f", help="Read all as this format, whatever it looks like.")
    ] = None,
    tz: Annotated[str | None, typer.Option(help="Zone of times that have none (IANA name; UTC if not given).")] = None,
    year: Annotated[
        int | None, typer.Option(help="Year of the first record, where records have none; New Years are counted on.")
    ] = None,
    sensor: Annotated[str | None, typer.Option(help="Name of the device, in place of what the records say.")] = None,
    run: Annotated[str | None, typer.Option(help="Run that these sources belong to.")] = None,
    mapping: Annotated[
        Path | None, typer.Option("--map", help="Mapping file (TOML): any CSV, JSON, key=value or regular format.")
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Read again what is in the case, in its place.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="A source with any reject is not taken.")] = False,
    max_reject_ratio: Annotated[
        float, typer.Option(min=0, max=1, help="Share of rejected lines above which the exit code is 3.")
    ] = 0.05,
    memory_limit: Annotated[
        str | None, typer.Option(help="Memory of the database before it goes to disk, such as 2GB.")
    ] = None,
    jobs: Annotated[
        int,
        typer.Option(min=0, help="Threads that work out connections after the reading; 0: one a core, up to 4."),
    ] = 0,
    max_ratio: Annotated[
        float, typer.Option(min=1, help="Decompressed ÷ compressed bytes at which decompression stops.")
    ] = Limits().ratio,
    max_size: Annotated[
        float, typer.Option(min=0, help="Decompressed GiB of one source at which reading stops.")
    ] = Limits().size / 2**30,
    output: options.Output = render.OutputFormat.TABLE,
    as_json: options.AsJson = False,
) -> None:
    """Read logs, flows, traces and leases into the case; what is there already is skipped.

    Example: fwf ingest /evidence/fw/ --tz Europe/Berlin --case incident.duckdb
    """
    options.choose(output, as_json)
    if "-" in paths and sys.stdin.isatty():
        raise UsageError("stdin is a terminal", remedy="pipe a log into the command, or name files")
    given = library.Options(
        format=format, tz=tz, year=year, sensor=sensor, run=run, replace=replace, strict=strict,
        mapping=_mapping(mapping), max_reject_ratio=max_reject_ratio, jobs=jobs,
        limits=Limits(ratio=max_ratio, size=int(max_size * 2**30)),
    )  # fmt: skip
    if format is not None:
        formats_module.find_format(format)
    with options.writing(case, create=True, memory_limit=memory_limit) as opened, render.progress_bar() as progress:
        report = library.ingest(opened, paths, given, progress)
    render.show(_table(report), hide=("message", "remedy"))
    _narrate(report, options.case_path(case))
    raise typer.Exit(report.exit_code)


def _mapping(path: Path | None) -> tuple[str, str] | None:
    """A mapping file's path and text."""
    if path is None:
        return None
    try:
        return str(path), path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the mapping file cannot be read: {error}", where=str(path)) from error


def _table(report: library.Report) -> pl.DataFrame:
    rows = [
        {
            "source": s.source_id, "path": s.label, "status": s.status, "format": s.format, "lines": s.lines,
            "events": s.rows, "rejects": s.rejects, "ignored": s.ignored,
            "lines_per_s": int(s.lines / s.seconds) if s.seconds else None, "message": s.message, "remedy": s.remedy,
        }
        for s in report.sources
    ]  # fmt: skip
    counts = ("lines", "events", "rejects", "ignored", "lines_per_s")
    texts = ("path", "status", "format", "message", "remedy")
    schema = {"source": pl.UInt32, **dict.fromkeys(texts, pl.String), **dict.fromkeys(counts, pl.Int64)}
    return pl.DataFrame(rows, schema_overrides=schema, schema=None if rows else schema)


def _narrate(report: library.Report, case: Path) -> None:
    for s in report.sources:
        if s.status in ("error", "conflict"):
            render.say(f"{s.status}: {s.label}: {s.message}" + (f"\n  {s.remedy}" if s.remedy else ""))
        elif s.message:
            render.say(f"{s.label}: {s.message}")
        elif report.is_partial(s):
            render.say(
                f"{s.label}: {s.rejects:,} of {s.lines:,} lines could not be read; "
                f"see: fwf rejects --source {s.source_id}"
            )
    new = [s for s in report.sources if s.status in ("new", "continued")]
    total = sum(s.lines for s in new)
    seconds = sum(s.seconds for s in new)
    rate = f", {total / seconds:,.0f} lines/s" if seconds else ""
    render.say(
        f"{len(new)} new of {len(report.sources)} sources: {total:,} lines, {sum(s.rows for s in new):,} rows, "
        f"{sum(s.rejects for s in new):,} rejects, {sum(s.ignored for s in new):,} ignored{rate}. Case: {case}"
    )


@app.command()
def formats(
    name: Annotated[str | None, typer.Argument(help="One format, in detail.")] = None,
    output: options.Output = render.OutputFormat.TABLE,
    as_json: options.AsJson = False,
) -> None:
    """List what can be read, and whether it was tried on recorded logs; with a name, that format's manual page."""
    options.choose(output, as_json)
    if name is None:
        rows = [
            (f.name, f.title, "documentation" if f.is_untried else "logs", f.binary.unit if f.binary else "line",
             f.reference)
            for f in formats_module.formats().values()
        ]  # fmt: skip
        schema = ["format", "title", "built_from", "unit", "reference"]
        width = render.console().width
        hidden = () if width >= WIDE else ("reference",) if width >= NARROW else ("reference", "unit")
        render.show(pl.DataFrame(rows, schema=schema, orient="row").sort("format"), hide=hidden)
        return
    fmt = formats_module.find_format(name)
    if render.style.output is render.OutputFormat.TABLE:
        render.lines((sys.modules[f"fwforensics.formats.{fmt.name}"].__doc__ or "").strip().splitlines())
        if fmt.notes:
            render.lines(["", fmt.notes])
        render.say(f"unit: {fmt.binary.unit if fmt.binary else 'line'}")
    columns = [(t, c) for t, mapping in {fmt.table: fmt.columns, **fmt.tables}.items() for c in mapping]
    render.show(pl.DataFrame(columns, schema=["table", "column"], orient="row"))


@app.command()
def sniff(
    paths: Annotated[list[str], typer.Argument(help="Files to look at; nothing is stored.")],
    rows: Annotated[int, typer.Option(help="Parsed rows that are shown of each.")] = 3,
    output: options.Output = render.OutputFormat.TABLE,
    as_json: options.AsJson = False,
) -> None:
    """Say what a file is, how sure that is, and show the first parsed rows.

    For one file that no format reads, a first draft of a mapping file is printed: fwf sniff FILE > m.toml, look at it,
    then fwf ingest FILE --map m.toml.
    """
    options.choose(output, as_json)
    found = sniffing.sniff(paths)
    table = render.style.output is render.OutputFormat.TABLE
    drafted = sniffing.mapping_of(found[0]) if table and len(found) == 1 and not found[0].known else None
    if drafted is not None:
        render.say(f"{found[0].label}: no format reads it; this is a draft of a mapping file for it")
        render.lines(drafted.splitlines())
        raise typer.Exit(ExitCode.PARTIAL)
    render.show(pl.concat([f.shares for f in found]) if found else pl.DataFrame())
    if table:
        for f in found:
            if f.rows is not None and f.rows.height:
                render.show(f.rows.head(rows), title=f"{f.label}: first rows")
    if any(not f.known for f in found):
        raise typer.Exit(ExitCode.PARTIAL)
