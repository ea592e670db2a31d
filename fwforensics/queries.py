"""Canned SQL: one `.sql` file each, with a TOML header in a comment; loaded, held to the contract, bound, run.

The body of a query is one SELECT that runs as it stands in DuckDB with `$parameters`. Each is also a table macro in
the case file, with hyphens as underscores and parameters without `$`.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from fwforensics import thresholds
from fwforensics.errors import QueryError, UsageError
from fwforensics.schema import TABLES, WORDS, quoted
from fwforensics.store import Case, utc_of

HEADER = re.compile(r"^\s*/\* ---\n(?P<toml>.*?)\n--- \*/\s*(?P<body>.*)$", re.DOTALL)
RUNNABLE = ("detection", "hunt", "explore")
KINDS = (*RUNNABLE, "view", "build", "case")
FOLDERS = {
    "detection": "detections",
    "hunt": "hunts",
    "explore": "explore",
    "view": "views",
    "build": "build",
    "case": "case",
}
LISTS = ("technique", "needs", "false_positives", "thresholds")
TYPES = {
    "int": "BIGINT", "float": "DOUBLE", "text": "VARCHAR", "time": "TIMESTAMP", "bool": "BOOLEAN", "list": "VARCHAR[]",
}  # fmt: skip
DEFAULTS: dict[str, type | tuple[type, ...]] = {
    "int": int, "float": (int, float), "text": str, "time": str, "bool": bool, "list": list,
}  # fmt: skip
NAME = re.compile(r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*")
#: Strings, quoted names and comments, so that what looks like a parameter in them is left alone.
LEXEME = re.compile(
    r"""\$(?P<tag>\w*)\$.*?\$(?P=tag)\$ | \be'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | "(?:[^"]|"")*"
    | --[^\n]* | /\*.*?\*/ | \$(?P<param>\w+)""",
    re.DOTALL | re.VERBOSE | re.IGNORECASE,
)
PACKAGED = Path(__file__).parent / "_data" / "queries"
CHECKOUT = Path(__file__).parent.parent / "queries"


@dataclass(frozen=True, slots=True, kw_only=True)
class Param:
    """One parameter of a query: its type, default and meaning."""

    type: str
    help: str
    default: Any = None

    def parse(self, text: str) -> Any:
        """The value that a user wrote."""
        try:
            match self.type:
                case "int":
                    return int(text)
                case "float":
                    return float(text)
                case "time":
                    return utc_of(datetime.fromisoformat(text))
                case "bool":
                    return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}[text.lower()]
                case "list":
                    return [part for part in text.split(",") if part]
                case _:
                    return text
        except (ValueError, KeyError) as error:
            raise UsageError(f"{text!r} is no {self.type}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One canned query, as its header describes it."""

    name: str
    title: str
    kind: str
    path: Path
    body: str
    question: str = ""
    severity: str = ""
    category: str = ""
    evidence: str = ""
    thresholds: tuple[str, ...] = ()
    technique: tuple[str, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, Param] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    false_positives: tuple[str, ...] = ()
    next: str = ""

    @property
    def macro(self) -> str:
        """Name of the table macro."""
        return self.name.replace("-", "_")

    def bind(self, given: Mapping[str, str]) -> dict[str, Any]:
        """All parameters, defaults where nothing was given."""
        if unknown := set(given) - set(self.params):
            known = ", ".join(self.params) or "none"
            raise UsageError(f"query {self.name} has no parameter {min(unknown)!r}", remedy=f"it has: {known}")
        return {k: self._value(k, given[k]) if k in given else _default(p) for k, p in self.params.items()}

    def _value(self, name: str, text: str) -> Any:
        try:
            return self.params[name].parse(text)
        except UsageError as error:
            raise UsageError(f"parameter {name} of query {self.name}: {error.message}") from error


def _default(param: Param) -> Any:
    return param.parse(param.default) if param.type == "time" and isinstance(param.default, str) else param.default


def query_dirs(extra: Sequence[str | Path] = ()) -> list[Path]:
    """Where canned SQL lies: the package's own, then `FWF_QUERIES`, then `extra`."""
    own = PACKAGED if PACKAGED.is_dir() else CHECKOUT
    given = [Path(p) for p in os.environ.get("FWF_QUERIES", "").split(os.pathsep) if p]
    return [own, *given, *map(Path, extra)]


