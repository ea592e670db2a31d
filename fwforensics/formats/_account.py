"""What became of the lines of a batch: rows, rejects, ignored lines, and the times that prove a sensor alive."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from fwforensics.formats._lines import Lines
from fwforensics.formats._ordinals import Ordinals

#: As much of a rejected line as the case keeps.
MAX_RAW = 1 << 20


@dataclass(slots=True)
class Batch:
    """What became of some lines.

    Attributes:
        frames: canonical table → rows, with `line_no` and `record_no`.
        rejects: `line_no`, `reason`, `raw`.
        ignored: `line_no`, `reason`, `program`, `sample`.
        times: `sensor`, `ts`, `is_event`, `lost`: one row for each record with a time, for coverage.
        lines, parsed: how many lines there were, and how many of them gave a row; a line that holds several records
            counts as so many.
        more: by how much these are more than the lines of the source.
        by_format: lines that each format claimed.
        local, yearless: was a time without zone, without year, used?
        ordinals: counts the records of a line, where lines hold several.
    """

    frames: dict[str, pl.DataFrame] = field(default_factory=dict)
    rejects: pl.DataFrame | None = None
    ignored: pl.DataFrame | None = None
    times: pl.DataFrame | None = None
    lines: int = 0
    parsed: int = 0
    more: int = 0
    by_format: dict[str, int] = field(default_factory=dict)
    local: bool = False
    yearless: bool = False
    ordinals: Ordinals | None = None

    def add(self, fmt: str, lines: int) -> None:
        """Count lines that a format claims."""
        self.by_format[fmt] = self.by_format.get(fmt, 0) + lines

    def hold(self, fmt: str, more: int) -> None:
        """Count records beyond one a line."""
        self.lines += more
        self.more += more
        self.add(fmt, more)


def reject(batch: Batch, lines: Lines, reason: str | pl.Series) -> None:
    """Keep lines with the reason for which they were not read."""
    ends = np.minimum(lines.ends, lines.starts + MAX_RAW)
    raw = lines.column("raw", lines.starts, ends, null_if_empty=False)
    reasons = (
        pl.Series("reason", [reason], pl.String).new_from_index(0, len(lines)) if isinstance(reason, str) else reason
    )
    rows = pl.DataFrame([pl.Series("line_no", lines.numbers), reasons.alias("reason"), raw])
    batch.rejects = rows if batch.rejects is None else pl.concat([batch.rejects, rows])


def ignore(batch: Batch, lines: Lines, reason: str | pl.Series, program: pl.Series | None) -> None:
    """Count lines that hold no traffic."""
    sample = lines.column("sample", lines.starts, np.minimum(lines.ends, lines.starts + 200), null_if_empty=False)
    reasons = (
        pl.Series("reason", [reason], pl.String).new_from_index(0, len(lines)) if isinstance(reason, str) else reason
    )
    programs = program if program is not None else pl.Series("program", [None], pl.String).new_from_index(0, len(lines))
    rows = pl.DataFrame(
        [pl.Series("line_no", lines.numbers), reasons.alias("reason"), programs.alias("program"), sample]
    )
    batch.ignored = rows if batch.ignored is None else pl.concat([batch.ignored, rows])


def time_rows(batch: Batch, ts: pl.Series, sensor: pl.Series, *, is_event: bool, lost: pl.Series | None = None) -> None:
    """Count records by sensor and minute."""
    frame = (
        pl.DataFrame({"sensor": sensor, "bucket": ts, "lost": lost if lost is not None else pl.lit(0)})
        if lost is not None
        else pl.DataFrame({"sensor": sensor, "bucket": ts}).with_columns(lost=pl.lit(0, pl.UInt64))
    )
    rows = (
        frame.filter(pl.col("bucket").is_not_null())
        .group_by("sensor", pl.col("bucket").dt.truncate("1m"))
        .agg(
            pl.len().cast(pl.UInt64).alias("records"),
            (pl.len() if is_event else pl.lit(0)).cast(pl.UInt64).alias("events"),
            pl.col("lost").cast(pl.UInt64).sum(),
            pl.col("bucket").min().alias("first"),
            pl.col("bucket").max().alias("last"),
        )
    )
    batch.times = rows if batch.times is None else pl.concat([batch.times, rows])


def merge(batch: Batch, inner: Batch, outer: Lines) -> None:
    """Add what became of carried lines; what was not read is kept as it stands in the source."""
    whole = Batch()
    reject(whole, outer, "")
    ignore(whole, outer, "", None)
    for name, text in (("rejects", "raw"), ("ignored", "sample")):
        mine, source, have = getattr(inner, name), getattr(whole, name), getattr(batch, name)
        if mine is not None:
            if not outer.repeats:  # of records on one line the number does not say which
                mine = mine.drop(text).join(
                    source.select("line_no", text), on="line_no", how="left", maintain_order="left"
                )
            setattr(batch, name, mine if have is None else pl.concat([have, mine]))
    for table, frame in inner.frames.items():
        before = batch.frames.get(table)
        batch.frames[table] = frame if before is None else pl.concat([before, frame], how="diagonal_relaxed")
    for name, count in inner.by_format.items():
        batch.by_format[name] = batch.by_format.get(name, 0) + count
    batch.lines += inner.more
    batch.more += inner.more
    batch.parsed += inner.parsed
    batch.local |= inner.local
    batch.yearless |= inner.yearless
    if inner.times is not None:
        batch.times = inner.times if batch.times is None else pl.concat([batch.times, inner.times])
