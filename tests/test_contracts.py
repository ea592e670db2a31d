"""What every format, table and query must be: one parametrised test in place of many review comments."""

from __future__ import annotations

from importlib import import_module

import pytest

from fwforensics import queries
from fwforensics.formats import Format, formats
from fwforensics.formats._engine import Recogniser, parse
from fwforensics.formats._format import Context
from fwforensics.samples import CHECKOUT
from fwforensics.schema import CANONICAL, POLARS, TABLES, WORDS
from tests.support import lines_of

PSEUDO = {"ts_local", "ts_end_local", "started_at_local", "ended_at_local", "ignored", "lost", "@table"}
TEXT = [f for f in formats().values() if f.binary is None]
OURS = {"canonical", "canonical_parquet"}
WITHOUT_SAMPLE = {"aws_vpcflow_parquet", "canonical_parquet", "ocsf_parquet"}  # their tests write the files


@pytest.mark.parametrize("fmt", formats().values(), ids=lambda f: f.name)
def test_format_honours_the_house_contract(fmt: Format) -> None:
    """A format is named like its module, documents its source, and maps only to columns that exist."""
    module = import_module(f"fwforensics.formats.{fmt.name}")
    assert fmt is module.FORMAT
    assert "Reference: https://" in (module.__doc__ or "") or fmt.name in OURS
    assert fmt.title and (fmt.reference.startswith("https://") or fmt.name in OURS)
    for table, columns in {fmt.table: fmt.columns, **fmt.tables}.items():
        assert table in CANONICAL
        unknown = set(columns) - set(TABLES[table].names) - PSEUDO
        assert not unknown, f"{table} has no column {unknown}"
    assert fmt.kind in WORDS["event_kind"]


@pytest.mark.parametrize("fmt", formats().values(), ids=lambda f: f.name)
def test_format_has_a_sample(fmt: Format) -> None:
    """There is at least one sample, and its golden rows stand beside it."""
    if fmt.name not in WITHOUT_SAMPLE:
        assert list((CHECKOUT / fmt.name).glob("*.expected.ndjson")), f"add sample_logs/{fmt.name}/basic.log"


@pytest.mark.parametrize("fmt", TEXT, ids=lambda f: f.name)
def test_format_claims_no_line_of_another(fmt: Format) -> None:
    """What a format reads out of its own sample, no other format claims more of, even when it is asked alone."""
    others = [f for f in TEXT if f.name != fmt.name]
    for sample in (CHECKOUT / fmt.name).glob("*.log"):
        lines = lines_of(sample.read_bytes())
        contexts = {f.name: Context() for f in TEXT}
        own = parse(lines, Recogniser(TEXT), contexts, Context()).by_format.get(fmt.name, 0)
        contexts = {f.name: Context() for f in TEXT}
        foreign = parse(lines, Recogniser(others), contexts, Context()).by_format
        assert own > 0
        assert all(n <= own for n in foreign.values()), f"{sample.name}: {foreign}, own {own}"


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda t: t.name)
def test_table_is_whole(table) -> None:
    """Every table and column says what it is, has a type that Polars stores, and a name that parses unquoted."""
    assert table.doc
    for column in table.columns:
        assert column.doc
        assert column.type in POLARS
        assert column.name.isidentifier() and column.name == column.name.lower()
        assert column.words is None or column.words in WORDS


@pytest.mark.parametrize("query", queries.library().values(), ids=lambda q: q.name)
def test_query_says_what_it_answers(query: queries.Query) -> None:
    """A query carries its question, its columns, what may fool it and what to do next."""
    assert query.question.endswith("?")
    assert query.columns and query.false_positives and query.next
    assert all(p.help for p in query.params.values())
