"""Records that end in free text behind a mark (`request: GET …`, `pattern: allow all`), which is no key of theirs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from fwforensics.formats._format import Context, Fields, Layout
from fwforensics.formats._lines import Lines
from fwforensics.formats._pieces import LINE, ROW, escape_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Tail:
    """Cuts the free text off before the layout sees the line.

    Attributes:
        layout: how what stands before the text falls apart.
        marks: pattern of a mark and all that follows, with a group for the mark's word and one for the text.

    Adds `tail_mark` and `tail`, the word and the text, which go to `extra`, too.
    """

    layout: Layout
    marks: str

    def fields(self, lines: Lines, wanted: set[str], context: Context) -> Fields:
        """See `Layout`."""
        found = lines.text.to_frame().select(
            LINE.str.extract(rf"({self.marks})$").str.len_bytes().fill_null(0).alias("size"),
            LINE.str.extract_groups(rf"{self.marks}$").alias("groups"),
        )
        sizes = found["size"].to_numpy().astype(np.int64)
        before = Lines(lines.data, lines.starts, lines.ends - sizes, lines.numbers)
        given = self.layout.fields(before, wanted, context)
        rows = given.frame[ROW].cast(pl.UInt32)
        tails = found["groups"].struct.unnest()
        tails.columns = ["tail_mark", "tail"]
        frame = pl.concat([given.frame, tails[rows]], how="horizontal")
        given.frame = frame.with_columns(_added(pl.col("extra")))
        return given


def _added(extra: pl.Expr) -> pl.Expr:
    """`extra` with the text under its mark."""
    pair = pl.concat_str(pl.lit('"'), "tail_mark", pl.lit('":"'), escape_json(pl.col("tail")), pl.lit('"'))
    rest = pl.when(extra.is_null()).then(pl.lit("}")).otherwise("," + extra.str.slice(1))
    return pl.when(pl.col("tail") != "").then(pl.concat_str(pl.lit("{"), pair, rest)).otherwise(extra).alias("extra")