def load(path: Path) -> Query:
    """Read one file; an unknown key, or a file without header, is an error with its place."""
    text = path.read_text(encoding="utf-8")
    match = HEADER.match(text)
    if match is None:
        raise QueryError("the file has no /* --- … --- */ header", where=str(path), remedy="see docs/queries.md")
    try:
        head = tomllib.loads(match["toml"])
    except tomllib.TOMLDecodeError as error:
        raise QueryError(f"the header is no TOML: {error}", where=str(path)) from error
    allowed = {f.name for f in fields(Query)} - {"path", "body"}
    if unknown := set(head) - allowed:
        known = ", ".join(sorted(allowed))
        raise QueryError(f"unknown key {min(unknown)!r} in the header", where=f"{path}:1", remedy=f"known: {known}")
    for key in LISTS:
        if key in head and not isinstance(head[key], list):
            raise QueryError(f"{key} must be a list", where=str(path))
    for key in ("columns", "params"):
        if not isinstance(head.get(key, {}), dict):
            raise QueryError(f"{key} must be a table", where=str(path))
    head |= {key: tuple(head[key]) for key in LISTS if key in head}
    try:
        own = {k: Param(**v) for k, v in head.get("params", {}).items()}
        head["params"] = _from_table(head.get("thresholds", ()), path) | own
        query = Query(path=path, body=match["body"].strip().rstrip(";"), **head)
    except TypeError as error:
        raise QueryError(f"the header is wrong: {error}", where=str(path)) from error
    _check_words(query)
    return query


def threshold_table() -> dict[str, thresholds.Threshold]:
    """The shipped table of thresholds."""
    return thresholds.table(query_dirs()[0] / "thresholds.toml")


def _from_table(names: Sequence[str], path: Path) -> dict[str, Param]:
    """The thresholds that a query names, as its parameters."""
    table = threshold_table()
    if unknown := set(names) - set(table):
        raise QueryError(
            f"there is no threshold {min(unknown)!r}", where=str(path), remedy="see: fwf queries thresholds"
        )
    return {
        n: Param(type=t.type, default=t.default, help=f"{t.unit}: {t.why}") for n, t in ((n, table[n]) for n in names)
    }


def _check_words(query: Query) -> None:
    """Words that become part of SQL, or decide whether a query is found at all."""
    if query.evidence and query.evidence not in WORDS["evidence"]:
        known = ", ".join(WORDS["evidence"])
        raise QueryError(f"unknown evidence {query.evidence!r}", where=str(query.path), remedy=f"known: {known}")
    if query.kind not in KINDS:
        raise QueryError(f"unknown kind {query.kind!r}", where=str(query.path), remedy=f"known: {', '.join(KINDS)}")
    for name in (query.name, *query.params):
        if not NAME.fullmatch(name):
            raise QueryError(
                f"{name!r} cannot be a name", where=str(query.path), remedy="use lower-case letters, digits and hyphens"
            )
    for name, param in query.params.items():
        if param.type not in TYPES:
            known = ", ".join(TYPES)
            raise QueryError(f"${name} has type {param.type!r}", where=str(query.path), remedy=f"known: {known}")
        if param.default is not None and not isinstance(param.default, DEFAULTS[param.type]):
            raise QueryError(f"the default of ${name} is no {param.type}", where=str(query.path))


def library(extra: Sequence[str | Path] = ()) -> dict[str, Query]:
    """All queries that a user can run, by name."""
    found: dict[str, Query] = {}
    for folder in query_dirs(extra):
        if not folder.is_dir():
            raise UsageError("there is no such folder of queries", where=str(folder))
        for path in sorted(folder.rglob("*.sql")):
            query = _load_once(path, path.stat().st_mtime_ns)
            if query.kind not in RUNNABLE:
                continue
            if query.macro in found:
                other = found[query.macro].path
                raise QueryError(f"two queries are named {query.name!r}", where=str(path), remedy=f"the other: {other}")
            found[query.macro] = query
    return {q.name: q for q in found.values()}


@cache
def _load_once(path: Path, _changed: int) -> Query:
    return load(path)


def views() -> list[Query]:
    """The views of a case, each after those that it reads."""
    waiting = {q.macro: q for q in map(load, sorted((query_dirs()[0] / "views").glob("*.sql")))}
    ordered: list[Query] = []
    while waiting:
        ready = [q for q in waiting.values() if not reads(q) & (set(waiting) - {q.macro})]
        if not ready:
            raise QueryError(f"views read each other in a circle: {', '.join(waiting)}")
        ordered += ready
        waiting = {name: q for name, q in waiting.items() if q not in ready}
    return ordered


def reads(query: Query) -> set[str]:
    """Names of the tables and views that a query reads."""
    return set(re.findall(r"\b(?:FROM|JOIN)\s+(\w+)", query.body, re.IGNORECASE))


def find_query(name: str, extra: Sequence[str | Path] = ()) -> Query:
    """A query by name; underscores serve as hyphens."""
    known = library(extra)
    for candidate in (name, name.replace("_", "-")):
        if candidate in known:
            return known[candidate]
    import difflib

    close = difflib.get_close_matches(name, known, 3)
    remedy = f"did you mean {', '.join(close)}?" if close else "see: fwf queries"
    raise UsageError(f"there is no query {name!r}", remedy=remedy)


def build_statements(name: str) -> list[str]:
    """The statements of one build script (our own, never a user's)."""
    own = query_dirs()[0]
    query = load(own / "build" / f"{name}.sql")
    return [s.query for s in duckdb.extract_statements(query.body)]


