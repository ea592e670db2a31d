"""The canned library held to its contract, and what the loader says of files that break it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from fwforensics import linting, queries
from fwforensics.errors import QueryError, UsageError
from fwforensics.schema import TABLES
from fwforensics.store import Case, analyst
from tests.case_builder import make_case
from tests.test_canned import CALL, COVERAGE, EVENTS, OWNED, RUNS

LIBRARY = queries.library()
CANNED = (
    "recurring-violations", "run-presence", "denied-pairs", "denied-by-rule", "deny-then-allow", "new-destinations",
    "long-connections", "top-talkers", "internal-fan-out", "coverage-gaps", "port-histogram", "timeline",
)  # fmt: skip
HEADER = 'name = "{name}"\ntitle = "T"\nkind = "{kind}"\nquestion = "Q?"\n'


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    folder = tmp_path_factory.mktemp("queries")
    with make_case(
        folder, EVENTS, runs=RUNS, owned=OWNED, source_coverage=COVERAGE, activity=[CALL]
    ) as made:  # fmt: skip
        yield made


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    """A case of no rows that nobody writes to."""
    with make_case(tmp_path_factory.mktemp("empty")) as made:
        yield made


def write(folder: Path, body: str, name: str = "mine", kind: str = "hunt", head: str = "") -> Path:
    """A query file with its header."""
    path = folder / f"{name}.sql"
    path.write_text(f"/* ---\n{HEADER.format(name=name, kind=kind)}{head}\n--- */\n{body}\n", encoding="utf-8")
    return path


def test_library_has_the_canned_queries() -> None:
    """Twelve questions that are promised by name."""
    assert set(CANNED) <= set(LIBRARY)


def test_linter_finds_nothing(case: Case) -> None:
    """All that is shipped keeps to the contract."""
    assert [str(found) for found in linting.lint(case)] == []


@pytest.mark.parametrize("query", LIBRARY.values(), ids=lambda q: q.name)
def test_header_is_complete(query: queries.Query) -> None:
    """Each query says what it asks, what its columns mean, what it needs, when it is wrong and what comes next."""
    assert query.title
    assert query.question.endswith("?")
    assert query.columns and all(query.columns.values())
    assert query.needs
    assert query.false_positives
    assert all(param.help for param in query.params.values())
    assert query.next in LIBRARY or query.next.endswith(".")
    for need in (part for alternatives in query.needs for part in alternatives.split("|")):
        table, column = need.partition(":")[0].split(".")
        assert column in TABLES[table].names


@pytest.mark.parametrize("query", LIBRARY.values(), ids=lambda q: q.name)
def test_macro_gives_what_the_query_gives(case: Case, query: queries.Query) -> None:
    """`FROM name()` in any client is the query with its defaults, columns and order included."""
    found = queries.run(case, query)
    assert found.columns == list(query.columns)
    assert case.sql(f"FROM {query.macro}()").pl().equals(found)


def test_macro_takes_parameters(case: Case) -> None:
    """Parameters have the names of the header."""
    once = case.sql("FROM recurring_violations(min_runs := 1)").pl()
    assert once.equals(queries.run(case, queries.find_query("recurring-violations"), {"min_runs": "1"}))
    assert once.height == 8


@pytest.mark.parametrize("query", LIBRARY.values(), ids=lambda q: q.name)
def test_nothing_breaks_on_an_empty_case(empty: Case, query: queries.Query) -> None:
    """No rows in, no rows out, and the same columns."""
    found = queries.run(empty, query)
    assert (found.columns, found.height) == (list(query.columns), 0)


def test_thresholds_are_parameters() -> None:
    """No number of a hunt's WHERE is hidden in its body."""
    for name in CANNED:
        body = re.sub(r"--[^\n]*|'[^']*'", "", LIBRARY[name].body)
        assert not re.search(r"(?:>=|<=|>|<)\s*(?:[2-9]|\d\d)", body), name


