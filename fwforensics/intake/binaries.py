"""Binary sources: flows as exporters and collectors store them, tables as Parquet."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import BinaryIO, cast

import polars as pl

from fwforensics import overlap
from fwforensics.formats import Binary, Context, Decoded, Decoder, Format, find_format, formats
from fwforensics.formats._account import Batch
from fwforensics.formats._finish import finish
from fwforensics.intake.options import CLOCK_SLACK, PARSER_VERSION, Options, Progress, SourceReport
from fwforensics.intake.writer import Writer, cut_short
from fwforensics.reader import Content, Source
from fwforensics.store import Case, next_source_id


@dataclass(slots=True)
class Job:
    """A source that is open for ingest."""

    source: Source
    head: bytes
    binary: Format | None
    scope: str | None


def binary_format(head: bytes, name: str, forced: str | None = None) -> Format | None:
    """The binary format that content begins like, or that the analyst named; None for text."""
    if forced is not None:
        fmt = find_format(forced)
        return fmt if fmt.binary is not None else None
    for fmt in formats().values():
        if fmt.binary is not None and fmt.binary.recognise(head, name):
            return fmt
    return None


class Binaries:
    """Feeds binary sources to one decoder and keeps an account for each."""

    def __init__(self, case: Case, fmt: Format, options: Options, progress: Progress) -> None:
        self.case, self.fmt, self.options, self.progress = case, fmt, options, progress

    def run(self, jobs: list[Job], contents: list[Content] | None) -> list[SourceReport]:
        """Decode all of `jobs`; `contents` where they are open already."""
        binary = cast("Binary", self.fmt.binary)
        reports: list[SourceReport] = []
        open_jobs: dict[int, tuple[Job, Writer, Content, float]] = {}
        decoder = binary.decoder(Context(tz=self.options.zone, latest=jobs[0].source.mtime + CLOCK_SLACK))
        base = next_source_id(self.case)
        seen: dict[str, str] = {}
        for job in jobs:
            started = time.monotonic()
            if len(jobs) > 1:
                digest = overlap.content_digest(job.source)
                if digest in seen:
                    reports.append(
                        SourceReport(job.source.label, "duplicate", message=f"same content as {seen[digest]}")
                    )
                    continue
                seen[digest] = job.source.label
            known = overlap.identify(
                self.case,
                job.source,
                job.head,
                self.options.recorded(),
                PARSER_VERSION,
                replace=self.options.replace,
                whole=True,
            )
            if known.duplicate_of is not None:
                reports.append(SourceReport(job.source.label, "duplicate", known.duplicate_of, message=known.message))
                continue
            source_id = known.replaces or base + len(open_jobs)
            writer = Writer(self.case, job.source, source_id, self.options)
            if contents:
                self._feed(decoder, source_id, contents[0], writer)
                open_jobs[source_id] = (job, writer, contents[0], started)
            else:
                with job.source.open() as content:
                    self._feed(decoder, source_id, content, writer)
                    content.read()
                open_jobs[source_id] = (job, writer, content, started)
            self.progress(job.source.label, job.source.stored_size, job.source.stored_size)
        for decoded in decoder.finish():
            open_jobs[decoded.source][1].add(_as_batch(decoded, self.fmt))
        for job, writer, content, started in open_jobs.values():
            reports.append(writer.finish(content, job.head, started, "new", ""))
        return reports

    def _feed(self, decoder: Decoder, source_id: int, content: Content, writer: Writer) -> None:
        for decoded in decoder.feed(source_id, cast("BinaryIO", content)):
            writer.add(_as_batch(decoded, self.fmt))
        if content.truncated:
            writer.add(cut_short(content.truncated, writer.tally.lines + 1))


def _as_batch(decoded: Decoded, fmt: Format) -> Batch:
    """A decoder's batch as the writer takes it."""
    batch = Batch(
        lines=decoded.units, parsed=decoded.parsed, by_format={fmt.name: max(decoded.units, 1)}, local=decoded.local
    )
    for table, frame in decoded.frames.items():
        out = finish(frame, table)
        if table == "events":
            kind = pl.coalesce(pl.col("kind"), pl.lit(fmt.kind)) if "kind" in out.columns else pl.lit(fmt.kind)
            out = out.with_columns(kind=kind)
            sensor = pl.col("sensor") if "sensor" in out.columns else pl.lit(None, pl.String)
            batch.times = _minutes(out.select(sensor.alias("sensor"), pl.col("ts").alias("bucket")), lost=None)
        batch.frames[table] = out
    if decoded.lost is not None and decoded.lost.height:
        lost = _minutes(decoded.lost.select("sensor", pl.col("ts").alias("bucket"), "lost"), lost="lost")
        batch.times = lost if batch.times is None else pl.concat([batch.times, lost])
    if decoded.rejects is not None and decoded.rejects.height:
        batch.rejects = decoded.rejects.select(pl.col("line_no").cast(pl.UInt64), "reason", "raw")
    if decoded.ignored is not None and decoded.ignored.height:
        batch.ignored = decoded.ignored.select(
            pl.col("line_no").cast(pl.UInt64), "reason", pl.col("program").cast(pl.String), pl.lit("").alias("sample")
        )
    return batch


def _minutes(rows: pl.DataFrame, *, lost: str | None) -> pl.DataFrame:
    """Records, or what a column says was lost, by sensor and minute."""
    count = pl.len() if lost is None else pl.lit(0)
    return (
        rows.filter(pl.col("bucket").is_not_null())
        .group_by("sensor", pl.col("bucket").dt.truncate("1m"))
        .agg(
            count.cast(pl.UInt64).alias("records"),
            count.cast(pl.UInt64).alias("events"),
            (pl.lit(0) if lost is None else pl.col(lost).sum()).cast(pl.UInt64).alias("lost"),
            pl.col("bucket").min().alias("first"),
            pl.col("bucket").max().alias("last"),
        )
    )
