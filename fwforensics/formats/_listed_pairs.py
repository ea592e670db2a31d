"""`value,Key Name: value,Key Name: value`: lists in which most items have a name, by shape.

Keys are found as those of CEF are (see `_extension`): letters, digits and blanks between a comma and a colon that a
blank or the item's end follows. So a value may hold commas, quoted or not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from fwforensics.formats._extension import Pairs, as_written, by_shape, extra_texts, key_tokens, named, normal, values
from fwforensics.formats._format import Context, Fields
from fwforensics.formats._lines import Lines
from fwforensics.formats._pieces import LINE, Piece, build_columns, special_positions, with_extra
from fwforensics.formats._tokens import Group, Literal

KEY = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 -_/")
BREAKS = tuple(b for b in range(128) if b not in KEY)
COLON, COMMA, QUOTE = ord(":"), ord(","), ord('"')
#: What follows the colon of a key: a blank, or the end of an empty item.
FOLLOWS = (32, COMMA, QUOTE, 10, 13, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedPairs:
    """Named items between commas; what stands before the first is `text`.

    Attributes:
        begin: byte offset in `line` at which the list begins.
        rewrite: patterns of items without a name → what they are with one.
        keep: keys that go to `extra` even where a column takes them.
    """

    begin: pl.Expr
    rewrite: tuple[tuple[str, str], ...] = ()
    keep: tuple[str, ...] = ()

    def fields(self, lines: Lines, wanted: set[str], context: Context) -> Fields:
        """See `Layout`."""
        del context
        offset = lines.text.to_frame().select(self.begin.cast(pl.Int64).fill_null(0)).to_series().to_numpy()
        heads = lines.column("@head", lines.starts, lines.starts + offset)
        text = lines.column("line", lines.starts + offset, lines.ends, null_if_empty=False)
        item = LINE
        for pattern, named_item in self.rewrite:
            item = item.str.replace(pattern, named_item)
        apart = text.to_frame().select(item + " ").to_series()  # or the next line would follow without a gap
        lines = Lines.of_texts(apart, lines.numbers)
        tokens = key_tokens(lines, lines.starts, (COMMA, QUOTE), BREAKS, COLON, FOLLOWS, QUOTE)
        escapes = special_positions(lines, None)
        keep = {normal(k) for k in self.keep}
        pieces: list[Piece] = []
        extras: list[pl.Series] = []
        for group in by_shape(lines, tokens, _shape):
            given = _pairs(lines, group)
            piece, taken = named(given, wanted, ())
            pieces.append(piece)
            extras.append(extra_texts(lines, given, taken, keep, escapes, as_written))
        frame = with_extra(build_columns(lines, pieces, sorted(wanted)), extras, pieces)
        return Fields(frame.with_columns(heads))


def _shape(tokens: list[bytes]) -> list[Literal]:
    return [(i, token[: token.find(b":") + 1], False) for i, token in enumerate(tokens) if i]


def _pairs(lines: Lines, group: Group) -> Pairs:
    """Names and borders of the values of one shape: without blanks around them, commas and quotes behind them."""
    a = lines.bytes
    starts, ends = values(group)
    keys = ["", *(literal.decode(errors="replace").rstrip(":").strip() for _, literal, _ in group.shape or ())]
    for marks in ((32, 9, 13), (COMMA,), (32, 9), (QUOTE,), (32, 9)):
        ends -= (ends > starts) & np.isin(a[np.maximum(ends - 1, 0)], np.array(marks, np.uint8))
    starts += (ends > starts) & (a[starts] == 32)
    return Pairs(group.rows, keys, starts, ends)
