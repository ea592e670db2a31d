"""Fields by position, with names that are declared, picked by a field, or read from a header line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from fwforensics.formats._format import Context, Fields
from fwforensics.formats._lines import Lines, Mask, Positions
from fwforensics.formats._pieces import (
    ROW,
    Names,
    Piece,
    bad_rows,
    build_columns,
    json_texts,
    positions_to_escape,
    with_extra,
)
from fwforensics.formats._tokens import Tokens, split


@dataclass(frozen=True, slots=True, kw_only=True)
class Delimited:
    """Fields by position.

    Attributes:
        names: the names of the fields, or a function from the value at `pick` and the number of fields to them (None:
            no such record).
        separator, quote: single characters; a doubled quote inside quotes is one.
        begin: byte offset in `line` at which the fields begin.
        pick: position of the field that says which record it is.
        null: texts that mean "no value".
        keep: names that go to `extra` even where a column takes them.
    """

    names: Sequence[str | None] | Callable[[str | None, int], Sequence[str | None] | None]
    separator: str = ","
    quote: str | None = None
    begin: pl.Expr | None = None
    pick: int | None = None
    null: tuple[str, ...] = ("",)
    keep: tuple[str, ...] = ()

    def fields(self, lines: Lines, wanted: set[str], context: Context) -> Fields:
        """See `Layout`."""
        del context
        begin = lines.starts
        if self.begin is not None:
            offset = lines.text.to_frame().select(self.begin.alias("at")).to_series().fill_null(0)
            begin = begin + offset.to_numpy().astype(np.int64)
        tokens = split(lines, begin, ord(self.separator), ord(self.quote) if self.quote else None)
        cut = self._cut_lines(lines, tokens)
        tokens.odd &= ~cut
        stray = np.zeros(len(lines), np.bool_)  # lines with quotes that stand around no value
        pieces: list[Piece] = []
        bad = [np.flatnonzero(tokens.odd)]
        for piece in self._pieces(lines, tokens, cut, stray):
            if piece.names:
                pieces.append(piece)
            else:
                bad.append(piece.rows)
        escapes = positions_to_escape(lines, self.quote, stray)
        frame = build_columns(lines, pieces, wanted)
        frame = with_extra(frame, [self._extra(lines, p, wanted, escapes) for p in pieces], pieces)
        if self.quote and (lines.bytes[escapes] == ord(self.quote)).any():
            frame = self._cleaned(frame)
        if self.begin is not None:
            rows = frame[ROW].to_numpy()
            frame = frame.with_columns(lines.column("@head", lines.starts[rows], begin[rows]))
        rejected = np.concatenate(bad)
        return Fields(frame, bad_rows(rejected, "not the fields of a known record") if len(rejected) else None)

    def _cut_lines(self, lines: Lines, tokens: Tokens) -> Mask:
        """Lines that end inside their last field, which a quote opens: what stands before it is true."""
        result = np.zeros(len(lines), np.bool_)
        odd = np.flatnonzero(tokens.odd)
        if not self.quote or not len(odd):
            return result
        last = tokens.begin[odd].copy()
        several = tokens.count[odd] > 1
        last[several] = tokens.cuts[(tokens.first + tokens.count)[odd[several]] - 2] + 1
        result[odd] = (lines.bytes[last] == ord(self.quote)) & (last < tokens.end[odd])
        return result

    def _pieces(self, lines: Lines, tokens: Tokens, cut: Mask, stray: Mask) -> Iterable[Piece]:
        """Lines of one record type and number of fields; notes which lines have quotes inside values."""
        usable = ~tokens.odd
        for count in np.unique(tokens.count[usable]).tolist():
            rows = np.flatnonzero(usable & (tokens.count == count))
            starts, ends = tokens.borders(rows, count)
            if self.quote:
                quoted = self._unquote(lines, starts, ends, tokens.opened(count), cut[rows])
                if tokens.quotes is not None:
                    stray[rows] = tokens.quotes[rows] != 2 * quoted + cut[rows]
            blank_out(lines, starts, ends, self.null)
            if self.pick is None or not callable(self.names):
                yield Piece(rows, self._names(None, count), starts, ends)
                continue
            if count <= self.pick:
                yield Piece(rows, [], starts, ends)
                continue
            kinds = lines.column("kind", starts[self.pick], ends[self.pick])
            for kind in kinds.unique().to_list():
                at = kinds.eq_missing(kind).to_numpy()
                yield Piece(rows[at], self._names(kind, count), starts[:, at], ends[:, at])

    def _unquote(self, lines: Lines, starts: Positions, ends: Positions, some: list[int], cut: Mask) -> Positions:
        """Move the borders of quoted values inside their quotes, in place; returns each line's quoted values."""
        a, mark = lines.bytes, ord(self.quote or "")
        count = np.zeros(starts.shape[1], np.int64)
        for token in some:
            first, last = starts[token], ends[token]
            quoted = (last - first >= 2) & (a[first] == mark) & (a[np.maximum(last - 1, 0)] == mark)
            if token == len(starts) - 1:
                quoted &= ~cut
            first += quoted
            last -= quoted
            count += quoted
        starts[-1] += cut
        return count

    def _names(self, kind: str | None, count: int) -> Names:
        given = self.names(kind, count) if callable(self.names) else self.names
        if given is None:
            return []
        spare = [f"field_{i + 1}" for i in range(len(given), count)]
        return [*list(given)[:count], *spare]

    def _extra(self, lines: Lines, piece: Piece, wanted: set[str], escapes: Positions) -> pl.Series:
        """JSON text of fields with a value that nobody wants."""
        rest = [
            (name, piece.starts[i], piece.ends[i])
            for i, name in enumerate(piece.names)
            if name is not None and (name not in wanted or name in self.keep)
        ]
        return json_texts(lines, len(piece.rows), rest, escapes, self._plain)

    def _plain(self, text: pl.Expr) -> pl.Expr:
        """What a field means: a doubled quote is one."""
        return text.str.replace_all(self.quote * 2, self.quote, literal=True) if self.quote else text

    def _cleaned(self, frame: pl.DataFrame) -> pl.DataFrame:
        """A doubled quote is one."""
        names = [c for c in frame.columns if c not in (ROW, "extra")]
        return frame.with_columns(self._plain(pl.col(c)) for c in names)


