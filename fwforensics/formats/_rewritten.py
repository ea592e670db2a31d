"""Records that some exporter wrote in another spelling, put right before they fall apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from fwforensics.formats._format import Context, Fields, Layout
from fwforensics.formats._lines import Lines
from fwforensics.formats._pieces import LINE


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewritten:
    """Lines with every pattern replaced, from an offset on, as another layout reads them.

    Attributes:
        layout: how the result falls apart.
        steps: pattern and replacement, one after the other.
        begin: byte offset at which the replacing begins; what stands before stays as it is.
    """

    layout: Layout
    steps: Sequence[tuple[str, str]]
    begin: pl.Expr

    def fields(self, lines: Lines, wanted: set[str], context: Context) -> Fields:
        """See `Layout`."""
        at = lines.text.to_frame().with_columns(at=self.begin.fill_null(0))["at"].to_numpy().astype(np.int64)
        middle = np.minimum(lines.starts + at, lines.ends)
        head = lines.column("head", lines.starts, middle, null_if_empty=False)
        cut = pl.DataFrame([head, lines.column("line", middle, lines.ends, null_if_empty=False)])
        for pattern, replacement in self.steps:
            cut = cut.with_columns(LINE.str.replace_all(pattern, replacement))
        whole = cut.select(pl.concat_str(["head", "line"])).to_series()
        return self.layout.fields(Lines.of_texts(whole, lines.numbers), wanted, context)
