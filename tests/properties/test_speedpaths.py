"""Lines by shape, and the same lines one by one: both must give the same fields."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fwforensics.formats import _json, _keyvalue, _mapping
from fwforensics.formats._format import Context, Layout
from fwforensics.formats._layouts import LINE, ROW, Delimited, Json, KeyValue
from fwforensics.formats._lines import Lines
from fwforensics.formats._tokens import Group, Tokens
from tests.formats.support import parse_text
from tests.golden import samples

KEYS = ["SRC", "DST", "LEN", "a", "MAC", "é", "x.y", "TYPE", "msg"]
WANTED = {"SRC", "LEN", "msg", "a", "x.y", "@words"}
HOSTILE = [
    '"',
    "\\",
    '\\"',
    "\0",
    "\x1f",
    "\x7f",
    "[",
    "]",
    "(",
    ")",
    "=",
    "",
    "é",
    "\U0001f600",
    "\u2028",
    "'",
    ",",
    "/",
]
PIECES = st.one_of(st.sampled_from(HOSTILE), st.text("ab01.:-_ \t", max_size=6), st.sampled_from(["ACK", "SYN", "DF"]))
VALUES = st.lists(PIECES, max_size=3).map("".join)
EXAMPLES = settings(max_examples=40, deadline=None)

PLAIN = KeyValue(anchor=LINE.str.find("SRC=", literal=True))
QUOTED = KeyValue(anchor=LINE.str.find("SRC=", literal=True), quote='"', keep=("LEN",))
COMMAS = KeyValue(anchor=LINE.str.find("SRC=", literal=True), separator=",", quote='"')


@st.composite
def pairs(draw: st.DrawFn) -> str:
    """`key=value` tokens, bare words and worse behind a head."""
    token = st.one_of(
        st.tuples(st.sampled_from(KEYS), VALUES).map("=".join),
        st.tuples(st.sampled_from(KEYS), VALUES).map(lambda p: f'{p[0]}="{p[1]}"'),
        st.sampled_from(["ACK", "SYN", "[SRC=1", "LEN=2]", "]", "(w)", '"', ""]),
        VALUES,
    )
    separator = draw(st.sampled_from([" ", " ", ","]))
    return f"head {draw(VALUES)} SRC=1{separator}" + separator.join(draw(st.lists(token, max_size=6)))


def rows(layout: Layout, lines: Lines) -> tuple[dict[int, dict[str, Any]], set[int]]:
    """Row number → fields with a value, `extra` decoded; and the rows that could not be read."""
    fields = layout.fields(lines, set(WANTED), Context())
    found = {}
    for record in fields.frame.to_dicts():
        row, extra = record.pop(ROW), record.pop("extra", None)
        found[row] = {k: v for k, v in record.items() if v is not None} | {"extra": extra and json.loads(extra)}
    return found, set(fields.bad[ROW].to_list()) if fields.bad is not None else set()


def no_shapes(_lines: Lines, tokens: Tokens, _shape_of: object) -> Iterator[Group]:
    """All lines to the slow path."""
    none = np.empty((0, 0), np.int64)
    yield Group(None, np.arange(len(tokens.odd)), none, none)


def without_line_ends(texts: list[str]) -> Lines:
    return Lines.of("\n".join(t.replace("\n", " ").replace("\r", " ") for t in texts).encode())


@pytest.mark.parametrize("layout", [PLAIN, QUOTED, COMMAS], ids=["plain", "quoted", "commas"])
@EXAMPLES
@given(texts=st.lists(pairs(), min_size=1, max_size=6))
def test_key_value_lines_by_shape_and_one_by_one(layout: KeyValue, texts: list[str]) -> None:
    lines = without_line_ends(texts)
    fast = rows(layout, lines)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_keyvalue, "groups", no_shapes)
        assert rows(layout, lines) == fast


JSON_VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-9, 10**18), VALUES, st.floats(allow_nan=False, allow_infinity=False)
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.sampled_from(KEYS), inner, max_size=2)),
    max_leaves=4,
)


@EXAMPLES
@given(
    records=st.lists(
        st.dictionaries(st.sampled_from(KEYS), JSON_VALUES, min_size=1, max_size=6), min_size=1, max_size=5
    ),
    ascii_only=st.booleans(),
    spaced=st.booleans(),
)
@example(records=[{"LEN": '["'}, {"LEN": "{\\"}, {"LEN": [1, "\\"]}], ascii_only=True, spaced=False)
def test_json_lines_by_shape_and_one_by_one(records: list[dict[str, Any]], *, ascii_only: bool, spaced: bool) -> None:
    marks = (", ", ": ") if spaced else (",", ":")
    texts = [json.dumps(r, ensure_ascii=ascii_only, separators=marks) for r in records]
    lines = Lines.of("\n".join(texts).encode())
    fast, bad = rows(Json(), lines)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_json, "groups", no_shapes)
        slow, slow_bad = rows(Json(), lines)
    assert bad == slow_bad == set()
    assert {k: v["extra"] for k, v in fast.items()} == {k: v["extra"] for k, v in slow.items()}
    for row, record in enumerate(records):
        for key in WANTED & record.keys():
            if isinstance(record[key], str):
                assert fast[row].get(key) == slow[row].get(key) == (record[key] or None)


CSV = Delimited(names=["SRC", "DST", "LEN", "msg"], quote='"')


@pytest.mark.parametrize(
    "layout", [PLAIN, QUOTED, COMMAS, Json(), CSV], ids=["plain", "quoted", "commas", "json", "csv"]
)
@EXAMPLES
@given(texts=st.lists(st.one_of(pairs(), VALUES), min_size=2, max_size=6))
def test_a_line_means_the_same_whatever_stands_around_it(layout: Layout, texts: list[str]) -> None:
    lines = without_line_ends(texts)
    together, bad = rows(layout, lines)
    for row in range(len(lines)):
        alone, alone_bad = rows(layout, lines.take(np.array([row])))
        assert alone.get(0) == together.get(row)
        assert (0 in alone_bad) == (row in bad)


@EXAMPLES
@given(records=st.lists(st.lists(st.text('ab",\\ é', max_size=5), min_size=4, max_size=4), min_size=1, max_size=6))
def test_quoted_fields_come_back_as_they_were_written(records: list[list[str]]) -> None:
    texts = [",".join('"' + f.replace('"', '""') + '"' for f in r) for r in records]
    found, bad = rows(CSV, Lines.of("\n".join(texts).encode()))
    assert not bad
    for row, (src, dst, length, message) in enumerate(records):
        assert (found[row].get("SRC", ""), found[row].get("LEN", ""), found[row].get("msg", "")) == (
            src,
            length,
            message,
        )
        assert (found[row]["extra"] or {}).get("DST", "") == dst


@pytest.mark.parametrize(
    "sample",
    {s.parent.name: s for s in samples() if s.suffix in (".log", ".csv", ".json", ".ndjson")}.values(),
    ids=lambda s: s.parent.name,
)
def test_mappings_over_few_values_give_the_same_rows(sample: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    text = sample.read_bytes()
    plain = parse_text(text)
    monkeypatch.setattr(_mapping, "MIN_ROWS", 1)
    monkeypatch.setattr(_mapping, "MIN_STEPS", 0)
    monkeypatch.setattr(_mapping, "_PLANS", {})
    shared = parse_text(text)
    for table, frame in plain.frames.items():
        assert frame.equals(shared.frames[table].select(frame.columns)), table
    assert pl.DataFrame({"n": [plain.parsed]}).equals(pl.DataFrame({"n": [shared.parsed]}))
