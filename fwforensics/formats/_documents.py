"""JSON documents as records: what exports write over many lines, all of it on one, or as elements of an array.

The text between two records is framing: brackets, commas, and the object around an array of records. It is taken out
while the content streams by, so that an array of any size costs no more memory than its largest record. Whatever is no
framing comes out as a record, too, and is rejected where it is none.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from fwforensics.formats._lines import PADDING, Lines, Positions, as_utf8
from fwforensics.formats._tokens import escaped, find

#: A record longer than this is not assembled; its first part is handed on as a reject.
MAX_RECORD, KEEP_OF_LONG = 16 << 20, 1 << 20
_TEXT = r'"(?:[^"\\]|\\.)*"'
_SCALAR = rf"(?:{_TEXT}|[A-Za-z0-9.+-]+|\{{[^{{}}]*\}}|\[(?:\s*(?:{_TEXT}|[A-Za-z0-9.+-]+)\s*,?)*\s*\])"
#: The object around an array of records, as far as the array's bracket: of Azure's storage and event hubs, of
#: CloudTrail, of CloudWatch's subscriptions and `filter-log-events`, of Whisker. What else stands in it is framing.
_NAMED = rf"(?:{_TEXT}\s*:\s*{_SCALAR}\s*,\s*)"
_FIRST = r'\s*\{\s*"(?:timestamp|logStreamName|insertId|logName|start_time)"'
WRAPPERS = (
    rf'^(\{{\s*{_NAMED}{{0,8}}"(?:records|Records|logEvents)"\s*:\s*\[)',
    rf'^(\{{\s*{_NAMED}{{0,4}}"(?:events|entries|items)"\s*:\s*\[){_FIRST}',
)
BLANK = " \t\r\n\0\ufeff\x1e,"
TOP, ARRAY, WRAPPED, BEHIND_ARRAY = range(4)


def is_document(head: bytes) -> bool:
    """Does content that begins like this hold records that are not one to a line?"""
    text = head.decode(errors="replace").lstrip(BLANK)
    if text.startswith("["):
        return text[1:65].lstrip()[:1] in ("{", "]") and not text.startswith("[]")
    if not text.startswith("{"):
        return False
    if any(re.match(pattern, text) for pattern in WRAPPERS):
        return True
    line, feed, _ = text.partition("\n")
    line = line.rstrip()
    try:
        _, end = json.JSONDecoder(strict=False).raw_decode(line)
    except (ValueError, RecursionError):
        end = None
    if end is not None:  # another object on the same line: objects that were written one behind the other
        return line[end:].lstrip(BLANK).startswith("{")
    return bool(feed) and line.endswith(("{", "[", ",", ":")) and not line.endswith("},")


@dataclass(slots=True)
class Long:
    """A record too long to be taken apart: its line, its size in bytes and its first part."""

    line: int
    size: int
    begin: bytes


@dataclass(slots=True)
class Cut:
    """What came of a block: whole records, perhaps a long one before them, or text that is no JSON any more.

    Attributes:
        lines: the records; several may begin on one line.
        long: a record that ended in this block and is too long.
        rest, rest_line: content from the first line on that is no JSON document, and that line's number.
    """

    lines: Lines | None = None
    long: Long | None = None
    rest: bytes | None = None
    rest_line: int = 0


@dataclass(slots=True)
class Documents:
    """Cuts blocks of content, given in order, into records.

    Attributes:
        line: number of the line that the next byte stands on.
        place: what the next byte stands in: nothing, an array, a wrapped array, or what follows that in its object.
    """

    line: int = 1
    place: int = TOP
    _carry: bytes = b""
    _skipping: _Skip | None = None

    def feed(self, block: bytes, *, final: bool = False) -> Cut:
        """Records that the content up to the end of this block completes."""
        long = None
        if self._skipping is not None:
            at = self._skipping.take(block)
            self.line += block[:at].count(b"\n")
            if at is None and not final:
                return Cut()
            long, self._skipping = self._skipping.long, None
            block = block[at:] if at is not None else b""
        raw = self._carry + block
        half = 0 if final else _half_character(raw)
        whole = as_utf8(raw[: len(raw) - half])
        cut = _Text(whole, self.line, self.place, final=final).cut()
        self.line, self.place = cut.line, cut.place
        self._carry = whole[cut.left :] + raw[len(raw) - half :]
        if cut.is_garbage:
            rest, self._carry = self._carry, b""
            return Cut(cut.lines, long, rest, cut.line)
        if cut.in_record and len(self._carry) > MAX_RECORD:
            self._skipping = _Skip(Long(self.line, 0, self._carry[:KEEP_OF_LONG]))
            self._skipping.take(self._carry)
            self.line += self._carry.count(b"\n")
            self._carry = b""
        return Cut(cut.lines, long)


def _half_character(raw: bytes) -> int:
    """How many bytes at the end are the beginning of a UTF-8 character that is not whole."""
    for back in range(1, min(3, len(raw)) + 1):
        byte = raw[-back]
        if byte & 0xC0 == 0xC0:
            return back if back < (2 + (byte >= 0xE0) + (byte >= 0xF0)) else 0
        if byte & 0xC0 != 0x80:
            return 0
    return 0


@dataclass(slots=True)
class _Skip:
    """Finds the end of a record that is not kept."""

    long: Long
    depth: int = 0
    in_text: bool = False
    backslashes: bytes = b""

    def take(self, block: bytes) -> int | None:
        """The position in the block behind the record's last brace; None: further on."""
        ahead = len(self.backslashes)
        marks = Marks.of(
            self.backslashes + block + bytes(PADDING), ahead + len(block), self.depth, in_text=self.in_text
        )
        ends = np.flatnonzero((marks.step < 0) & (marks.after == 0))
        if len(ends):
            at = int(marks.at[ends[0]]) + 1 - ahead
            self.long.size += at
            return at
        self.depth, self.in_text = marks.depth, marks.in_text
        self.long.size += len(block)
        tail = block[len(block.rstrip(b"\\")) :]
        self.backslashes = tail if len(tail) & 1 else b""
        return None


