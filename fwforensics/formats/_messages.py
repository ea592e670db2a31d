"""Free text whose sentence is known by a message id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from fwforensics.formats._format import Context, Fields
from fwforensics.formats._lines import Lines
from fwforensics.formats._pieces import ROW


@dataclass(frozen=True, slots=True, kw_only=True)
class Messages:
    """Free text whose sentence is known by a message id.

    Attributes:
        id: expression over `line` that gives the id.
        body: byte offset in `line` at which the text begins.
        patterns: id → regular expressions with named groups, tried in order; the groups are the fields.
        otherwise: patterns for ids that are not listed.

    A message that no pattern fits is bad, with the id in the reason. `@id` holds the id.
    """

    id: pl.Expr
    body: pl.Expr
    patterns: Mapping[str, Sequence[str]]
    otherwise: Sequence[str] = ()

    def fields(self, lines: Lines, wanted: set[str], context: Context) -> Fields:
        """See `Layout`."""
        del context
        base = lines.text.to_frame().with_columns(
            pl.Series(ROW, np.arange(len(lines))), self.id.alias("@id"), self.body.cast(pl.UInt32).alias("@at")
        )
        base = base.with_columns(pl.col("line").str.slice(0).alias("@text"))
        body = lines.column("@text", lines.starts + base["@at"].fill_null(0).to_numpy().astype(np.int64), lines.ends)
        base = base.with_columns(body)
        done: list[pl.DataFrame] = []
        for key, part in base.partition_by("@id", as_dict=True, maintain_order=True).items():
            patterns = [*self.patterns.get(str(key[0]), ()), *self.otherwise]
            for pattern in patterns:
                found = part.with_columns(pl.col("@text").str.extract_groups(pattern).alias("@m"))
                hit = found["@m"].struct.unnest().select(pl.any_horizontal(pl.all().is_not_null())).to_series()
                if hit.any():
                    done.append(found.filter(hit).unnest("@m"))
                part = part.filter(~hit)
                if part.is_empty():
                    break
            if not part.is_empty():
                done.append(
                    part.with_columns(pl.lit(f"message {key[0]} in a form that is not known").alias("@bad"))
                )
        frame = pl.concat(done, how="diagonal").sort(ROW) if done else base.clear()
        return self._result(lines, frame, wanted)

    def _result(self, lines: Lines, frame: pl.DataFrame, wanted: set[str]) -> Fields:
        bad = None
        if "@bad" in frame.columns:
            bad = frame.filter(pl.col("@bad").is_not_null()).select(ROW, reason="@bad")
            frame = frame.filter(pl.col("@bad").is_null())
        rows = frame[ROW].to_numpy()
        head = lines.column("@head", lines.starts[rows], lines.starts[rows] + frame["@at"].fill_null(0).to_numpy())
        rest = [c for c in frame.columns if c not in wanted and not c.startswith("@") and c != "line"]
        extra = pl.struct(rest).struct.json_encode() if rest else pl.lit(None, pl.String)
        keep = [c for c in frame.columns if c in wanted or c in (ROW, "@id", "@text")]
        clean = [pl.when(pl.col(c) != "").then(pl.col(c)).alias(c) for c in keep if c != ROW]
        return Fields(frame.select(ROW, *clean, extra.alias("extra")).with_columns(head), bad)