def test_macros_work_on_a_locked_connection(tmp_path: Path) -> None:
    """An analyst's read-only connection has the same views and macros."""
    with make_case(tmp_path, EVENTS, runs=RUNS, owned=OWNED, source_coverage=COVERAGE):
        pass
    with analyst(tmp_path / "case.duckdb") as con:
        assert con.sql("SELECT count(*) FROM denied").fetchall() == [(11,)]
        assert len(con.sql("FROM recurring_violations()").fetchall()) == 2
        comments = con.sql("SELECT comment FROM duckdb_views() WHERE view_name = 'traffic'").fetchall()
        assert "direction" in comments[0][0]


def test_view_and_macro_of_one_name(case: Case) -> None:
    """`FROM timeline` is the view and `FROM timeline()` the query, over the same rows."""
    counted = case.sql("SELECT (SELECT count(*) FROM timeline) AS a, (SELECT count(*) FROM timeline()) AS b").rows()
    assert counted == [{"a": len(EVENTS) + 1, "b": len(EVENTS) + 1}]


def test_views_come_after_what_they_read() -> None:
    """`denied` reads `traffic`, whatever the alphabet says."""
    names = [view.name for view in queries.views()]
    assert names.index("traffic") < min(names.index(n) for n in ("denied", "flows", "timeline"))


# The loader


NAMED = 'name = "a"\ntitle = "T"\n'
HUNT = f'{NAMED}kind = "hunt"\n'


@pytest.mark.parametrize(
    ("head", "message"),
    [
        ('name = "a', "no TOML"),
        (f"{HUNT}answer = 42", "unknown key 'answer'"),
        ('title = "T"\nkind = "hunt"', "name"),
        (f'{NAMED}kind = "hunts"', "unknown kind 'hunts'"),
        ('name = "a; DROP"\ntitle = "T"\nkind = "hunt"', "cannot be a name"),
        (f'{HUNT}technique = "T1046"', "must be a list"),
        (f"{HUNT}params = 3", "must be a table"),
        (f'{HUNT}[params]\nx = {{ type = "int", default = "2", help = "h" }}', "default of $x is no int"),
        (f'{HUNT}[params]\nx = {{ type = "number", help = "h" }}', "$x has type 'number'"),
        (f'{HUNT}[params]\nx = {{ type = "int", hlep = "h" }}', "hlep"),
    ],
)
def test_a_broken_header_is_named(tmp_path: Path, head: str, message: str) -> None:
    """The error says what is wrong, and in which file."""
    path = tmp_path / "broken.sql"
    path.write_text(f"/* ---\n{head}\n--- */\nSELECT $x", encoding="utf-8")
    with pytest.raises(QueryError) as error:
        queries.load(path)
    assert message in str(error.value)
    assert str(path) in str(error.value)


def test_a_file_without_header_is_named(tmp_path: Path) -> None:
    """SQL alone is no canned query."""
    path = tmp_path / "bare.sql"
    path.write_text("SELECT 1", encoding="utf-8")
    with pytest.raises(QueryError, match="header") as error:
        queries.load(path)
    assert str(path) in str(error.value)


def test_two_queries_of_one_name_are_an_error(tmp_path: Path) -> None:
    """Both places are told; a hyphen and an underscore make no difference, since macros have only one."""
    first = write(tmp_path, "SELECT 1 AS a", "my-hunt")
    second = write(tmp_path, "SELECT 1 AS a", "my_hunt")
    with pytest.raises(QueryError) as error:
        queries.library([tmp_path])
    assert str(first) in str(error.value)
    assert str(second) in str(error.value)


