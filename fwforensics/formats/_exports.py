"""Exports of one kind of record as JSON objects, a line each, or as CSV below a line of column names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from fwforensics.formats._cells import cells
from fwforensics.formats._delimited import Columnar, Delimited
from fwforensics.formats._format import Context, Fields, Layout
from fwforensics.formats._json import Json
from fwforensics.formats._lines import Lines, Positions
from fwforensics.formats._pieces import LINE, ROW

IS_OBJECT = r"^[\s\x{feff}]*\{"


def csv_names(header: str) -> list[str]:
    """The column names of a CSV header, without byte order mark and blanks."""
    return [name.strip() for name in cells(header)]


def csv_rows(header: str) -> pl.Expr:
    """Lines with at least as many commas as `header` has; quoted values may hold more."""
    return (LINE.str.count_matches(",", literal=True) >= len(csv_names(header)) - 1) & ~LINE.str.contains(IS_OBJECT)


@dataclass(frozen=True, slots=True)
class Export:
    """JSON objects and CSV rows with the same field names.

    Attributes:
        header: which lines are column names.
        keep: fields that go to `extra` even where a column takes them.
        names: from a header's text to field names.
    """

    header: pl.Expr
    keep: tuple[str, ...] = ()
    names: Callable[[str], Sequence[str | None]] = csv_names
    reads_json = True

    def fields(self, lines: Lines, wanted: set[str], context: Context) -> Fields:
        """See `Layout`."""
        is_object = lines.text.str.contains(IS_OBJECT).to_numpy()
        table = Delimited(names=(), separator=",", quote='"', null=("",), keep=self.keep)
        parts: list[tuple[Layout, Positions]] = [
            (Json(begin=LINE.str.find("{", literal=True), keep=self.keep), np.flatnonzero(is_object)),
            (Columnar(header=self.header, names=self.names, delimited=table), np.flatnonzero(~is_object)),
        ]
        return join_fields(
            [(layout.fields(lines.take(rows), wanted, context), rows) for layout, rows in parts if len(rows)]
        )


def join_fields(parts: Sequence[tuple[Fields, Positions]]) -> Fields:
    """Fields of several layouts, each with the positions that it was given, in line order."""

    def placed(frame: pl.DataFrame, rows: Positions) -> pl.DataFrame:
        return frame.with_columns(pl.Series(ROW, rows[frame[ROW].to_numpy()], pl.Int64))

    frames = [placed(p.frame, rows) for p, rows in parts]
    frame = pl.concat(frames, how="diagonal").sort(ROW) if frames else pl.DataFrame(schema={ROW: pl.Int64})
    bad = [placed(p.bad, rows) for p, rows in parts if p.bad is not None]
    skipped = [placed(p.skipped, rows) for p, rows in parts if p.skipped is not None]
    return Fields(frame, pl.concat(bad) if bad else None, pl.concat(skipped) if skipped else None)