def blank_out(lines: Lines, starts: Positions, ends: Positions, texts: Iterable[str]) -> None:
    """Make the borders of tokens that are one of `texts` empty, in place; an empty token becomes NULL."""
    a, size = lines.bytes, ends - starts
    for word in (t.encode() for t in texts if t):
        at = np.nonzero(size == len(word))
        begin = starts[at]
        same = np.ones(len(begin), np.bool_)
        for i, byte in enumerate(word):
            same &= a[begin + i] == byte
        hit = tuple(axis[same] for axis in at)
        ends[hit] = starts[hit]


@dataclass(frozen=True, slots=True, kw_only=True)
class Columnar:
    """Fields by position, named by a header line in the source itself (Zeek's `#fields`, AWS's first line).

    Attributes:
        header: which lines are headers.
        names: from a header's text to field names, or to a function as `Delimited.names` may be one.
        default: names where no header came before.
        delimited: how the fields are cut; its `names` are replaced.
        separator: from a header's text to the character between the fields, where products differ in it.
    """

    header: pl.Expr
    names: Callable[[str], Sequence[str | None] | Callable[[str | None, int], Sequence[str | None] | None]]
    delimited: Delimited
    default: Sequence[str] | Callable[[str | None, int], Sequence[str | None] | None] | None = None
    separator: Callable[[str], str] | None = None

    def fields(self, lines: Lines, wanted: set[str], context: Context) -> Fields:
        """See `Layout`. The header seen last is remembered for the next batch."""
        text = lines.text
        is_header = text.to_frame().select(self.header.fill_null(False).alias("h")).to_series().to_numpy()
        heads = np.flatnonzero(is_header)
        segment = np.cumsum(is_header)
        known: str | None = context.state.get("header")
        texts = [known, *(text[int(i)] for i in heads)]
        frames, bad = [], []
        for head in dict.fromkeys(texts):
            which = [i for i, t in enumerate(texts) if t == head]
            rows = np.flatnonzero(~is_header & np.isin(segment, which))
            if not len(rows):
                continue
            part = self._layout(head).fields(lines.take(rows), wanted, context)
            frames.append(part.frame.with_columns(pl.Series(ROW, rows[part.frame[ROW].to_numpy()])))
            if part.bad is not None:
                bad.append(part.bad.with_columns(pl.Series(ROW, rows[part.bad[ROW].to_numpy()])))
        context.state["header"] = texts[-1]
        frame = (
            pl.concat(frames, how="diagonal").sort(ROW)
            if frames
            else pl.DataFrame(schema={ROW: pl.Int64, "extra": pl.String})
        )
        return Fields(frame, pl.concat(bad) if bad else None, bad_rows(heads, "header") if len(heads) else None)

    def _layout(self, head: str | None) -> Delimited:
        names: Any = self.names(head) if head is not None else (self.default or (lambda _kind, _count: None))
        cut = self.delimited.separator if head is None or self.separator is None else self.separator(head)
        pick = self.delimited.pick if callable(names) else None
        return replace(self.delimited, names=names, pick=pick, separator=cut)
