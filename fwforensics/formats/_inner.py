"""A record inside a line: an object in another one, as search engines write it, or fields in brackets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from fwforensics.formats._format import Context, Fields, Layout
from fwforensics.formats._lines import Lines
from fwforensics.formats._pieces import LINE, ROW


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    """The record itself, whether a line is one or wraps one.

    Attributes:
        layout: how the record falls apart.
        before: pattern of what may stand before the record; a group for all of it.
        after: the same for what stands behind the record's end.
        around: name of a column → pattern of its value, in what stands before and behind. A name that no column reads
            goes to `extra`, unless it begins with `@`.
    """

    layout: Layout
    before: str
    after: str
    around: Mapping[str, str] = field(default_factory=dict)
    reads_json = True

    def fields(self, lines: Lines, wanted: set[str], context: Context) -> Fields:
        """See `Layout`."""
        found = lines.text.to_frame().select(before=LINE.str.extract(self.before), after=LINE.str.extract(self.after))
        cut = found.select(pl.when(pl.all_horizontal(pl.all().is_not_null())).then(pl.all()))
        sizes = [cut[c].str.len_bytes().fill_null(0).to_numpy().astype(np.int64) for c in ("before", "after")]
        records = Lines(lines.data, lines.starts + sizes[0], lines.ends - sizes[1], lines.numbers)
        given = self.layout.fields(records, wanted, context)
        rows = given.frame[ROW].cast(pl.UInt32)
        if "@head" in given.frame.columns:  # a head of the record is one of the line
            at = rows.to_numpy()
            ends = records.starts[at] + given.frame["@head"].str.len_bytes().fill_null(0).to_numpy().astype(np.int64)
            given.frame = given.frame.with_columns(lines.column("@head", lines.starts[at], ends))
        outer = cut.select(pl.coalesce(pl.all().str.extract(p)).alias(name) for name, p in self.around.items())
        given.frame = given.frame.with_columns(outer[name].gather(rows) for name in self.around)
        unread = [n for n in self.around if n not in wanted and not n.startswith("@")]
        if unread:
            given.frame = given.frame.with_columns(_with(pl.col("extra"), unread)).drop(unread)
        return given


def _with(extra: pl.Expr, names: list[str]) -> pl.Expr:
    """The JSON text with further values, which hold nothing that needs an escape."""
    pairs = [pl.format(f'"{name}":"{{}}"', pl.col(name)) for name in names]
    inside = pl.when(extra != "{}").then(extra.str.slice(1).str.head(-1))
    body = pl.concat_str([inside, *pairs], separator=",", ignore_nulls=True)
    return pl.when(body != "").then(pl.concat_str([pl.lit("{"), body, pl.lit("}")])).otherwise(extra).alias("extra")