def run_build(case: Case, name: str, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Run one build script with its parameters' defaults, or what is given; returns what it was run with."""
    query = load(query_dirs()[0] / "build" / f"{name}.sql")
    values = {k: (given or {}).get(k, p.default) for k, p in query.params.items()}
    for statement in duckdb.extract_statements(query.body):
        case.execute(statement.query, {k: values[k] for k in statement.named_parameters} or ())
    return values


def listing(case: Case, name: str, **values: Any) -> pl.DataFrame:
    """Run one of the tool's own listings (`queries/case/`)."""
    query = load(query_dirs()[0] / "case" / f"{name}.sql")
    return case.sql(query.body, values).pl()


def listing_in_batches(case: Case, name: str, **values: Any) -> Iterator[pl.DataFrame]:
    """The same, a batch of rows at a time; the first has none, and tells the columns."""
    return case.stream(load(query_dirs()[0] / "case" / f"{name}.sql").body, values)


def run(case: Case, query: Query, given: Mapping[str, str] | None = None) -> pl.DataFrame:
    """Run a query with parameters as a user wrote them."""
    return pl.concat(run_in_batches(case, query, given))


def run_in_batches(case: Case, query: Query, given: Mapping[str, str] | None = None) -> Iterator[pl.DataFrame]:
    """The same, a batch of rows at a time; the first has none, and tells the columns."""
    if complaint := not_one_select(query.body):
        raise QueryError(complaint, where=str(query.path))
    return case.stream(query.body, query.bind(given or {}))


def not_one_select(body: str) -> str | None:
    """What is wrong with a body that is not one SELECT."""
    try:
        statements = duckdb.extract_statements(body)
    except duckdb.Error as error:
        return str(error).splitlines()[0]
    single = len(statements) == 1 and statements[0].type == duckdb.StatementType.SELECT
    return None if single else "the body must be one SELECT"


def parameters(body: str) -> set[str]:
    """Names of the `$parameters` in a statement."""
    statements = duckdb.extract_statements(body)
    return set().union(*(s.named_parameters for s in statements)) if statements else set()


def is_installed(case: Case) -> bool:
    """Has the case its macros? All come at once, so that one tells; to list all functions takes ten times as long."""
    try:
        case.sql("FROM top_talkers() LIMIT 0")
    except QueryError:
        return False
    return True


def install(case: Case, extra: Sequence[str | Path] = ()) -> None:
    """Views and one table macro for each query, so that any DuckDB client has them."""
    with case.transaction():
        install_views(case)
        for query in library(extra).values():
            _install_macro(case, query)


def _install_macro(case: Case, query: Query) -> None:
    if complaint := not_one_select(query.body):
        raise QueryError(complaint, where=str(query.path))
    try:
        case.execute(macro_sql(query))
    except duckdb.Error as error:
        raise QueryError(str(error).splitlines()[0], where=str(query.path)) from error
    case.execute(f"COMMENT ON MACRO TABLE {query.macro} IS {quoted(query.question or query.title)}")


def install_views(case: Case) -> None:
    """The views, with a comment on each and on each of its columns; once a connection."""
    if case.has_fresh_views:
        return
    case.has_fresh_views = True
    known = {c.name: c.doc for c in TABLES["events"].columns}
    for view in views():
        case.execute(f"CREATE OR REPLACE VIEW {view.macro} AS {_with_literals(view)}")
        case.execute(f"COMMENT ON VIEW {view.macro} IS {quoted(view.title)}")
        known |= view.columns
        for column in columns_of(case, view.macro):
            if column in known:
                case.execute(f"COMMENT ON COLUMN {view.macro}.{column} IS {quoted(known[column])}")


def columns_of(case: Case, table: str) -> list[str]:
    """Columns of a table or view as the case has it."""
    rows = case.sql("SELECT column_name FROM duckdb_columns() WHERE table_name = ? ORDER BY column_index", [table])
    return [row["column_name"] for row in rows.rows()]


def macro_sql(query: Query) -> str:
    """The CREATE MACRO statement of a query."""
    args = ", ".join(f"{name} := {_literal(p)}" for name, p in query.params.items())
    return f"CREATE OR REPLACE MACRO {query.macro}({args}) AS TABLE {_without_dollars(query.body)}"


def _with_literals(view: Query) -> str:
    """A view takes no parameters: the thresholds that it names stand in it."""
    return LEXEME.sub(lambda m: _literal(view.params[m["param"]]) if m["param"] in view.params else m[0], view.body)


def _literal(param: Param) -> str:
    value = param.default
    kind = TYPES[param.type]
    if value is None:
        return f"NULL::{kind}"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ", ".join(quoted(str(v)) for v in value) + f"]::{kind}"
    return f"{value}" if isinstance(value, int | float) else f"{quoted(str(value))}::{kind}"


def _without_dollars(body: str) -> str:
    """`$name` as `name`; what stands in strings and comments stays."""
    out, last = [], 0
    names = parameters(body)
    for match in LEXEME.finditer(body):
        if match["param"] in names:
            out += [body[last : match.start()], match["param"]]
            last = match.end()
    return "".join((*out, body[last:]))
