"""`key:"value"; key:"value"` and `key="value" key="value"` inside brackets, by shape.

Keys are found as those of CEF are (see `_extension`), but only where a quote follows; so a value may hold whatever it
likes short of `; key:"`. A doubled mark (`sys_message::"…"`) is one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import polars as pl

from fwforensics.formats._extension import BREAKS, Pairs, by_shape, extra_texts, key_tokens, named, normal, values
from fwforensics.formats._format import Context, Fields
from fwforensics.formats._lines import Lines, Positions
from fwforensics.formats._pieces import ROW, Piece, bad_rows, build_columns, special_positions, with_extra
from fwforensics.formats._tokens import Group, Literal

BEFORE = (9, 32, ord("["), ord(";"))
QUOTE = ord('"')
ESCAPES = {"\\\\": "\\", '\\"': '"', "\\]": "]"}


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotedPairs:
    """Pairs with quoted values.

    Attributes:
        anchor: byte offset in `line` at which the pairs begin; NULL: not this layout.
        mark: the character between key and value.
        keep: keys that go to `extra` even where a column takes them.

    A wanted name is found under any spelling; of a repeated key the first value is the column's.
    """

    anchor: pl.Expr
    mark: str = ":"
    keep: tuple[str, ...] = ()

    def fields(self, lines: Lines, wanted: set[str], context: Context) -> Fields:
        """See `Layout`."""
        del context
        offset = lines.text.to_frame().select(self.anchor.alias("at")).to_series()
        has = offset.is_not_null().to_numpy()
        begin = lines.starts + offset.fill_null(0).to_numpy().astype(np.int64)
        breaks = (*BREAKS, ord("["), ord(self.mark))
        tokens = key_tokens(lines, begin, BEFORE, breaks, ord(self.mark), (QUOTE, ord(self.mark)))
        escapes = special_positions(lines, None)
        keep = {normal(k) for k in self.keep}
        pieces: list[Piece] = []
        extras: list[pl.Series] = []
        for group in by_shape(lines, tokens, self._shape):
            given = self._pairs(lines, group)
            piece, taken = named(given, wanted, ())
            pieces.append(piece)
            extras.append(extra_texts(lines, given, taken, keep, escapes, unescaped))
        frame = with_extra(build_columns(lines, pieces, sorted(wanted)), extras, pieces)
        hit = [c for c in frame.columns if c in wanted and frame[c].str.contains("\\", literal=True).any()]
        frame = frame.with_columns(unescaped(pl.col(c)) for c in hit).filter(pl.Series(has).gather(frame[ROW]))
        rows = frame[ROW].to_numpy()
        head = lines.column("@head", lines.starts[rows], begin[rows])
        bad = np.flatnonzero(~has)
        return Fields(frame.with_columns(head), bad_rows(bad, "no quoted pairs") if len(bad) else None)

    def _shape(self, tokens: list[bytes]) -> list[Literal]:
        mark = re.escape(self.mark.encode())
        keys = [re.match(rb"[^\s\"]+?" + mark + mark + rb'?"?', token) for token in tokens[1:]]
        return [(i, k.group(0) if k else b"", False) for i, k in enumerate(keys, 1)]

    def _pairs(self, lines: Lines, group: Group) -> Pairs:
        """Names and borders of the values of one shape."""
        starts, ends = values(group)
        keys = ["", *(literal.decode(errors="replace").strip('"' + self.mark) for _, literal, _ in group.shape or ())]
        _without_tail(lines, starts, ends)
        return Pairs(group.rows, keys, starts, ends)


def _without_tail(lines: Lines, starts: Positions, ends: Positions) -> None:
    """Take what stands behind a value off its end: blanks, the bracket that ends the line, a semicolon, the quote."""
    a = lines.bytes
    for marks in ((9, 32, 13), (9, 32, 13), (ord("]"),), (9, 32, 13), (ord(";"),), (QUOTE,)):
        last = ends[-1:] if marks == (ord("]"),) else ends
        first = starts[-1:] if marks == (ord("]"),) else starts
        last -= (last > first) & np.isin(a[np.maximum(last - 1, 0)], np.array(marks, np.uint8))


def unescaped(text: pl.Expr) -> pl.Expr:
    """What a quoted value means."""
    return text.str.replace_many(list(ESCAPES), list(ESCAPES.values()), leftmost=True)
