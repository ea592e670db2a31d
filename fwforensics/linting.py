"""The linter of canned SQL: header, parameters, result and order of each query, held to the contract."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fwforensics.errors import QueryError
from fwforensics.queries import FOLDERS, Query, columns_of, library, not_one_select, parameters, reads, run, views
from fwforensics.schema import TABLES
from fwforensics.store import Case


@dataclass(frozen=True, slots=True)
class Lint:
    """One thing that is wrong with a query."""

    query: str
    rule: str
    message: str


def held(extra: Sequence[str | Path] = ()) -> list[Query]:
    """The queries that a linter asked about `extra` looks at: those of these folders, or else all."""
    folders = [Path(folder).resolve() for folder in extra]
    known = library(extra).values()
    return [q for q in known if not folders or any(q.path.resolve().is_relative_to(f) for f in folders)]


def lint(case: Case, extra: Sequence[str | Path] = ()) -> Iterator[Lint]:
    """Hold queries to the contract, those of `extra` or else all; the case says what their bodies give."""
    columns = {c for t in TABLES.values() for c in t.names} | {c for v in views() for c in columns_of(case, v.macro)}
    known = library(extra)
    for query in held(extra):
        for rule, message in _lint_one(case, query, columns, known):
            yield Lint(str(query.path), rule, message)


def _lint_one(case: Case, query: Query, columns: set[str], known: Mapping[str, Query]) -> Iterator[tuple[str, str]]:
    yield from _lint_header(query, known)
    if complaint := not_one_select(query.body):
        yield "one-select", complaint
        return
    used = parameters(query.body)
    if used != set(query.params):
        yield "params", f"declared {sorted(query.params)}, used {sorted(used)}"
    for name, param in query.params.items():
        if name in columns or name in query.columns:
            yield "param-name", f"${name} is named like a column: the macro would compare the column with itself"
        if not param.help:
            yield "param-help", f"${name} says nothing of itself"
    yield from _lint_result(case, query)


def _lint_header(query: Query, known: Mapping[str, Query]) -> Iterator[tuple[str, str]]:
    if query.path.stem != query.name:
        yield "name", f"the file is named {query.path.stem}"
    if query.path.parent.name != FOLDERS[query.kind]:
        yield "folder", f"a {query.kind} belongs into {FOLDERS[query.kind]}/"
    # A query may bear the name of a view that it reads: then FROM name and FROM name() give the same thing.
    taken = {*TABLES, *(v.macro for v in views())} - (reads(query) - set(TABLES))
    if query.macro in taken:
        yield "shadows", "the query is named like a table, or like a view that it does not read"
    for key in ("title", "question", "columns", "needs", "false_positives", "next"):
        if not getattr(query, key):
            yield "header", f"{key} is missing"
    for column, meaning in query.columns.items():
        if not meaning:
            yield "header", f"column {column} says nothing of itself"
    if query.kind == "detection" and not (query.severity and query.category and query.technique):
        yield "detection", "a detection needs severity, category and technique"
    if query.next and re.fullmatch(r"[a-z0-9-]+", query.next) and query.next not in known:
        yield "next", f"there is no query {query.next!r}"
    for need in (part for alternatives in query.needs for part in alternatives.split("|")):
        table, _, column = need.partition(":")[0].rpartition(".")
        if column not in {c for t in TABLES.values() if table in ("", t.name) for c in t.names}:
            yield "needs", f"no table has a column {need!r}"


def _lint_result(case: Case, query: Query) -> Iterator[tuple[str, str]]:
    try:
        frame = run(case, query)
    except QueryError as error:
        yield "runs", error.message.splitlines()[0]
        return
    if frame.columns != list(query.columns):
        yield "columns", f"declared {list(query.columns)}, given {frame.columns}"
    if query.kind != "detection" and not re.search(r"\bORDER BY\b", query.body, re.IGNORECASE):
        yield "order", "rows come in no order"
