"""Tokenise once over the raw bytes, group lines by shape, read by position.

Separators outside quotes are found for all lines together. Lines with the same number of tokens are compared with the
key sequence of one of them; those that match share a *shape*, and the value of a key is then at one token position for
all of them. Lines that fit no shape are left to a slow path that must give the same answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fwforensics.formats._lines import KEEP_8, Lines, Mask, Positions

#: Shapes tried for one token count before the rest goes to the slow path.
MAX_SHAPES = 64
#: As many quotes a line, in a few lines, are looked at one by one, more of them together with the separators.
FEW_QUOTES, SAMPLE = 8, 64
BACKSLASH = ord("\\")

#: (token position, literal bytes that it starts with, whole): what lines of a shape have in common.
Literal = tuple[int, bytes, bool]


@dataclass(slots=True)
class Tokens:
    """Token borders of all lines.

    Attributes:
        begin: start of each line's payload; shape (lines,).
        end: its end; shape (lines,).
        cuts: positions of all separators that count, ascending.
        first: index into `cuts` of each line's first separator; shape (lines,).
        count: tokens of each line (separators + 1); shape (lines,).
        odd: lines with an unclosed quote or bracket, which positions say nothing true about.
        quotes: quotes of each line that have their meaning; shape (lines,); None where no quote was asked for.
        marks: positions of all of these, ascending, where they are few.
    """

    begin: Positions
    end: Positions
    cuts: Positions
    first: Positions
    count: Positions
    odd: Mask
    quotes: Positions | None = None
    marks: Positions | None = None

    def borders(self, rows: Positions, tokens: int) -> tuple[Positions, Positions]:
        """Start and end of each token of `rows`, which all have `tokens` tokens; shape (tokens, rows)."""
        starts = np.empty((tokens, len(rows)), np.int64)
        ends = np.empty((tokens, len(rows)), np.int64)
        if tokens > 1:
            at = self.cuts[self.first[rows] + np.arange(tokens - 1)[:, None]]
            starts[1:], ends[:-1] = at + 1, at
        starts[0], ends[-1] = self.begin[rows], self.end[rows]
        return starts, ends

    def opened(self, tokens: int) -> list[int]:
        """Which of the first `tokens` tokens a quote may open, in any line."""
        if self.marks is None:
            return list(range(tokens))
        place = np.searchsorted(self.cuts, self.marks)
        line = np.minimum(np.searchsorted(self.end, self.marks), len(self.end) - 1)
        before = np.append(self.cuts, -2)[place - 1]
        at = place - self.first[line]
        opens = (before + 1 == self.marks) | (self.begin[line] == self.marks)
        return [j for j in np.unique(at[opens]).tolist() if 0 <= j < tokens]


def split(lines: Lines, begin: Positions, separator: int, quote: int | None = None, *, escape: bool = False) -> Tokens:
    """Cut every line from `begin` on at `separator` outside `quote`s.

    Args:
        lines: the lines.
        begin: where each line's payload starts.
        separator: a byte.
        quote: a byte that takes the meaning of separators between two of it.
        escape: a backslash before a quote takes its meaning away.
    """
    a = lines.bytes
    if quote is None:
        hits = find(a, (separator,), lines.starts, lines.ends)
        lo, hi = np.searchsorted(hits, begin), np.searchsorted(hits, lines.ends)
        return Tokens(begin, lines.ends, hits, lo, hi - lo + 1, np.zeros(len(lines), np.bool_))
    escape = escape and b"\\" in lines.data
    some = lines.data[int(lines.starts[0]) : int(lines.ends[:SAMPLE][-1])] if len(lines) else b""
    if some.count(quote) <= FEW_QUOTES * min(len(lines), SAMPLE):
        marks = find(a, (quote,), lines.starts, lines.ends)
        marks = marks[~escaped(a, marks, np.ones(len(marks), np.bool_))] if escape else marks
        hits, quotes = _outside(find(a, (separator,), lines.starts, lines.ends), marks, begin, lines.ends)
        odd = (quotes & 1).astype(np.bool_)
    else:
        marks = None
        hits = find(a, (separator, quote), lines.starts, lines.ends)
        is_quote = a[hits] == quote
        is_separator = ~is_quote
        if escape:
            is_quote &= ~escaped(a, hits, is_quote)
        lo, hi = np.searchsorted(hits, begin), np.searchsorted(hits, lines.ends)
        inside, odd = _parity(is_quote, lo, hi)
        before = np.concatenate((np.zeros(1, np.int64), np.cumsum(is_quote)))
        quotes = before[hi] - before[lo]
        hits = hits[is_separator & (inside == 0)]
    lo, hi = np.searchsorted(hits, begin), np.searchsorted(hits, lines.ends)
    return Tokens(begin, lines.ends, hits, lo, hi - lo + 1, odd, quotes, marks)


def _outside(cuts: Positions, marks: Positions, begin: Positions, end: Positions) -> tuple[Positions, Positions]:
    """Those of the `cuts` that stand outside quotes, for few quotes; and the quotes of each line.

    Quotes pair up line by line; one that stays open reaches to the line's end.
    """
    lo, hi = np.searchsorted(marks, begin), np.searchsorted(marks, end)
    count = hi - lo
    before = np.cumsum(count) - count
    rank = np.arange(count.sum()) - np.repeat(before, count)
    marks = marks[np.repeat(lo, count) + rank]
    line = np.repeat(np.arange(len(count)), count)
    follows = np.append(marks[1:], 0)
    opens = (rank & 1) == 0
    closes = np.where(rank == count[line] - 1, end[line], follows)[opens]
    first, last = np.searchsorted(cuts, marks[opens]), np.searchsorted(cuts, closes)
    some = last > first
    if not some.any():
        return cuts, count
    step = np.zeros(len(cuts) + 1, np.int8)  # ranges are apart, so that no place is named twice in one statement
    step[first[some]] += 1
    step[last[some]] -= 1
    return cuts[np.cumsum(step[:-1], dtype=np.int8) == 0], count


def split_json(lines: Lines, frame: bytes = b"{}") -> Tokens:
    """Cut every line, which should be one JSON object (an array by its `frame`), at the commas of its first level."""
    a = lines.bytes
    hits = within(find(a, tuple(b'"{}[],'), lines.starts, lines.ends), lines)
    is_quote = a[hits] == ord('"')
    is_quote &= ~escaped(a, hits, is_quote)
    lo, hi = np.searchsorted(hits, lines.starts), np.searchsorted(hits, lines.ends)
    inside, odd = _parity(is_quote, lo, hi)
    hits = hits[~is_quote & (inside == 0) & (a[hits] != ord('"'))]
    lo, hi = np.searchsorted(hits, lines.starts), np.searchsorted(hits, lines.ends)
    byte = a[hits]
    step = np.isin(byte, np.frombuffer(b"{[", np.uint8)).astype(np.int64) - np.isin(
        byte, np.frombuffer(b"}]", np.uint8)
    )
    total = np.concatenate((np.zeros(1, np.int64), np.cumsum(step)))
    depth = total[1:] - np.repeat(total[lo], hi - lo)
    odd |= total[hi] != total[lo]
    begin, end, framed = _braces(a, lines, frame)
    cuts = hits[(byte == ord(",")) & (depth == 1)]
    lo, hi = np.searchsorted(cuts, begin), np.searchsorted(cuts, end)
    return Tokens(begin, end, cuts, lo, np.where(framed, hi - lo + 1, 0), odd | ~framed)


def _braces(a: npt.NDArray[np.uint8], lines: Lines, frame: bytes) -> tuple[Positions, Positions, Mask]:
    """The inside of each line's outermost braces; blanks around them and one trailing comma are passed over."""
    begin, end = lines.starts.copy(), lines.ends.copy()
    for _ in range(8):
        begin += (begin < end) & np.isin(a[begin], BLANKS)
        end -= (end > begin) & (np.isin(a[end - 1], BLANKS) | (a[end - 1] == ord(",")))
    framed = (end - begin >= 2) & (a[begin] == frame[0]) & (a[np.maximum(end - 1, 0)] == frame[1])
    return begin + framed, end - framed, framed


