"""Two layouts for the two ways in which one product writes its records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from fwforensics.formats._exports import join_fields
from fwforensics.formats._format import Context, Fields, Layout
from fwforensics.formats._lines import Lines


@dataclass(frozen=True, slots=True)
class Either:
    """Lines of two layouts, in line order.

    Attributes:
        first: the layout of most lines.
        second: that of lines for which `is_second` holds.
        is_second: which lines those are.
    """

    first: Layout
    second: Layout
    is_second: pl.Expr

    def fields(self, lines: Lines, wanted: set[str], context: Context) -> Fields:
        """See `Layout`."""
        second = lines.text.to_frame().select(self.is_second.fill_null(False).alias("s")).to_series().to_numpy()
        if not second.any():
            return self.first.fields(lines, wanted, context)
        parts = []
        for layout, which in ((self.first, ~second), (self.second, second)):
            rows = np.flatnonzero(which)
            if len(rows):
                parts.append((layout.fields(lines.take(rows), wanted, context), rows))
        return join_fields(parts)


def one_of(cases: Sequence[tuple[pl.Expr, Layout]], otherwise: Layout) -> Layout:
    """The layout of the first case that holds for a line, else the last one."""
    layout = otherwise
    for test, special in reversed(cases):
        layout = Either(layout, special, test)
    return layout
