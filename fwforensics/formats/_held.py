"""JSON objects that may stand in another one, whose values may be lists of one: what search engines hand out."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from fwforensics.formats._format import Context, Fields
from fwforensics.formats._json import Json
from fwforensics.formats._lines import Lines
from fwforensics.formats._pieces import LINE, ROW

#: A list, by its first element.
FIRST = r'^\[\s*(?:"((?:[^"\\]|\\.)*)"|([^"\[\]{},\s]+))\s*(?:,|\]$)'


@dataclass(frozen=True, slots=True)
class Held:
    """A JSON object a line, or the object that one of its keys holds.

    Attributes:
        within: keys that may hold the record; the first that does counts.
        lists: wanted keys that stay lists.
    """

    within: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    reads_json = True

    def fields(self, lines: Lines, wanted: set[str], context: Context) -> Fields:
        """See `Layout`."""
        outer = Json(begin=LINE.str.find("{", literal=True))
        held = outer.fields(lines, set(self.within), context).frame
        given = [pl.when(pl.col(k).str.starts_with("{")).then(pl.col(k)) for k in self.within if k in held.columns]
        if given:
            inner = held.select(ROW, text=pl.coalesce(given)).filter(pl.col("text").is_not_null())
            text = lines.text
            if inner.height:
                text = text.scatter(inner[ROW].cast(pl.UInt32), inner["text"])
            lines = Lines.of_texts(text, lines.numbers)
        found = Json(begin=LINE.str.find("{", literal=True)).fields(lines, wanted, context)
        found.frame = found.frame.with_columns(_single(c) for c in found.frame.columns if self._may_be_list(c, wanted))
        return found

    def _may_be_list(self, column: str, wanted: set[str]) -> bool:
        return column in wanted and column not in self.lists


def _single(column: str) -> pl.Expr:
    """The first element of a list; what is none stays as it is."""
    parts = pl.col(column).str.extract_groups(FIRST)
    first = pl.coalesce(parts.struct.field("1"), parts.struct.field("2"))
    is_list = pl.col(column).str.starts_with("[")
    return pl.when(is_list).then(first).otherwise(pl.col(column)).alias(column)
