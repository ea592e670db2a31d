"""The byte mechanics, each against the plain way to do the same."""

from __future__ import annotations

from datetime import datetime
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fwforensics.formats import _tokens
from fwforensics.formats._format import Context
from fwforensics.formats._lines import Lines
from fwforensics.formats._pieces import constant
from fwforensics.formats._syslog import headers

EXAMPLES = settings(max_examples=80, deadline=None)
LINE_TEXT = st.text(st.sampled_from('ab ,"\\é='), max_size=24)


@EXAMPLES
@given(st.binary(min_size=1, max_size=80), st.lists(st.tuples(st.integers(0, 79), st.integers(0, 40)), min_size=1))
def test_columns_and_loads_are_slices(data: bytes, spans: list[tuple[int, int]]) -> None:
    data = bytes(b & 0x7F for b in data).replace(b"\n", b" ").replace(b"\r", b" ")
    lines = Lines.of(data)
    starts = np.array([min(s, len(data)) for s, _ in spans])
    ends = np.minimum(starts + [size for _, size in spans], len(data))
    texts = [data[s:e].decode() for s, e in zip(starts.tolist(), ends.tolist(), strict=True)]
    assert lines.column("x", starts, ends, null_if_empty=False).to_list() == texts
    assert lines.column("x", starts, ends).to_list() == [t or None for t in texts]
    padded = data + bytes(8)
    assert lines.load(starts).tolist() == [int.from_bytes(padded[s : s + 8], "little") for s in starts.tolist()]
    assert constant(lines, starts, ends) == (texts[0].encode() if len(set(texts)) == 1 else None)


@EXAMPLES
@given(st.lists(LINE_TEXT, min_size=1, max_size=8), st.integers(0, 3), st.booleans())
def test_few_quotes_and_many_are_cut_alike(texts: list[str], skip: int, escape: bool) -> None:
    lines = Lines.of("\n".join(texts).encode())
    begin = np.minimum(lines.starts + skip, lines.ends)
    found = []
    for limit in (0, 1 << 20):
        with patch.object(_tokens, "FEW_QUOTES", limit):
            tokens = _tokens.split(lines, begin, ord(","), ord('"'), escape=escape)
        assert tokens.quotes is not None
        cuts = [tokens.cuts[f : f + n - 1].tolist() for f, n in zip(tokens.first, tokens.count, strict=True)]
        found.append((cuts, tokens.odd.tolist(), tokens.quotes.tolist()))
    assert found[0] == found[1]


HOSTS = st.sampled_from(["gw", "fw-1", "10.0.0.1", "a:b", "[x]", "user.notice", ""])
PROGRAMS = st.sampled_from(["kernel:", "kernel: ", "kernel:[1.5]", "sshd[12]:", "kernel", "x kernel:", ""])
CLOCKS = st.sampled_from(
    ["[    1.234567] ", "[12345.678901] ", "[1.2][3.4] ", "[ 7] ", "[1.] ", "[.5]", "[1.5", "[9.1]  ", ""]
)
PREFIXES = st.sampled_from(["[UFW BLOCK] ", "FW-DROP: ", "[1.5", "[ x] ", "é ", ""])


@EXAMPLES
@given(st.lists(st.tuples(HOSTS, PROGRAMS, CLOCKS, PREFIXES), min_size=1, max_size=12), st.integers(1, 40))
@pytest.mark.parametrize("stamp", ["Nov 24 00:48:27", "2026-11-24T00:48:27Z", "Feb 30 00:00:00"])
def test_headers_are_those_of_each_line_alone(stamp: str, parts: list[tuple[str, str, str, str]], times: int) -> None:
    texts = [f"{stamp} {host} {program} {clock}{prefix}IN=eth0" for host, program, clock, prefix in parts] * times
    context = Context(latest=datetime(2026, 12, 1))  # noqa: DTZ001 (as the case stores times)
    lines = Lines.of("\n".join(texts).encode())
    together = headers(lines, context, lines.ends - len("IN=eth0")).to_dicts()
    alone = []
    for text in texts[: len(parts)]:
        line = Lines.of(text.encode())
        alone += headers(line, context, line.ends - len("IN=eth0")).to_dicts()
    assert together == alone * times
