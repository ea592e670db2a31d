"""Which format a line is: nobody is asked in vain, and nobody is left out."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fwforensics.formats import Format, formats
from fwforensics.formats._layouts import LINE
from fwforensics.formats._lines import Lines
from fwforensics.formats._literals import literals, pattern_literals
from fwforensics.formats._recogniser import Recogniser, claimed_by
from fwforensics.formats._sieve import FEW_BYTES, Sieve
from tests.golden import samples
from tests.properties.test_conservation import damaged

TEXT = [f for f in formats().values() if f.binary is None]
SIEVE = Sieve(TEXT, "claims", claimed_by)


@pytest.mark.parametrize(
    ("pattern", "texts"),
    [
        (r"^\d+ foo\d+bar", {" foo"}),
        (r"x(?:GET|PUT) y", {"xGET y", "xPUT y"}),
        (r"a(?:bc\d|de[xy])", {"bc", "dex", "dey"}),
        (r"(?P<n>abc)+\s", {"abc"}),
        (r"ab?c", {"abc", "ac"}),
        (r"[,;]key=", {",key=", ";key="}),
        (r"(?:abc)*\d", None),
        (r"abc|\d", None),
        (r"(?i)abc", None),
        (r"(?i:abc)def", {"def"}),
        (r"[[:alpha:]]bc", None),
        (r"\p{L}abc", None),
        (r"^[\x{feff}]?abc$", {"\ufeffabc", "abc"}),
    ],
)
def test_texts_of_a_pattern(pattern: str, texts: set[str] | None) -> None:
    """What cannot be read off is not guessed."""
    assert pattern_literals(pattern) == (None if texts is None else frozenset(texts))


def test_texts_of_an_expression() -> None:
    """Of what must hold together, the part that tells most; of what may hold, all."""
    one, two = LINE.str.contains("one", literal=True), LINE.str.contains("twotwo", literal=True)
    assert literals(one & two) == {"twotwo"}
    assert literals((one | two).fill_null(False)) == {"one", "twotwo"}
    assert literals(pl.any_horizontal(one, two) & LINE.str.contains(r"\d")) == {"one", "twotwo"}
    assert literals(pl.all_horizontal(one, ~two)) == {"one"}
    assert literals(LINE.str.contains_any(["abc", "def"])) == {"abc", "def"}
    assert literals(LINE.str.head(20).str.starts_with("abc")) == {"abc"}
    assert literals(pl.when(one).then(two).otherwise(pl.lit(False))) == {"twotwo"}
    assert literals(LINE.str.to_lowercase().str.contains("one", literal=True)) is None
    assert literals(one | ~two) is None
    assert literals(pl.col("other").str.contains("one", literal=True)) is None


@pytest.mark.parametrize("fmt", TEXT, ids=lambda f: f.name)
def test_lines_of_a_format_can_be_told_by_a_text(fmt: Format) -> None:
    """A format of which nothing is known in advance is asked about every line: add a literal test to its expression."""
    assert SIEVE.needs[fmt.name] is not None


def _missed(lines: pl.Series) -> list[tuple[str, str]]:
    """Lines that a format would claim, and is not shown."""
    claimed = lines.to_frame().select(claimed_by(f).alias(f.name) for f in TEXT)
    shown = SIEVE.candidates(lines)
    none = np.empty(0, np.int64)
    return [
        (name, lines[int(row)])
        for name in claimed.columns
        for row in np.setdiff1d(np.flatnonzero(claimed[name].to_numpy()), shown.get(name, none))
    ]


def test_no_sample_line_is_withheld_from_its_format() -> None:
    """All samples and all formats, in one frame."""
    contents = [s.read_bytes() for s in samples() if s.suffix == ".log"]
    lines = Lines.of(b"\n".join(contents)).text
    assert lines.str.len_bytes().sum() > FEW_BYTES
    assert _missed(lines) == []


@settings(max_examples=60, deadline=None)
@given(content=st.lists(damaged(), max_size=12).map(b"\n".join))
def test_no_damaged_line_is_withheld_from_its_format(content: bytes) -> None:
    """Nor is one that is a format's by accident."""
    assert _missed(Lines.of(content).text) == []


def _format(name: str, mark: str, priority: int = 50) -> Format:
    return Format(
        name=name, title=name, reference="", is_record=LINE.str.contains(mark, literal=True), priority=priority
    )


def _claims(recogniser: Recogniser, text: str) -> dict[str, list[int]]:
    return {f.name: np.flatnonzero(m).tolist() for f, m in recogniser.claims(Lines.of(text.encode()))}


def test_a_format_that_shows_up_late_is_found() -> None:
    """Among many lines, and in a later batch."""
    recogniser = Recogniser([_format("first", "one:"), _format("second", "two:")])
    many = "one: x\n" * 5000
    assert list(_claims(recogniser, many)) == ["first"]
    assert _claims(recogniser, many + "two: x\nsshd\n")["second"] == [5000]


def test_a_general_format_takes_what_the_special_ones_leave() -> None:
    """Even where it was the only one that the source had shown."""
    recogniser = Recogniser([_format("special", "CEF:0|Maker"), _format("general", "CEF:", 90)])
    assert list(_claims(recogniser, "CEF:0|Other\n" * 3000)) == ["general"]
    assert _claims(recogniser, "CEF:0|Other\nCEF:0|Maker\n") == {"special": [1], "general": [0]}
