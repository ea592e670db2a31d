"""Numbered lines over one byte buffer, and String columns that point into it without copying.

The mechanics under every text format. Line and token borders are NumPy arrays of byte positions; a column of values is
an Arrow StringView built from such positions, so that a field of 67,000 lines costs a handful of array operations.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

Positions = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

#: Loads at the end of a buffer read three whole words past the last byte.
PADDING = 32
NEWLINE, RETURN = 10, 13


def _low_bytes(width: int, skip: int) -> npt.NDArray[np.uint64]:
    """Masks that keep the first `n - skip` (at most `width`) bytes of a word, by n = 0…12."""
    return np.array([(1 << 8 * min(max(n - skip, 0), width)) - 1 for n in range(13)], np.uint64)


KEEP_8, KEEP_4, KEEP_TAIL = _low_bytes(8, 0), _low_bytes(4, 0), _low_bytes(8, 4)
ONE, HALF, LAST_BIT = np.uint64(1), np.uint64(32), np.uint64(63)


@dataclass(slots=True)
class Lines:
    """Lines of valid UTF-8 in one buffer.

    Attributes:
        data: the buffer, `PADDING` bytes longer than its content.
        starts, ends: byte positions of each line, without its line end; shape (lines,).
        numbers: line number of each line in its source, from 1; shape (lines,).
        repeats: these are records, and several may begin on one line.
        ordinals: which record of its line each is, where that was asked for; shape (lines,).
    """

    data: bytes
    starts: Positions
    ends: Positions
    numbers: npt.NDArray[np.uint64]
    repeats: bool = False
    ordinals: npt.NDArray[np.uint32] | None = None

    @classmethod
    def of(cls, content: bytes, first: int = 1) -> Lines:
        """Cut `content` at line feeds; a carriage return before one belongs to the line end.

        Bytes that are no UTF-8 become `\\xNN`, so that every line stays a line and no byte is lost.
        """
        content = as_utf8(content)
        size = len(content)
        data = content + bytes(PADDING)
        a = np.frombuffer(data, np.uint8)
        ends = np.flatnonzero(a[:size] == NEWLINE)
        if size and (not len(ends) or ends[-1] != size - 1):
            ends = np.append(ends, size)
        starts = np.concatenate((np.zeros(min(1, len(ends)), np.int64), ends[:-1] + 1))
        returned = (ends > starts) & (a[ends - 1] == RETURN)
        return cls(data, starts, ends - returned, np.arange(first, first + len(ends), dtype=np.uint64))

    @classmethod
    def of_texts(cls, texts: pl.Series, numbers: npt.NDArray[np.uint64] | None = None) -> Lines:
        """One line for each text; a line feed inside a text does not cut it. NULL is an empty line."""
        values = texts.fill_null("")
        sizes = values.str.len_bytes().to_numpy().astype(np.int64)
        joined = values.str.join("").item() if len(values) else ""
        ends = np.cumsum(sizes)
        given = numbers if numbers is not None else np.arange(1, len(values) + 1, dtype=np.uint64)
        return cls(joined.encode() + bytes(PADDING), ends - sizes, ends, given)

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def bytes(self) -> npt.NDArray[np.uint8]:
        """The buffer as bytes."""
        return np.frombuffer(self.data, np.uint8)

    def load(self, at: Positions) -> npt.NDArray[np.uint64]:
        """The eight bytes from each position on, as one little-endian number.

        Put together from two aligned words: NumPy gathers unaligned ones several times as slowly.
        """
        words = np.frombuffer(self.data, np.uint64, len(self.data) >> 3)
        place = np.minimum(at >> 3, len(words) - 2)
        shift = ((at & 7) << 3).view(np.uint64)
        return _shifted(words[place], words[place + 1], shift, LAST_BIT - shift)

    @property
    def text(self) -> pl.Series:
        """The lines as a String column named `line`."""
        return self.column("line", self.starts, self.ends, null_if_empty=False)

    def column(self, name: str, starts: Positions, ends: Positions, *, null_if_empty: bool = True) -> pl.Series:
        """The texts between `starts` and `ends` as a String column that shares this buffer."""
        views = _views(self.data, starts, ends - starts)
        valid = None
        if null_if_empty:
            valid = pa.py_buffer(np.packbits(ends > starts, bitorder="little").tobytes())
        buffers = [valid, pa.py_buffer(views), pa.py_buffer(self.data)]
        array: Any = pa.Array.from_buffers(pa.string_view(), len(starts), buffers)
        return pl.Series(name, array)

    def take(self, rows: Positions | Mask) -> Lines:
        """Some of the lines, over the same buffer."""
        ordinals = self.ordinals[rows] if self.ordinals is not None else None
        return Lines(self.data, self.starts[rows], self.ends[rows], self.numbers[rows], self.repeats, ordinals)


def as_utf8(content: bytes) -> bytes:
    """`content` with bytes that are no UTF-8 written as `\\xNN`; line feeds keep their number."""
    if content.isascii():
        return content
    try:
        content.decode()
    except UnicodeDecodeError:
        return content.decode(errors="backslashreplace").encode()
    return content


def _shifted(
    low: npt.NDArray[np.uint64],
    high: npt.NDArray[np.uint64],
    shift: npt.NDArray[np.uint64],
    rest: npt.NDArray[np.uint64],
) -> npt.NDArray[np.uint64]:
    """The word that begins `shift` bits inside `low`; `rest` is 63 - shift."""
    result = low >> shift
    result |= (high << ONE) << rest
    return result


def _views(data: bytes, start: Positions, size: Positions) -> npt.NDArray[np.uint64]:
    """Arrow StringViews, shape (n, 2): length and prefix, then either the rest inlined or the offset."""
    views = np.empty((len(start), 2), np.uint64)
    if not len(start):
        return views
    words = np.frombuffer(data, np.uint64, len(data) >> 3)
    place = start >> 3
    shift = ((start & 7) << 3).view(np.uint64)
    rest = LAST_BIT - shift
    middle = words[place + 1]
    first = _shifted(words[place], middle, shift, rest)
    shortest, longest = int(size.min()), int(size.max())
    short = np.minimum(size, 12) if longest > 12 else size
    prefix = first << HALF if shortest >= 4 else (first & KEEP_4[short]) << HALF
    np.bitwise_or(prefix, size.view(np.uint64), out=views[:, 0])
    if shortest > 12:
        np.left_shift(start.view(np.uint64), HALF, out=views[:, 1])
        return views
    tail = first >> HALF
    if longest > 8:
        tail |= _shifted(middle, words[place + 2], shift, rest) << HALF
    tail &= KEEP_TAIL[short]
    views[:, 1] = np.where(size > 12, start.view(np.uint64) << HALF, tail) if longest > 12 else tail
    return views
