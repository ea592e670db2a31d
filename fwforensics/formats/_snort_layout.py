"""The three kinds of Snort's alerts in one source: lines, JSON objects, and blocks of lines."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from fwforensics.formats._format import Context, Fields, Layout
from fwforensics.formats._lines import Lines
from fwforensics.formats._month_day import local_times
from fwforensics.formats._pieces import ROW


@dataclass(frozen=True, slots=True, kw_only=True)
class SnortAlerts:
    """Each line by the layout of its kind; adds `own_local`, the alert's own time (`when` or `timestamp`)."""

    text: Layout
    json: Layout
    blocks: Layout
    is_json: pl.Expr
    is_block: pl.Expr

    def fields(self, lines: Lines, wanted: set[str], context: Context) -> Fields:
        """See `Layout`."""
        shown = lines.text.to_frame().select(json=self.is_json.fill_null(False), block=self.is_block.fill_null(False))
        json, block = shown["json"].to_numpy(), shown["block"].to_numpy() & ~shown["json"].to_numpy()
        frames: list[pl.DataFrame] = []
        bad: list[pl.DataFrame] = []
        skipped: list[pl.DataFrame] = []
        for layout, which in ((self.text, ~json & ~block), (self.json, json), (self.blocks, block)):
            rows = np.flatnonzero(which)
            if len(rows):
                part = layout.fields(lines.take(rows), wanted | {"when", "timestamp"}, context)
                for given, into in ((part.frame, frames), (part.bad, bad), (part.skipped, skipped)):
                    if given is not None:
                        into.append(given.with_columns(pl.Series(ROW, rows[given[ROW].to_numpy()])))
        frame = pl.concat(frames, how="diagonal").sort(ROW)
        have = [c for c in ("when", "timestamp") if c in frame.columns]
        stamps = frame.with_columns(pl.coalesce([*have, pl.lit(None, pl.String)]).alias("@stamp"))["@stamp"]
        own = local_times(stamps, replace(context, state=context.state.setdefault("own_clock", {})))
        frame = pl.concat([frame.drop(have), own], how="horizontal")
        return Fields(frame, _all(bad), _all(skipped))


def _all(parts: list[pl.DataFrame]) -> pl.DataFrame | None:
    return pl.concat(parts, how="diagonal").sort(ROW) if parts else None
