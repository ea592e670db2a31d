"""`fwf export`: a table, a query, or what another tool reads, as a file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, BinaryIO

import polars as pl
import typer

from fwforensics import exports, store
from fwforensics import queries as library
from fwforensics.cli import options, render, writing
from fwforensics.cli.app import app
from fwforensics.cli.query import Folders
from fwforensics.cli.values import OutputFormat
from fwforensics.errors import UsageError
from fwforensics.schema import TABLES

#: What the ending of a file says.
KINDS = {
    ".csv": OutputFormat.CSV, ".jsonl": OutputFormat.JSONL, ".ndjson": OutputFormat.JSONL, ".json": OutputFormat.JSON,
    ".parquet": OutputFormat.PARQUET, ".md": OutputFormat.MARKDOWN,
}  # fmt: skip


@app.command()
def export(
    what: Annotated[str | None, typer.Argument(help="A table, a view, or a canned query.")] = None,
    target: Annotated[
        Path | None, typer.Option("--out", "-o", help="File; its ending says how: csv, jsonl, json, parquet, md.")
    ] = None,
    kind: Annotated[
        str | None, typer.Option("--as", help="For another tool: ecs, navigator, stix or timesketch.")
    ] = None,
    param: Annotated[
        list[str] | None, typer.Option("--param", "-p", help="NAME=VALUE of a query; may be repeated.")
    ] = None,
    clobber: Annotated[bool, typer.Option("--clobber", help="Overwrite the file.")] = False,
    case: options.CasePath = None,
    folders: Folders = None,
) -> None:
    """Write a table, the answer of a query, or what another tool reads, to a file.

    Example: fwf export events -o events.parquet
    Example: fwf export --as timesketch -o timeline.csv
    """
    if target is None:
        raise UsageError("into which file?", remedy="-o FILE")
    chosen = exports.exporter(kind) if kind else None
    if chosen is None and what is None:
        raise UsageError("which table or query?", remedy="fwf export events -o events.csv, or --as for another tool")
    _check_suffix(target, chosen)
    with options.reading(case) as opened, writing.whole_file(target, clobber=clobber) as file:
        if chosen is not None:
            rows = _write_for(chosen, opened, what, target, file)
        else:
            rows = writing.write(_rows_of(opened, what or "", folders, param), KINDS[target.suffix], file)
    render.say(f"wrote {rows:,} {'objects' if chosen and chosen.document else 'rows'} to {target}")


def _check_suffix(target: Path, chosen: exports.Exporter | None) -> None:
    allowed = chosen.suffixes if chosen else tuple(KINDS)
    if target.suffix not in allowed:
        raise UsageError(f"what format is {target.name!r}?", remedy=f"let the name end in {', '.join(allowed)}")


def _write_for(chosen: exports.Exporter, case: store.Case, what: str | None, target: Path, file: BinaryIO) -> int:
    """Write what another tool reads; returns how many rows or objects."""
    source = what or chosen.sources[0]
    if source not in chosen.sources:
        raise UsageError(f"{chosen.name} is not made of {source!r}", remedy=f"one of {', '.join(chosen.sources)}")
    if chosen.document is not None:
        document = chosen.document(case)
        text = writing.escaped_json(json.dumps(document, ensure_ascii=False, indent=1, default=str))
        file.write(text.encode(errors="backslashreplace") + b"\n")
        return max((len(v) for v in document.values() if isinstance(v, list)), default=1)
    assert chosen.rows is not None  # noqa: S101 (an exporter has one of the two)
    batches = chosen.rows(case, source)
    return _write_lines(batches, file) if chosen.lines else writing.write(batches, KINDS[target.suffix], file)


def _write_lines(batches: Iterator[pl.DataFrame], file: BinaryIO) -> int:
    """JSON texts, a line each."""
    rows = 0
    for frame in batches:
        rows += frame.height
        if frame.height:
            text = writing.escaped_json("\n".join(frame["document"].to_list()))
            file.write(text.encode(errors="backslashreplace") + b"\n")
    return rows


def _rows_of(case: store.Case, what: str, folders: list[str] | None, param: list[str] | None) -> Iterator[pl.DataFrame]:
    """The rows of a table, a view, or a canned query."""
    views = case.sql("SELECT view_name FROM duckdb_views() WHERE NOT internal").pl()["view_name"].to_list()
    if what in TABLES or what in views:
        return case.stream(f'SELECT * FROM "{what}"')
    return library.run_in_batches(case, library.find_query(what, folders or ()), options.assignments(param or ()))