BLANKS = np.frombuffer(b" \t\r", np.uint8)


def find(a: npt.NDArray[np.uint8], wanted: tuple[int, ...], starts: Positions, ends: Positions) -> Positions:
    """Positions of the wanted bytes, ascending; lines that lie close together are searched as one stretch."""
    if not len(starts):
        return np.empty(0, np.int64)
    low, high = int(starts[0]), int(ends[-1])
    found = []
    table = np.zeros(256, np.bool_)
    table[list(wanted)] = True
    for at in range(low, high, 1 << 20):  # steps that stay in the processor's cache
        part = a[at : min(at + (1 << 20), high)]
        if len(wanted) > 2:
            hit = table[part]
        else:
            hit = part == wanted[0]
            if len(wanted) == 2:
                hit |= part == wanted[1]
        found.append(np.flatnonzero(hit) + at)
    return np.concatenate(found) if found else np.empty(0, np.int64)


def within(at: Positions, lines: Lines) -> Positions:
    """Those of the ascending positions `at` that lie inside a line, and not between lines or before their payload."""
    lo, hi = np.searchsorted(at, lines.starts), np.searchsorted(at, lines.ends)
    if int((hi - lo).sum()) == len(at):
        return at
    open_lines = np.zeros(len(at) + 1, np.int64)
    np.add.at(open_lines, lo, 1)
    np.add.at(open_lines, hi, -1)
    return at[np.cumsum(open_lines)[:-1] > 0]


