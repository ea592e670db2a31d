"""Envelopes opened: the lines that they carry are offered to the formats, and keep the place of what carried them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from fwforensics.formats._account import Batch, ignore, merge
from fwforensics.formats._envelope import reads_json, unwrap, variants, wrapped
from fwforensics.formats._envelope_text import Sheet, prefixed, without_prefix
from fwforensics.formats._format import Context, Format
from fwforensics.formats._lines import Lines, Mask
from fwforensics.formats._pieces import ROW
from fwforensics.formats._recogniser import SPECIAL, Recogniser

#: A header with a time, as `variants` makes it.
STAMPED = r"^(?:<\d+>)?(?:\d{4}-|[A-Z][a-z]{2} [ \d]\d )"
#: Envelopes within envelopes that are opened.
MAX_DEPTH = 3
_SHEET = "sheet"


@dataclass(frozen=True, slots=True)
class Opening:
    """What is needed to read a carried line.

    Attributes:
        recogniser: which formats there are.
        contexts: a context for each format.
        base: the context of lines that no format claims.
        read: parses lines of one format.
        leave: deals with lines of none.
    """

    recogniser: Recogniser
    contexts: Mapping[str, Context]
    base: Context
    read: Callable[[Lines, Format, Context, Batch], None]
    leave: Callable[[Lines, Context, Batch], None]

    def objects(
        self, lines: Lines, claims: Sequence[tuple[Format, Mask]], free: Mask, batch: Batch, depth: int = 0
    ) -> Mask:
        """Read lines out of JSON objects; returns which lines are dealt with by that.

        What a general format reads is a carried line first, where a format knows that.
        """
        ask = wrapped(lines)
        for fmt, mask in claims:
            if reads_json(fmt) and fmt.priority <= SPECIAL:
                ask &= ~mask
        if not ask.any():
            return ask
        return self._carried(unwrap(lines.take(ask)), lines, np.flatnonzero(ask), free, batch, depth)

    def prefixed(self, lines: Lines, batch: Batch, depth: int = 0) -> Mask:
        """The same for lines behind the head of a container's log."""
        ask = prefixed(lines)
        if not ask.any():
            return ask
        free = np.ones(len(lines), np.bool_)
        return self._carried(without_prefix(lines.take(ask)), lines, np.flatnonzero(ask), free, batch, depth)

    def sheet(self, lines: Lines) -> Sheet | None:
        """The CSV export that the source is, as its first line says."""
        if _SHEET not in self.base.state and len(lines):
            self.base.state[_SHEET] = None
            first = next((t for t in lines.take(np.arange(min(len(lines), 8))).text.to_list() if t.strip()), "")
            sheet = None if self.recogniser.forced or lines.repeats else Sheet.of(first)
            if sheet is not None and (sheet.is_sure or not self.recogniser.is_header(first)):
                self.base.state[_SHEET] = sheet
        known: Sheet | None = self.base.state.get(_SHEET)
        return known

    def rows(self, sheet: Sheet, rows: Lines, batch: Batch) -> None:
        """Read the rows of a CSV export."""
        header = sheet.is_header(rows)
        if header.any():
            ignore(batch, rows.take(header), "header", None)
            rows = rows.take(~header)
        if len(rows):
            everything = np.arange(len(rows))
            free = np.ones(len(rows), np.bool_)
            done = self._carried(sheet.unwrap(rows), rows, everything, free, batch, 0)
            if not done.all():
                self.leave(rows.take(~done), self.base, batch)

    def _carried(
        self, frame: pl.DataFrame, lines: Lines, place: np.ndarray[tuple[int], np.dtype[np.int64]], free: Mask,
        batch: Batch, depth: int,
    ) -> Mask:  # fmt: skip
        """Offer carried lines to the formats; `place` is where in `lines` the rows of `frame` stand."""
        frame = frame.with_columns(pl.Series(ROW, place[frame[ROW].to_numpy()], pl.Int64))
        done, inner = np.zeros(len(lines), np.bool_), Batch(ordinals=batch.ordinals)
        both = list(variants(frame, lines))
        at, texts = both[-1]
        if depth < MAX_DEPTH and len(at):
            done[at[self.prefixed(texts, inner, depth + 1)]] = True
        for at, texts in both:
            new = np.flatnonzero(~done[at])
            part = texts.take(new)
            for fmt, mask in self.recogniser.claims(part) if len(new) else ():
                done[at[new[mask]]] = True
                inner.add(fmt.name, int(mask.sum()))
                self.read(part.take(mask), fmt, self.contexts[fmt.name], inner)
        at, texts = both[-1]
        left = ~done[at]
        if depth < MAX_DEPTH and left.any():
            deeper = self.objects(texts.take(left), [], free[at[left]], inner, depth + 1)
            done[at[left][deeper]] = True
        for at, texts in both:
            other = free[at] & ~done[at]
            other[other] = texts.take(other).text.str.contains(STAMPED).to_numpy()
            if other.any():
                done[at[other]] = True
                self.leave(texts.take(other), self.base, inner)
        _with_parts(frame, done, place, inner)
        merge(batch, inner, lines.take(place))
        return done


def _with_parts(
    frame: pl.DataFrame, done: Mask, place: np.ndarray[tuple[int], np.dtype[np.int64]], inner: Batch
) -> None:
    """Further parts of a line are dealt with where the line is: they count with it."""
    split = frame.filter(pl.col("more").list.len() > 0)
    if split.height:
        kept = split.filter(pl.Series(done[split[ROW].to_numpy()]))
        parts = kept["more"].explode(empty_as_null=False).to_numpy().astype(np.int64)
        done[place[parts]] = True
        inner.more -= len(parts)