@dataclass(slots=True)
class Marks:
    """Brackets and braces outside strings.

    Attributes:
        at: their positions; shape (marks,).
        step: 1 opens, -1 closes; shape (marks,).
        after: how many are open behind each; shape (marks,).
        depth, in_text: how many are open at the end, and whether a string is.
    """

    at: Positions
    step: npt.NDArray[np.int64]
    after: npt.NDArray[np.int64]
    depth: int
    in_text: bool

    @classmethod
    def of(cls, data: bytes, size: int, depth: int, *, in_text: bool = False) -> Marks:
        """The marks in the first `size` bytes, of which `depth` were open before."""
        a = np.frombuffer(data, np.uint8)
        span = np.zeros(1, np.int64), np.full(1, size, np.int64)
        hits = find(a, tuple(b'"{}[]'), *span)
        byte = a[hits]
        is_quote = byte == ord('"')
        is_quote &= ~escaped(a, hits, is_quote)
        parity = np.bitwise_xor.accumulate(is_quote.view(np.uint8)) ^ np.uint8(in_text)
        outside = (byte != ord('"')) & (parity == 0)
        at, byte = hits[outside], byte[outside]
        step = np.where((byte | 0x20) == ord("{"), 1, -1).astype(np.int64)
        after = np.cumsum(step) + depth
        last = int(after[-1]) if len(after) else depth
        return cls(at, step, after, last, bool(parity[-1]) if len(parity) else in_text)


@dataclass(slots=True)
class _Result:
    """Records of a text, and where the next text goes on."""

    lines: Lines | None
    left: int
    line: int
    place: int
    in_record: bool
    is_garbage: bool