def test_own_folders_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`FWF_QUERIES` and folders given by hand add to the library, at any depth."""
    (tmp_path / "a" / "deep").mkdir(parents=True)
    (tmp_path / "b").mkdir()
    write(tmp_path / "a" / "deep", "SELECT 1 AS a", "first-mine")
    write(tmp_path / "b", "SELECT 1 AS a", "second-mine")
    monkeypatch.setenv("FWF_QUERIES", os.pathsep.join([str(tmp_path / "a"), ""]))
    assert {"first-mine", "second-mine"} <= set(queries.library([tmp_path / "b"]))
    with pytest.raises(UsageError, match="no such folder"):
        queries.library([tmp_path / "c"])


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    """Whoever edits a query in a running session gets what is in the file."""
    path = write(tmp_path, "SELECT 1 AS a")
    assert queries.find_query("mine", [tmp_path]).body == "SELECT 1 AS a"
    write(tmp_path, "SELECT 2 AS a")
    os.utime(path, ns=(1, 1))
    assert queries.find_query("mine", [tmp_path]).body == "SELECT 2 AS a"


def test_an_unknown_query_suggests_a_near_one() -> None:
    """A slip of the pen is answered with the name that was meant."""
    with pytest.raises(UsageError) as error:
        queries.find_query("denied-pair")
    assert "denied-pairs" in str(error.value.remedy)
    assert queries.find_query("denied_pairs").name == "denied-pairs"


# Parameters


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("int", "3", 3),
        ("float", "0.5", 0.5),
        ("text", "10.0.0.5", "10.0.0.5"),
        ("bool", "Yes", True),
        ("bool", "0", False),
        ("list", "a,b,", ["a", "b"]),
        ("time", "2026-03-02T10:00:00+02:00", datetime(2026, 3, 2, 8)),  # noqa: DTZ001 (cases store UTC so)
    ],
)
def test_parameters_are_read_by_type(kind: str, text: str, value: object) -> None:
    """What a user writes becomes a value of the declared type."""
    assert queries.Param(type=kind, help="h").parse(text) == value


@pytest.mark.parametrize(("kind", "text"), [("int", "3.5"), ("bool", "maybe"), ("time", "yesterday"), ("float", "x")])
def test_wrong_parameters_are_usage_errors(kind: str, text: str) -> None:
    """The message has the word that could not be read."""
    with pytest.raises(UsageError, match=text):
        queries.Param(type=kind, help="h").parse(text)


def test_unknown_parameters_are_usage_errors() -> None:
    """The remedy names those that the query has, and a wrong value names its parameter."""
    query = queries.find_query("recurring-violations")
    with pytest.raises(UsageError) as error:
        query.bind({"min_run": "3"})
    assert "min_runs" in str(error.value.remedy)
    with pytest.raises(UsageError, match="min_runs"):
        query.bind({"min_runs": "many"})


def test_values_are_bound_never_written(case: Case) -> None:
    """A quote in a value is a quote in a value."""
    hostile = {"address": "10.0.0.5' OR '1'='1"}
    assert queries.run(case, queries.find_query("timeline"), hostile).height == 0


# Macros


def macro_of(folder: Path, body: str, **params: dict[str, Any]) -> str:
    """The CREATE MACRO statement of a body."""
    head = "[params]\n" + "\n".join(
        f"{name} = {{ type = {spec['type']!r}, default = {spec['default']}, help = 'h' }}"
        for name, spec in params.items()
    )
    return queries.macro_sql(queries.load(write(folder, body, head=head)))


def test_only_parameters_lose_their_dollar(tmp_path: Path) -> None:
    """Strings, quoted names and comments keep what looks like a parameter."""
    body = (
        "SELECT $x AS a, '$x it''s $x' AS b, $$ $x $$ AS c, $t$ '$x $t$ AS d, 1 AS \"$x\" -- '$x\n"
        ", E'\\'$x' AS e, /* $x ' */ $x + 1 AS f"
    )
    made = macro_of(tmp_path, body, x={"type": "int", "default": 7})
    assert made == (
        "CREATE OR REPLACE MACRO mine(x := 7) AS TABLE SELECT x AS a, '$x it''s $x' AS b, $$ $x $$ AS c, "
        "$t$ '$x $t$ AS d, 1 AS \"$x\" -- '$x\n, E'\\'$x' AS e, /* $x ' */ x + 1 AS f"
    )


def test_one_name_may_begin_another(tmp_path: Path) -> None:
    """`$min` does not eat `$min_runs`."""
    number = {"type": "int", "default": 1}
    made = macro_of(tmp_path, "SELECT $min AS a, $min_runs AS b", min=number, min_runs=number)
    assert made.endswith("AS TABLE SELECT min AS a, min_runs AS b")


def test_defaults_become_literals(tmp_path: Path) -> None:
    """Each type is written so that DuckDB reads the same value."""
    made = macro_of(
        tmp_path, "SELECT $a, $b, $c, $d, $e",
        a={"type": "text", "default": '"it\'s"'}, b={"type": "bool", "default": "true"},
        c={"type": "list", "default": '["x", "y"]'}, d={"type": "time", "default": '"2026-03-02"'},
        e={"type": "float", "default": "0.5"},
    )  # fmt: skip
    assert (
        "(a := 'it''s'::VARCHAR, b := true, c := ['x', 'y']::VARCHAR[], d := '2026-03-02'::TIMESTAMP, e := 0.5)" in made
    )


# The linter


def complaints(case: Case, folder: Path) -> dict[str, str]:
    """What the linter says of a folder's queries, by rule."""
    return {found.rule: found.message for found in linting.lint(case, [folder]) if found.query.startswith(str(folder))}


