"""Collects the batches of one source, writes them in row groups, and closes the accounts."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from fwforensics import edges, overlap
from fwforensics.formats._account import Batch
from fwforensics.intake.options import PARSER_VERSION, Options, SourceReport
from fwforensics.reader import Content, Source
from fwforensics.store import Case, now

#: Rows that one INSERT writes, about half a row group of the database, and the chunks that wait for it at most.
ROWS_A_WRITE, CHUNKS_A_WRITE = 60_000, 8


@dataclass(slots=True)
class Tally:
    """Sums over the batches of one source."""

    lines: int = 0
    parsed: int = 0
    rejects: int = 0
    ignored: int = 0
    rows: int = 0
    by_format: dict[str, int] = field(default_factory=dict)
    ignored_rows: list[pl.DataFrame] = field(default_factory=list)
    times: list[pl.DataFrame] = field(default_factory=list)
    local: bool = False
    yearless: bool = False
    sensor_rows: int = 0


class Writer:
    """Collects batches of one source, writes them in row groups, and closes the accounts."""

    def __init__(self, case: Case, source: Source, source_id: int, options: Options) -> None:
        self.case, self.source, self.source_id, self.options = case, source, source_id, options
        self.tally = Tally()
        self.skips: list[tuple[int, int, int]] = []
        self._waiting: dict[str, list[pl.DataFrame]] = {}
        self._most: str | None = None
        self._fallback = options.sensor or stem(source.name)
        case.use_threads(1)  # two leave half-filled row groups behind, and write them twice

    def add(self, batch: Batch) -> None:
        """Take a batch; rows are written when a row group is full."""
        t = self.tally
        t.lines += batch.lines
        t.parsed += batch.parsed
        t.local |= batch.local
        t.yearless |= batch.yearless
        for name, lines in batch.by_format.items():
            t.by_format[name] = t.by_format.get(name, 0) + lines
        if batch.rejects is not None:
            t.rejects += batch.rejects.height
            self._queue("rejects", batch.rejects)
        if batch.ignored is not None:
            self._ignore(batch.ignored)
        for table, frame in batch.frames.items():
            if table == "events":
                frame = self._with_sensor(frame)
            elif table == "translations":
                frame = self._with_sensor(frame, note=False)
            t.rows += frame.height
            self._queue(table, frame)
        if batch.times is not None:
            t.times.append(_detached(self._with_sensor(batch.times, note=False)))
            if len(t.times) > 64:
                t.times = [_recounted(t.times)]

    def _with_sensor(self, frame: pl.DataFrame, *, note: bool = True) -> pl.DataFrame:
        given = pl.col("sensor") if "sensor" in frame.columns else pl.lit(None, pl.String)
        if note and "sensor" in frame.columns:
            self.tally.sensor_rows += frame.height - frame["sensor"].null_count()
        if self.options.sensor is not None:
            return frame.with_columns(sensor=pl.lit(self.options.sensor))
        return frame.with_columns(sensor=given.fill_null(self._fallback))

    def _ignore(self, rows: pl.DataFrame) -> None:
        if "lines" not in rows.columns:
            rows = rows.with_columns(lines=pl.lit(1, pl.UInt64))
        self.tally.ignored += int(rows["lines"].sum())
        self.tally.ignored_rows.append(_detached(_summed(rows)))
        if len(self.tally.ignored_rows) > 64:
            self.tally.ignored_rows = [_resummed(self.tally.ignored_rows)]

    def _queue(self, table: str, frame: pl.DataFrame) -> None:
        number = pl.col("line_no").cast(pl.UInt64)
        frame = frame.with_columns(number, source_id=pl.lit(self.source_id, pl.UInt32))
        if table == "activity":
            frame = _identified(frame)
        if self.options.run is not None and table in ("activity", "leases"):
            given = pl.col("run_id") if "run_id" in frame.columns else pl.lit(None, pl.String)
            frame = frame.with_columns(run_id=given.fill_null(self.options.run))
        waiting = self._waiting.setdefault(table, [])
        waiting.append(frame)
        if len(waiting) >= CHUNKS_A_WRITE or sum(f.height for f in waiting) >= ROWS_A_WRITE:
            self._write(table)

    def _write(self, table: str) -> None:
        frames = self._waiting.pop(table, [])
        if frames:
            self.case.append(table, pl.concat(frames, how="diagonal_relaxed"))

    def finish(self, content: Content, head: bytes, started: float, status: str, message: str) -> SourceReport:
        """Write what waits, and the source's own row."""
        for table in list(self._waiting):
            self._write(table)
        t = self.tally
        if t.ignored_rows:
            self.case.append(
                "ignored", _resummed(t.ignored_rows).with_columns(source_id=pl.lit(self.source_id, pl.UInt32))
            )
        if self.skips:
            parts = pl.DataFrame(self.skips, schema=["first_byte", "end_byte", "owner"], orient="row")
            self.case.append("source_skips", parts.with_columns(source_id=pl.lit(self.source_id, pl.UInt32)))
        first, last = self._coverage()
        main = max(t.by_format, key=lambda f: (t.by_format[f], f)) if t.by_format else None
        if t.lines != t.parsed + t.rejects + t.ignored:
            raise AssertionError(f"{self.source.label}: {t.lines} lines, {t.parsed} + {t.rejects} + {t.ignored}")
        sensor, basis = self._sensor()
        opening, closing = edges.of(head, content.tail, overlap.MIN_LINES)
        row = {
            "source_id": self.source_id, "path": self.source.path, "member": self.source.member,
            "sha256": content.sha256, "container_sha256": self.source.container_sha256 or content.sha256,
            "size_bytes": content.size,
            "format": main, "sensor": sensor, "sensor_basis": basis, "run_id": self.options.run, "ingested_at": now(),
            "lines": t.lines, "parsed": t.parsed, "rejects": t.rejects, "ignored": t.ignored, "rows": t.rows,
            "first_ts": first, "last_ts": last, "tz": self.options.zone,
            "tz_basis": ("option" if self.options.tz else "default") if t.local else "explicit",
            "year_basis": self._year_basis(first), "parser_version": PARSER_VERSION,
            "options": self.options.recorded(), "head_sha256": overlap.head_digest(head),
            "opening": opening, "closing": closing,
        }  # fmt: skip
        self.case.append(
            "sources",
            pl.DataFrame(
                [row],
                schema_overrides={
                    **dict.fromkeys(("first_ts", "last_ts"), pl.Datetime("us")),
                    **dict.fromkeys(("opening", "closing"), pl.UInt64),
                },
                infer_schema_length=None,
            ),
        )
        return SourceReport(
            self.source.label, status, self.source_id, main, t.lines, t.parsed, t.rejects, t.ignored, t.rows,
            content.size, time.monotonic() - started, message,
        )  # fmt: skip

    def _year_basis(self, first: Any) -> str | None:
        if self.tally.yearless:
            return "option" if self.options.year is not None else "mtime"
        return "explicit" if first is not None else None

    def _sensor(self) -> tuple[str, str]:
        if self.options.sensor is not None:
            return self.options.sensor, "option"
        most = self._most
        recorded = self.tally.sensor_rows > 0 or (most is not None and most != self._fallback)
        return most or self._fallback, "record" if recorded else "name"

    def _coverage(self) -> tuple[Any, Any]:
        if not self.tally.times:
            return None, None
        joined = pl.concat(self.tally.times)
        rows = (
            joined.group_by("sensor", "bucket").agg(pl.col("records", "events", "lost").sum()).sort("sensor", "bucket")
        )
        if not rows.height:
            return None, None
        counts = rows.group_by("sensor").agg(pl.col("records").sum())
        self._most = str(counts.sort("records", "sensor", descending=[True, False])["sensor"][0])
        self.case.append("source_coverage", rows.with_columns(source_id=pl.lit(self.source_id, pl.UInt32)))
        return joined["first"].min(), joined["last"].max()