class _Text:
    """Content from one place between records on.

    Line feeds and the blanks around them are taken out first: within valid JSON they mean nothing.
    """

    def __init__(self, raw: bytes, line: int, place: int, *, final: bool) -> None:
        parts = pl.Series([raw.decode()]).str.split("\n").explode()
        kept = parts.str.strip_chars_start(" \t\r")
        self.dropped = (parts.str.len_bytes() - kept.str.len_bytes()).to_numpy().astype(np.int64)
        closed = kept.str.strip_chars_end(" \t\r")
        whole = closed if final else pl.concat([closed.head(-1), kept.tail(1)])  # a string may go on in the next block
        sizes = whole.str.len_bytes().to_numpy().astype(np.int64)
        self.begins = np.cumsum(sizes) - sizes
        raw_sizes = parts.str.len_bytes().to_numpy().astype(np.int64) + 1
        self.raw_begins = np.cumsum(raw_sizes) - raw_sizes
        self.size = int(sizes.sum())
        self.data = whole.str.join("").item().encode() + bytes(PADDING)
        self.line, self.place, self.final = line, place, final

    def cut(self) -> _Result:
        """Find the records."""
        marks = Marks.of(self.data, self.size, (0, 1, 2, 1)[self.place])
        stray = np.flatnonzero(marks.after < 0)
        until = int(marks.at[stray[0]]) if len(stray) else self.size
        values = _Values(self, marks, until)
        starts, ends = values.records()
        garbage = values.garbage()
        if garbage is not None:
            starts, ends = starts[starts < garbage], ends[ends <= garbage]
        begun = len(starts) > len(ends)
        if begun and self.final:
            ends = np.append(ends, self.size)
        loose = values.loose(starts, ends, garbage)
        left, place = values.left(starts, ends, garbage)
        whole = len(ends)
        starts, ends = np.append(starts[:whole], loose[0]), np.append(ends, loose[1])
        order = np.argsort(starts, kind="stable")
        lines = None
        if len(order):
            lines = Lines(self.data, starts[order], ends[order], self.number(starts[order]), repeats=True)
        at = int(np.searchsorted(self.begins, left, side="right")) - 1
        raw = int(self.raw_begins[at] + self.dropped[at] + left - self.begins[at])
        return _Result(lines, raw, self.line + at, place, begun, garbage is not None)

    def number(self, at: Positions) -> npt.NDArray[np.uint64]:
        """Numbers of the lines that positions stand on."""
        return (np.searchsorted(self.begins, at, side="right") - 1 + self.line).astype(np.uint64)

    def texts(self, starts: Positions, ends: Positions) -> pl.Series:
        """What stands between positions."""
        none = np.empty(0, np.uint64)
        return Lines(self.data, starts, ends, none).column("text", starts, ends, null_if_empty=False)