FULL = 'needs = ["events.ts"]\nfalse_positives = ["None."]\nnext = "timeline"\n[columns]\na = "A."\n'


def hunt(folder: Path, body: str, name: str = "mine", head: str = FULL) -> Path:
    """A folder with one hunt in its place."""
    (folder / "hunts").mkdir()
    write(folder / "hunts", body, name, head=head)
    return folder


def test_a_good_query_has_no_complaints(case: Case, tmp_path: Path) -> None:
    """The least that is enough."""
    assert complaints(case, hunt(tmp_path, "SELECT 1 AS a ORDER BY a")) == {}


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ("SELEKT 1", "one-select"),
        ("SELECT 1 AS a ORDER BY a; SELECT 2", "one-select"),
        ("DELETE FROM events", "one-select"),
        ("SELECT 1 AS b ORDER BY b", "columns"),
        ("SELECT 1 AS a", "order"),
        ("SELECT nothing AS a FROM events ORDER BY a", "runs"),
        ("SELECT $x AS a ORDER BY a", "params"),
    ],
)
def test_linter_sees_bad_bodies(case: Case, tmp_path: Path, body: str, rule: str) -> None:
    """Each rule has a query that breaks it."""
    assert rule in complaints(case, hunt(tmp_path, body))


@pytest.mark.parametrize("name", ["dst_port", "src_scope", "a"])
def test_parameters_are_not_named_like_columns(case: Case, tmp_path: Path, name: str) -> None:
    """Neither like a table's column, nor like a view's, nor like one of the result."""
    head = f'{FULL}[params]\n{name} = {{ type = "int", default = 1, help = "h" }}\n'
    assert "param-name" in complaints(case, hunt(tmp_path, f"SELECT ${name} AS a ORDER BY a", head=head))


@pytest.mark.parametrize(
    ("name", "body", "shadows"),
    [
        ("events", "SELECT 1 AS a FROM events ORDER BY a", True),
        ("denied", "SELECT 1 AS a FROM events ORDER BY a", True),
        ("denied", "SELECT 1 AS a FROM denied ORDER BY a", False),
    ],
)
def test_a_query_may_bear_the_name_of_a_view_that_it_reads(
    case: Case, tmp_path: Path, name: str, body: str, shadows: bool
) -> None:
    """Otherwise one name would mean two things."""
    assert ("shadows" in complaints(case, hunt(tmp_path, body, name))) is shadows


def test_linter_sees_bad_headers(case: Case, tmp_path: Path) -> None:
    """Missing words, unknown columns, and a next query that is not there."""
    head = 'needs = ["events.tss"]\nnext = "nowhere"\n[columns]\na = ""\n'
    found = complaints(case, hunt(tmp_path, "SELECT 1 AS a ORDER BY a", head=head))
    assert {"needs", "next", "header"} <= set(found)


def test_a_query_that_writes_is_not_run(case: Case, tmp_path: Path) -> None:
    """Even on a connection that could."""
    query = queries.load(write(tmp_path, "DELETE FROM events"))
    with pytest.raises(QueryError, match="one SELECT"):
        queries.run(case, query)
    assert case.sql("SELECT count(*) FROM events").scalar() == len(EVENTS)