def escaped(a: npt.NDArray[np.uint8], at: Positions, candidates: Mask) -> Mask:
    """Which of `at` stand behind an odd number of backslashes; only `candidates` are looked at."""
    result = np.zeros(len(at), np.bool_)
    rows = np.flatnonzero(candidates)
    back = at[rows] - 1
    while True:
        keep = (back >= 0) & (a[np.maximum(back, 0)] == BACKSLASH)
        rows, back = rows[keep], back[keep] - 1
        if not len(rows):
            return result
        result[rows] = ~result[rows]


def _parity(is_quote: Mask, lo: Positions, hi: Positions) -> tuple[npt.NDArray[np.uint8], Mask]:
    """For each hit: 1 inside quotes, 0 outside; for each line: is a quote left open?

    Parity restarts on every line, or one stray quote would corrupt all lines after it.
    """
    odd_before = np.zeros(len(is_quote) + 1, np.uint8)
    np.bitwise_xor.accumulate(is_quote.view(np.uint8), out=odd_before[1:])
    inside = odd_before[:-1]
    base = odd_before[lo]
    if base.any():
        inside = inside.copy()
        count = hi - lo
        at = np.repeat(lo - np.concatenate((np.zeros(1, np.int64), np.cumsum(count)[:-1])), count) + np.arange(
            count.sum()
        )
        inside[at] ^= np.repeat(base, count)
    return inside, (odd_before[hi] ^ base).view(np.bool_)


def matches(lines: Lines, starts: Positions, ends: Positions, literal: Literal) -> Mask:
    """Which of the tokens between `starts` and `ends` begin with the literal of a shape, or are it."""
    _, text, whole = literal
    size = ends - starts
    ok: Mask = size == len(text) if whole else size >= len(text)
    for offset in range(0, len(text), 8):
        part = text[offset : offset + 8]
        have = lines.load(starts + offset) & KEEP_8[len(part)]
        ok &= have == np.uint64(int.from_bytes(part, "little"))
    return ok


@dataclass(slots=True)
class Group:
    """Lines of one shape: `rows` into the lines, and borders of shape (tokens, rows). `shape` None: slow path."""

    shape: list[Literal] | None
    rows: Positions
    starts: Positions
    ends: Positions


def groups(lines: Lines, tokens: Tokens, shape_of: Callable[[list[bytes]], list[Literal] | None]) -> Iterator[Group]:
    """Group all lines by shape; every line is in exactly one group."""
    none = np.empty((0, 0), np.int64)
    if tokens.odd.any():
        yield Group(None, np.flatnonzero(tokens.odd), none, none)
    usable = ~tokens.odd
    for count in np.unique(tokens.count[usable]):
        rows = np.flatnonzero(usable & (tokens.count == count))
        if count == 0:
            yield Group(None, rows, none, none)
            continue
        starts, ends = tokens.borders(rows, int(count))
        yield from _of_one_count(lines, rows, starts, ends, shape_of)


def _of_one_count(
    lines: Lines,
    rows: Positions,
    starts: Positions,
    ends: Positions,
    shape_of: Callable[[list[bytes]], list[Literal] | None],
) -> Iterator[Group]:
    """Take the first line's shape, split off all that share it, repeat.

    What the first shape has in common with all lines need not be looked at again, whatever shapes follow.
    """
    left = np.arange(len(rows))
    common: set[Literal] = set()
    for _ in range(MAX_SHAPES):
        first = left[0]
        sample = [lines.data[s:e] for s, e in zip(starts[:, first].tolist(), ends[:, first].tolist(), strict=True)]
        shape = shape_of(sample)
        ok = np.arange(len(left)) == 0 if shape is None else np.ones(len(left), np.bool_)
        everything = len(left) == len(rows)
        for literal in shape or ():
            if literal not in common:
                token = literal[0]
                at, end = (starts[token], ends[token]) if everything else (starts[token][left], ends[token][left])
                hit = matches(lines, at, end, literal)
                if everything and hit.all():
                    common.add(literal)
                ok &= hit
        mine = left[ok]
        alone = len(mine) == len(rows)
        yield Group(shape, rows[mine], starts if alone else starts[:, mine], ends if alone else ends[:, mine])
        left = left[~ok]
        if not len(left):
            return
    yield Group(None, rows[left], starts[:, left], ends[:, left])