def _identified(frame: pl.DataFrame) -> pl.DataFrame:
    """An activity that has no id of its own is known by where it stands."""
    own = pl.col("activity_id") if "activity_id" in frame.columns else pl.lit(None, pl.String)
    record = pl.col("record_no") if "record_no" in frame.columns else pl.lit(0)
    return frame.with_columns(activity_id=pl.coalesce(own, pl.format("{}:{}:{}", "source_id", "line_no", record)))


def _detached(rows: pl.DataFrame) -> pl.DataFrame:
    """A copy of some rows that are kept long: a view of a text keeps the whole chunk that it lies in."""
    return pl.DataFrame(rows.to_arrow(compat_level=pl.CompatLevel.oldest()), schema=rows.schema)


def _recounted(parts: list[pl.DataFrame]) -> pl.DataFrame:
    """Records by sensor and minute, added up."""
    totals = pl.col("records", "events", "lost").sum(), pl.col("first").min(), pl.col("last").max()
    return pl.concat(parts).group_by("sensor", "bucket").agg(*totals)


def _summed(rows: pl.DataFrame) -> pl.DataFrame:
    """Ignored lines by reason and program."""
    return rows.group_by("reason", "program", maintain_order=True).agg(
        pl.col("lines").sum(),
        pl.col("line_no").min().cast(pl.UInt64).alias("first_line"),
        pl.col("line_no").max().cast(pl.UInt64).alias("last_line"),
        pl.col("sample").first(),
    )


def _resummed(parts: list[pl.DataFrame]) -> pl.DataFrame:
    return (
        pl.concat(parts)
        .group_by("reason", "program", maintain_order=True)
        .agg(pl.col("lines").sum(), pl.col("first_line").min(), pl.col("last_line").max(), pl.col("sample").first())
        .sort("first_line", "reason", "program")
    )


def stem(name: str) -> str:
    """File name without what compression and rotation add to it."""
    base = overlap.rotation_stem(name) or name
    kept, dot, ending = base.rpartition(".")
    return (
        kept
        if dot and kept and ending.lower() in ("log", "txt", "csv", "json", "jsonl", "pcap", "parquet", "dat")
        else base
    )


def cut_short(why: str, line_no: int) -> Batch:
    """A damaged end is a reject of its own, so that it shows wherever rejects do."""
    return Batch(lines=1, rejects=pl.DataFrame({"line_no": [line_no], "reason": [why], "raw": [""]}))
