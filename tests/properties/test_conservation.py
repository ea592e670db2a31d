"""Whatever the bytes: every line is parsed, rejected or ignored, and nothing is counted twice."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fwforensics.formats import formats
from tests.formats.support import parse_text
from tests.golden import samples

TEXT_FORMATS = sorted(f.name for f in formats().values() if f.binary is None)
WHOLE = [
    line
    for s in samples()
    if s.stat().st_size < 200_000
    for line in s.read_bytes().splitlines()[:12]
    if len(line) < 2000
]
DAMAGE = st.sampled_from(
    [b"", b'"', b"\\", b"\0", b"\xff\xfe", b"[", b"]", b"{", b"}", b",", b" ", b"=", b"\t", b"\xc3", b"\r"]
)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A line of a sample with bytes put in, cut out, or cut off."""
    line = draw(st.sampled_from(WHOLE))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(line)))
        line = line[:at] + draw(DAMAGE) + line[at + draw(st.integers(0, 4)) :]
    return line[: draw(st.one_of(st.just(len(line)), st.integers(0, len(line))))]


ANY_LINE = st.one_of(damaged(), damaged(), st.binary(max_size=80))
CONTENT = st.lists(ANY_LINE, max_size=12).map(b"\n".join)
#: Many lines an example, and few examples: what a call costs is the call.
MANY = st.lists(ANY_LINE, min_size=16, max_size=40).map(b"\n".join)


def check(content: bytes, only: str | None) -> None:
    lines = content.count(b"\n") + (not content.endswith(b"\n") and bool(content))
    batch = parse_text(content, only=only)
    rejects = batch.rejects.height if batch.rejects is not None else 0
    ignored = batch.ignored.height if batch.ignored is not None else 0
    assert batch.lines - batch.more == lines
    assert batch.parsed + rejects + ignored == batch.lines
    numbers = [n for part in (batch.rejects, batch.ignored) if part is not None for n in part["line_no"].to_list()]
    assert batch.more > 0 or len(numbers) == len(set(numbers))
    assert all(1 <= n <= lines for n in numbers)
    for frame in batch.frames.values() if batch.more <= 0 else ():
        assert not set(frame["line_no"].to_list()) & set(numbers)


@settings(max_examples=60, deadline=None)
@given(content=CONTENT)
def test_every_line_is_accounted_for(content: bytes) -> None:
    check(content, None)


@pytest.mark.parametrize("name", TEXT_FORMATS)
@settings(max_examples=2, deadline=None)
@given(content=MANY)
def test_every_line_is_accounted_for_where_a_format_is_forced(name: str, content: bytes) -> None:
    check(content, name)