class _Values:
    """The outermost values of a text: a record each, or an array or object around records.

    Value 0 is what the text goes on with; where it begins between values, it is nothing.
    """

    def __init__(self, text: _Text, marks: Marks, until: int) -> None:
        self.text = text
        inside = marks.at < until
        self.at, self.step, self.after = marks.at[inside], marks.step[inside], marks.after[inside]
        self.before = self.after - self.step
        self.until = until
        self.tops = self.at[(self.before == 0) & (self.step > 0)]
        self.opened = np.concatenate((np.full(1, -1, np.int64), self.tops))
        follows = np.append(self.tops, until)
        head = text.texts(self.tops, follows[1:])
        around = pl.coalesce(pl.col("text").str.extract(pattern) for pattern in WRAPPERS)
        wrapper = head.to_frame().select(around.str.len_bytes().fill_null(0)).to_series().to_numpy().astype(np.int64)
        is_array = text.texts(self.tops, self.tops + 1).eq("[").to_numpy()
        kind = np.where(is_array, ARRAY, np.where(wrapper > 0, WRAPPED, TOP))
        self.kind = np.concatenate((np.full(1, text.place, np.int64), kind))
        #: Where the records of each value can begin, and what closes their array.
        self.low = self.opened + np.concatenate((np.zeros(1, np.int64), np.where(kind == WRAPPED, wrapper - 1, 0)))
        self.high = np.where(self.kind == ARRAY, self._closing(0), self._closing(1))
        self.closed = self._closing(0)
        self.high[self.kind == TOP] = until
        if text.place == BEHIND_ARRAY:
            self.low[0] = self.high[0] = until
        self.owner = np.searchsorted(self.tops, self.at, side="right")

    def _closing(self, depth: int) -> Positions:
        """The first bracket behind each value's `low` that leaves `depth` open; the end of the text where none does."""
        at = np.append(self.at[(self.step < 0) & (self.after == depth)], self.until)
        found = at[np.searchsorted(at, np.minimum(self.low + 1, self.until))]
        limit = np.append(self.tops, self.until)
        return np.where(found < limit, found, self.until)

    def records(self) -> tuple[Positions, Positions]:
        """Where records begin and end; the last may have no end."""
        base = np.where(self.kind == ARRAY, 1, np.where(self.kind == WRAPPED, 2, 0))[self.owner]
        kind = self.kind[self.owner]
        inside = (self.at > self.low[self.owner]) & (self.at < self.high[self.owner]) | (kind == TOP)
        inside &= kind != BEHIND_ARRAY
        starts = self.at[inside & (self.step > 0) & (self.before == base)]
        ends = self.at[inside & (self.step < 0) & (self.after == base)] + 1
        return starts, ends

    def garbage(self) -> int | None:
        """Where the first text begins that stands in no value and is none."""
        closed = self.closed + 1
        closed[0] = 0 if self.text.place == TOP else closed[0]
        begins = np.minimum(closed, self.until)
        ends = np.append(self.tops, self.until)
        found = np.flatnonzero(
            (self.text.texts(begins, np.maximum(ends, begins)).str.strip_chars(BLANK) != "").to_numpy()
        )
        if len(found):
            return int(begins[found[0]])
        return self.until if self.until < self.text.size else None

    def loose(self, starts: Positions, ends: Positions, garbage: int | None) -> tuple[Positions, Positions]:
        """Elements of arrays that are no objects."""
        around = (self.kind == ARRAY) | (self.kind == WRAPPED)
        limit = self.until if garbage is None else garbage
        around &= self.low < limit
        owner = np.searchsorted(self.tops, starts, side="right")
        some = around[owner]
        low = np.sort(np.concatenate((self.low[around] + 1, ends[some[: len(ends)]])))
        shut = self.high[around]
        high = np.sort(np.concatenate((starts[some], shut[shut < limit])))
        if self.text.final and len(low) > len(high):
            high = np.append(high, limit)
        count = min(len(low), len(high))
        low, high = low[:count], np.maximum(high[:count], low[:count])
        between = self.text.texts(low, high)
        behind = between.str.strip_chars_start(BLANK).str.len_bytes().to_numpy()
        low = high - behind.astype(np.int64)
        high = low + between.str.strip_chars(BLANK).str.len_bytes().to_numpy().astype(np.int64)
        return low[high > low], high[high > low]

    def left(self, starts: Positions, ends: Positions, garbage: int | None) -> tuple[int, int]:
        """Where the next text goes on, and in what."""
        if garbage is not None:
            return garbage, TOP
        if len(starts) > len(ends):
            at = int(starts[-1])
            owner = int(np.searchsorted(self.tops, at, side="right"))
            return at, int(self.kind[owner])
        kind = int(self.kind[-1])
        if self.closed[-1] < self.until or kind == TOP:
            return int(self.closed[-1]) + 1 if self.closed[-1] < self.until else 0, TOP
        if kind == WRAPPED and self.high[-1] < self.until:
            return int(self.high[-1]) + 1, BEHIND_ARRAY
        if kind == BEHIND_ARRAY:
            return 0, BEHIND_ARRAY
        done = int(ends[-1]) if len(ends) else 0
        return max(done, int(self.low[-1]) + 1), kind
