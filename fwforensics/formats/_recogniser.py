"""Which format each line is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import polars as pl

from fwforensics.formats._format import Format
from fwforensics.formats._lines import Lines, Mask, Positions
from fwforensics.formats._sieve import Sieve

#: Different column headers that one batch may have; rows below any more of them stay unclaimed.
MAX_HEADERS = 256
#: Of a first batch with more lines than this, so many are shown to all formats before the whole is.
SAMPLE = 1024
#: Above this priority a format is a general one: what it takes is first offered to all others.
SPECIAL = 50


@dataclass
class Recogniser:
    """Which format each line is; formats that have claimed a line are asked first.

    A format that first shows up late in a source is still found: what the active formats leave is offered to all. They
    are many, so each is shown only the lines that hold a text which its own must hold.

    Attributes:
        formats: what there is.
        forced: every line is the first format's.
        active: formats that this source has shown.
        block: the column header seen last, and the format whose it is: the rows below it say nothing of themselves.
    """

    formats: Sequence[Format]
    forced: bool = False
    active: list[Format] = field(default_factory=list)
    block: tuple[Format, str] | None = None

    def claims(self, lines: Lines) -> list[tuple[Format, Mask]]:
        """The lines of each format; no line twice."""
        if self.forced:
            return [(f, np.ones(len(lines), np.bool_)) for f in self.formats[:1]]
        text = lines.text.to_frame()
        free = np.ones(len(lines), np.bool_)
        found: dict[str, Mask] = {}
        headed = self.block is not None or not self.active
        if headed:
            self._below_headers(text, free, found)
        if not self.active and len(free) > 2 * SAMPLE:
            self._probe(text, np.flatnonzero(free))
        self._ask([f for f in self.active if f.priority <= SPECIAL], text, free, found)
        if not headed and free.any():
            self._below_headers(text, free, found)
        if free.any():
            asked = {f.name for f in self.active if f.priority <= SPECIAL}
            self._offer([f for f in self.formats if f.name not in asked], text, free, found)
        new = [f for f in self.formats if f.name in found and f not in self.active]
        if new:
            self.active = _in_order([*self.active, *new])
        return [(f, found[f.name]) for f in self.active if f.name in found]

    def is_header(self, text: str) -> bool:
        """Does a format take this as its column names?"""
        return bool(self._headers(pl.DataFrame({"line": [text]}), np.zeros(1, np.int64)))

    @cached_property
    def _lines_of(self) -> Sieve:
        return Sieve(self.formats, "claims", claimed_by)

    @cached_property
    def _headers_of(self) -> Sieve:
        return Sieve(self.formats, "opens", lambda fmt: fmt.opens)

    def _probe(self, text: pl.DataFrame, rows: Positions) -> None:
        """Activate what a sample of the lines shows, so that the others need not be asked about every line."""
        some = text[rows[:: max(1, len(rows) // SAMPLE)]]
        found: dict[str, Mask] = {}
        self._offer(self.formats, some, np.ones(some.height, np.bool_), found)
        self.active = _in_order(f for f in self.formats if f.name in found)

    def _ask(self, formats: Iterable[Format], text: pl.DataFrame, free: Mask, found: dict[str, Mask]) -> None:
        """Offer all free lines to each format in turn."""
        for fmt in formats:
            rows = np.flatnonzero(free)
            if not len(rows):
                break
            _take(fmt, rows[_claimed(fmt, text, rows)], free, found)

    def _offer(self, formats: Iterable[Format], text: pl.DataFrame, free: Mask, found: dict[str, Mask]) -> None:
        """Offer to each format in turn those of the free lines that can be its own."""
        rows = np.flatnonzero(free)
        part = text if len(rows) == len(free) else text[rows]
        possible = self._lines_of.candidates(part["line"])
        for fmt in formats:
            if fmt.name in possible:
                own = rows[possible[fmt.name]]
                own = own[free[own]]
                if len(own):
                    _take(fmt, own[_claimed(fmt, text, own)], free, found)

    def _below_headers(self, text: pl.DataFrame, free: Mask, found: dict[str, Mask]) -> None:
        """Claim column headers, and below each the lines that can be its rows."""
        if self.block is not None:
            fmt, header = self.block
            rows = np.flatnonzero(free)
            below = rows[_is_row(text[rows], fmt, header)]
            _take(fmt, below, free, found)
        headers = self._headers(text, np.flatnonzero(free))
        if not headers:
            return
        at = np.array(sorted(headers))
        owners = np.searchsorted(at, np.arange(len(free)), side="right") - 1
        if self.block is not None:  # what the old header took below a new one is open again
            mask = found[self.block[0].name] if self.block[0].name in found else np.zeros(len(free), np.bool_)
            free |= mask & (owners >= 0)
            mask &= owners < 0
        keys: list[tuple[Format, str]] = []
        for row in at.tolist():
            fmt = headers[row]
            keys.append((fmt, text["line"][row]))
            _take(fmt, np.array([row]), free, found)
        distinct: dict[tuple[str, str], list[int]] = {}
        for i, (fmt, header) in enumerate(keys):
            distinct.setdefault((fmt.name, header), []).append(i)
        for which in list(distinct.values())[:MAX_HEADERS]:
            fmt, header = keys[which[0]]
            rows = np.flatnonzero(free & np.isin(owners, which))
            _take(fmt, rows[_is_row(text[rows], fmt, header)], free, found)
        self.block = keys[-1]

    def _headers(self, text: pl.DataFrame, rows: Positions) -> dict[int, Format]:
        """Column headers among `rows`, by the first format that takes them."""
        result: dict[int, Format] = {}
        possible = self._headers_of.candidates(text[rows]["line"])
        for fmt in self.formats:
            if fmt.opens is not None and fmt.name in possible:
                own = rows[possible[fmt.name]]
                for row in own[_holds(fmt.opens.fill_null(False), text, own)].tolist():
                    result.setdefault(row, fmt)
        return result


def _take(fmt: Format, rows: Positions, free: Mask, found: dict[str, Mask]) -> None:
    """Give `rows` to a format."""
    if len(rows):
        mask = found.setdefault(fmt.name, np.zeros(len(free), np.bool_))
        mask[rows] = True
        free[rows] = False


def _in_order(formats: Iterable[Format]) -> list[Format]:
    """The order in which formats claim lines."""
    return sorted(formats, key=lambda f: (f.priority, f.name))


def _holds(test: pl.Expr, text: pl.DataFrame, rows: Positions) -> Mask:
    """For which of some lines an expression holds."""
    part = text if len(rows) == text.height else text[rows]
    result: Mask = part.select(test.alias("hit"))["hit"].to_numpy()
    return result


def _claimed(fmt: Format, text: pl.DataFrame, rows: Positions) -> Mask:
    """Which of some lines are a format's."""
    return _holds(claimed_by(fmt), text, rows)


def _is_row(text: pl.DataFrame, fmt: Format, header: str) -> Mask:
    """Which lines can be rows below `header`: of its shape, and no header themselves."""
    if fmt.follows is None or fmt.opens is None:
        return np.zeros(text.height, np.bool_)
    return _holds(fmt.follows(header).fill_null(False) & ~fmt.opens.fill_null(False), text, np.arange(text.height))


def claimed_by(fmt: Format) -> pl.Expr:
    """Which lines are a format's, records and noise alike."""
    tests = [e.fill_null(False) for e in (fmt.is_record, *fmt.is_noise.values()) if e is not None]
    return pl.any_horizontal(tests) if len(tests) > 1 else tests[0]
