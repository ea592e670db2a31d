"""Files in, rows out: sniff, parse, append; one transaction a source, and every line accounted for."""

from __future__ import annotations

import json
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, BinaryIO, cast

import polars as pl

from fwforensics import __version__, derive, overlap
from fwforensics.errors import FwfError, SourceError, UsageError
from fwforensics.formats import Binary, Context, Decoded, Decoder, Format, find_format, formats
from fwforensics.formats._account import MAX_RAW, Batch
from fwforensics.formats._engine import parse
from fwforensics.formats._finish import finish
from fwforensics.formats._lines import Lines
from fwforensics.formats._recogniser import Recogniser
from fwforensics.inflate import Limits
from fwforensics.reader import Chunk, Content, Source, chunks, expand
from fwforensics.store import Case, now

PARSER_VERSION = __version__
#: Parsed chunks that are written with one INSERT.
CHUNKS_A_WRITE = 4
#: A file may be this much older than its last record (clocks differ, copies keep times).
CLOCK_SLACK = timedelta(days=1)
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to read; what changes the rows is recorded with the source."""

    format: str | None = None
    tz: str | None = None
    year: int | None = None
    sensor: str | None = None
    run: str | None = None
    replace: bool = False
    strict: bool = False
    max_reject_ratio: float = 0.05
    limits: Limits = field(default_factory=Limits)

    @property
    def zone(self) -> str:
        """Zone of times that have none."""
        return self.tz or "UTC"

    def recorded(self) -> str:
        """The options that change the rows, as stored in `sources.options`."""
        kept = {"format": self.format, "tz": self.zone, "year": self.year, "sensor": self.sensor, "run": self.run}
        return json.dumps({k: v for k, v in kept.items() if v is not None}, sort_keys=True)


@dataclass(slots=True)
class SourceReport:
    """What became of one source."""

    label: str
    status: str  # new, continued, duplicate, error, conflict
    source_id: int | None = None
    format: str | None = None
    lines: int = 0
    parsed: int = 0
    rejects: int = 0
    ignored: int = 0
    rows: int = 0
    size: int = 0
    seconds: float = 0.0
    message: str = ""
    remedy: str = ""


@dataclass(slots=True)
class Report:
    """What became of an ingest."""

    sources: list[SourceReport] = field(default_factory=list)
    max_reject_ratio: float = 0.05

    @property
    def exit_code(self) -> int:
        """0, 2 where options conflict with what is there, 3 where something was not read."""
        if any(s.status == "conflict" for s in self.sources):
            return 2
        return 3 if any(self.is_partial(s) for s in self.sources) else 0

    def is_partial(self, s: SourceReport) -> bool:
        """Did the source give nothing, or more rejects than allowed?"""
        if s.status == "error":
            return True
        if s.status == "duplicate":
            return False
        nothing = s.size > 0 and s.rows == 0 and s.rejects > 0
        return nothing or (s.lines > 0 and s.rejects / s.lines > self.max_reject_ratio)


@dataclass(slots=True)
class _Tally:
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


def ingest(
    case: Case, inputs: Sequence[str], options: Options | None = None, progress: Progress | None = None
) -> Report:
    """Read everything behind `inputs` into the case.

    Args:
        case: an open case.
        inputs: paths, folders, globs, or `-` for stdin.
        options: how to read.
        progress: called with label, bytes done and bytes in all (0 where unknown).

    Returns:
        A report with one entry a source. One source's failure leaves the others and the case whole.
    """
    options = options or Options()
    if options.format is not None:
        find_format(options.format)
    _check_zone(options.zone)
    report = Report(max_reject_ratio=options.max_reject_ratio)
    started = time.monotonic()
    for group in _groups(expand(inputs, options.limits), report):
        _ingest_group(case, group, options, report, progress or (lambda _l, _d, _t: None))
    derive.refresh(case)
    rows = sum(s.rows for s in report.sources)
    if rows or any(s.status in ("new", "continued") for s in report.sources):
        case.log("ingest", {"paths": list(inputs), **json.loads(options.recorded())}, rows, time.monotonic() - started)
        case.checkpoint()
    return report


def _check_zone(zone: str) -> None:
    try:
        pl.Series([None], dtype=pl.Datetime("us")).dt.replace_time_zone(zone)
    except pl.exceptions.PolarsError:
        raise UsageError(f"there is no time zone {zone!r}", remedy="give an IANA name such as Europe/Berlin") from None


@dataclass(slots=True)
class _Job:
    """A source that is open for ingest."""

    source: Source
    head: bytes
    binary: Format | None
    scope: str | None


def _groups(found: Iterable[Source], report: Report) -> Iterator[list[_Job]]:
    """Sources one by one; those that share a decoder (raw export datagrams of a folder) together."""
    waiting: list[_Job] = []
    stream = iter(found)
    while True:
        try:
            source = next(stream, None)
            if source is None:
                break
            job = _job(source)
        except UsageError:
            raise
        except FwfError as error:
            report.sources.append(_failed(error.where or "", error))
            if not isinstance(error, SourceError):
                raise
            continue
        if waiting and (job.scope is None or _shared(job) != _shared(waiting[0])):
            yield waiting
            waiting = []
        if job.scope is None:
            yield [job]
        else:
            waiting.append(job)
    if waiting:
        yield waiting


def _shared(job: _Job) -> tuple[str, str | None]:
    return str(Path(job.source.path).parent), job.scope


def _job(source: Source) -> _Job:
    if source.path == "-":
        return _Job(source, b"", None, None)
    with source.open() as content:
        head = content.head()
    fmt = binary_format(head, source.name)
    scope = fmt.binary.scope(head, source.name) if fmt is not None and fmt.binary is not None else None
    return _Job(source, head, fmt, scope)


def binary_format(head: bytes, name: str) -> Format | None:
    """The binary format that content begins like, or None."""
    for fmt in formats().values():
        if fmt.binary is not None and fmt.binary.recognise(head, name):
            return fmt
    return None


def _failed(label: str, error: FwfError, status: str = "error") -> SourceReport:
    return SourceReport(label, status, message=error.message, remedy=error.remedy or "")


def _ingest_group(case: Case, jobs: list[_Job], options: Options, report: Report, progress: Progress) -> None:
    try:
        with case.transaction():
            if len(jobs) == 1 and jobs[0].binary is None:
                done = [_ingest_text(case, jobs[0].source, options, progress)]
            else:
                done = _ingest_binary(case, jobs, options, progress)
            if any(d.status in ("new", "continued") for d in done):
                case.execute("UPDATE meta SET derived_dirty = true")
            if options.strict and any(d.rejects for d in done):
                bad = next(d for d in done if d.rejects)
                raise SourceError(f"{bad.rejects} lines could not be read (--strict)", where=bad.label)
    except UsageError as error:
        done = [_failed(error.where or jobs[0].source.label, error, "conflict")]
    except SourceError as error:
        done = [_failed(error.where or jobs[0].source.label, error)]
    report.sources.extend(done)


def _ingest_text(case: Case, source: Source, options: Options, progress: Progress) -> SourceReport:
    """One text source, in the caller's transaction."""
    started = time.monotonic()
    with source.open() as content:
        head = content.head()
        known = overlap.identify(case, source, head, options.recorded(), PARSER_VERSION, replace=options.replace)
        if known.duplicate_of is not None:
            return SourceReport(source.label, "duplicate", known.duplicate_of, message=known.message)
        if source.path == "-" and (fmt := binary_format(head, "")) is not None:
            return _Binaries(case, fmt, options, progress).run([_Job(source, head, fmt, None)], [content])[0]
        source_id = known.replaces or next_source_id(case)
        writer = _Writer(case, source, source_id, options)
        text_formats = [f for f in formats().values() if f.binary is None]
        forced = options.format is not None and find_format(options.format)
        recogniser = Recogniser([forced] if forced else text_formats, forced=bool(forced))
        parser = _Parser(recogniser, source, options, writer.years(known))
        for batch, size in _in_thread(_parsed(content, parser, known)):
            writer.add(batch)
            progress(source.label, size if source.stored_size == 0 else _stored(content, size), source.stored_size)
        if content.truncated:
            writer.add(_cut_short(content.truncated, writer.tally.lines + 1))
        known.verify(content)
        return writer.finish(content, head, parser, started, "continued" if known.skips else "new", known.message)


def _stored(content: Content, size: int) -> int:
    """Bytes of the stored file read so far."""
    return int(getattr(content.raw, "_taken", size))


def next_source_id(case: Case) -> int:
    """Numbers are not given by a sequence, which would not roll back."""
    return int(case.sql("SELECT coalesce(max(source_id), 0) + 1 FROM sources").scalar())


@dataclass(slots=True)
class _Parser:
    """Parses chunks with the state of one source."""

    recogniser: Recogniser
    source: Source
    options: Options
    year: int | None
    contexts: dict[str, Context] = field(default_factory=dict)
    base: Context = field(default_factory=Context)

    def __post_init__(self) -> None:
        self.base = self._context()
        self.contexts = {f.name: self._context() for f in self.recogniser.formats}

    def _context(self) -> Context:
        return Context(tz=self.options.zone, latest=self.source.mtime + CLOCK_SLACK, year=self.year)

    def __call__(self, chunk: Chunk) -> Batch:
        if chunk.long:
            raw = chunk.data[:MAX_RAW].decode(errors="backslashreplace")
            reason = f"line of {chunk.long:,} bytes"
            return Batch(lines=1, rejects=pl.DataFrame({"line_no": [chunk.first], "reason": [reason], "raw": [raw]}))
        return parse(Lines.of(chunk.data, chunk.first), self.recogniser, self.contexts, self.base)


def _parsed(content: Content, parser: _Parser, known: overlap.Known) -> Iterator[tuple[Batch, int]]:
    """Batches out of the content, without the lines that an earlier source has."""
    for chunk in chunks(content):
        for part, owner in known.split(chunk):
            if owner is None:
                yield parser(part), chunk.size
            else:
                yield _already(part, owner), chunk.size


def _already(chunk: Chunk, owner: int) -> Batch:
    """Lines that another source has already."""
    lines = chunk.data.count(b"\n") + (not chunk.data.endswith(b"\n"))
    rows = pl.DataFrame(
        {
            "line_no": [chunk.first, chunk.first + lines - 1],
            "reason": [f"already in source {owner}"] * 2,
            "program": pl.Series([None, None], dtype=pl.String),
            "sample": [chunk.data[:200].split(b"\n")[0].decode(errors="backslashreplace")] * 2,
            "lines": pl.Series([lines, 0], dtype=pl.UInt64),
        }
    )
    return Batch(lines=lines, ignored=rows)


def _cut_short(why: str, line_no: int) -> Batch:
    """A damaged end is a reject of its own, so that it shows wherever rejects do."""
    return Batch(lines=1, rejects=pl.DataFrame({"line_no": [line_no], "reason": [why], "raw": [""]}))


def _in_thread(work: Iterator[tuple[Batch, int]]) -> Iterator[tuple[Batch, int]]:
    """Run the parser beside the writer; two batches wait at most."""
    ready: queue.Queue[tuple[Batch, int] | BaseException | None] = queue.Queue(2)
    stop = threading.Event()

    def put(item: tuple[Batch, int] | BaseException | None) -> None:
        while not stop.is_set():
            try:
                ready.put(item, timeout=0.1)
            except queue.Full:
                continue
            return

    def produce() -> None:
        try:
            for item in work:
                put(item)
                if stop.is_set():
                    return
            put(None)
        except BaseException as error:  # noqa: BLE001 (raised again where it can be handled)
            put(error)

    thread = threading.Thread(target=produce, name="parser", daemon=True)
    thread.start()
    try:
        while (item := ready.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stop.set()
        thread.join()


class _Writer:
    """Collects batches of one source, writes them in row groups, and closes the accounts."""

    def __init__(self, case: Case, source: Source, source_id: int, options: Options) -> None:
        self.case, self.source, self.source_id, self.options = case, source, source_id, options
        self.tally = _Tally()
        self._waiting: dict[str, list[pl.DataFrame]] = {}
        self._fallback = options.sensor or stem(source.name)
        case.execute("SET threads = 1")

    def years(self, known: overlap.Known) -> int | None:
        """Year of the first line that is parsed: the option's, or where the earlier source ended."""
        return self.options.year if known.year is None else known.year

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
            t.rows += frame.height
            self._queue(table, frame)
        if batch.times is not None:
            t.times.append(self._with_sensor(batch.times, note=False))

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
        self.tally.ignored_rows.append(_summed(rows))
        if len(self.tally.ignored_rows) > 64:
            self.tally.ignored_rows = [_resummed(self.tally.ignored_rows)]

    def _queue(self, table: str, frame: pl.DataFrame) -> None:
        frame = frame.with_columns(source_id=pl.lit(self.source_id, pl.UInt32))
        waiting = self._waiting.setdefault(table, [])
        waiting.append(frame)
        if len(waiting) >= CHUNKS_A_WRITE:
            self._write(table)

    def _write(self, table: str) -> None:
        frames = self._waiting.pop(table, [])
        if frames:
            self.case.append(table, pl.concat(frames, how="diagonal_relaxed"))

    def finish(
        self, content: Content, head: bytes, parser: _Parser | None, started: float, status: str, message: str
    ) -> SourceReport:
        """Write what waits, and the source's own row."""
        for table in list(self._waiting):
            self._write(table)
        t = self.tally
        if t.ignored_rows:
            self.case.append(
                "ignored", _resummed(t.ignored_rows).with_columns(source_id=pl.lit(self.source_id, pl.UInt32))
            )
        first, last = self._coverage()
        main = max(t.by_format, key=lambda f: (t.by_format[f], f)) if t.by_format else None
        if t.lines != t.parsed + t.rejects + t.ignored:
            raise AssertionError(f"{self.source.label}: {t.lines} lines, {t.parsed} + {t.rejects} + {t.ignored}")
        sensor, basis = self._sensor()
        row = {
            "source_id": self.source_id, "path": self.source.path, "member": self.source.member,
            "sha256": content.sha256, "container_sha256": self.source.container_sha256, "size_bytes": content.size,
            "format": main, "sensor": sensor, "sensor_basis": basis, "run_id": self.options.run, "ingested_at": now(),
            "lines": t.lines, "parsed": t.parsed, "rejects": t.rejects, "ignored": t.ignored, "rows": t.rows,
            "first_ts": first, "last_ts": last, "tz": self.options.zone,
            "tz_basis": ("option" if self.options.tz else "default") if t.local else "explicit",
            "year_basis": self._year_basis(first), "parser_version": PARSER_VERSION,
            "options": self.options.recorded(), "head_sha256": overlap.head_digest(head),
        }  # fmt: skip
        self.case.append(
            "sources",
            pl.DataFrame(
                [row],
                schema_overrides={"first_ts": pl.Datetime("us"), "last_ts": pl.Datetime("us")},
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
        most = self.case.sql(
            "SELECT sensor FROM source_coverage WHERE source_id = ? GROUP BY sensor ORDER BY sum(records) DESC, sensor LIMIT 1",
            [self.source_id],
        ).scalar()
        found = self.tally.sensor_rows > 0 or (most is not None and most != self._fallback)
        return most or self._fallback, "record" if found else "name"

    def _coverage(self) -> tuple[Any, Any]:
        if not self.tally.times:
            return None, None
        joined = pl.concat(self.tally.times)
        rows = (
            joined.group_by("sensor", "bucket").agg(pl.col("records", "events", "lost").sum()).sort("sensor", "bucket")
        )
        self.case.append("source_coverage", rows.with_columns(source_id=pl.lit(self.source_id, pl.UInt32)))
        return joined["first"].min(), joined["last"].max()


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
        kept if dot and kept and ending.lower() in ("log", "txt", "csv", "json", "jsonl", "pcap", "parquet") else base
    )


def _ingest_binary(case: Case, jobs: list[_Job], options: Options, progress: Progress) -> list[SourceReport]:
    """Binary sources that share a decoder, in the caller's transaction."""
    fmt = jobs[0].binary
    if fmt is None:
        raise AssertionError("a binary group without a format")
    return _Binaries(case, fmt, options, progress).run(jobs, None)


class _Binaries:
    """Feeds binary sources to one decoder and keeps an account for each."""

    def __init__(self, case: Case, fmt: Format, options: Options, progress: Progress) -> None:
        self.case, self.fmt, self.options, self.progress = case, fmt, options, progress

    def run(self, jobs: list[_Job], contents: list[Content] | None) -> list[SourceReport]:
        """Decode all of `jobs`; `contents` where they are open already."""
        binary = cast("Binary", self.fmt.binary)
        reports: list[SourceReport] = []
        open_jobs: dict[int, tuple[_Job, _Writer, Content, float]] = {}
        decoder = binary.decoder(Context(tz=self.options.zone, latest=jobs[0].source.mtime + CLOCK_SLACK))
        base = next_source_id(self.case)
        for job in jobs:
            started = time.monotonic()
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
            writer = _Writer(self.case, job.source, source_id, self.options)
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
            reports.append(writer.finish(content, job.head, None, started, "new", ""))
        return reports

    def _feed(self, decoder: Decoder, source_id: int, content: Content, writer: _Writer) -> None:
        for decoded in decoder.feed(source_id, cast("BinaryIO", content)):
            writer.add(_as_batch(decoded, self.fmt))
        if content.truncated:
            writer.add(_cut_short(content.truncated, writer.tally.lines + 1))


def _as_batch(decoded: Decoded, fmt: Format) -> Batch:
    """A decoder's batch as the writer takes it."""
    batch = Batch(lines=decoded.units, parsed=decoded.parsed, by_format={fmt.name: max(decoded.units, 1)})
    for table, frame in decoded.frames.items():
        out = finish(frame, table)
        if table == "events":
            kind = pl.coalesce(pl.col("kind"), pl.lit(fmt.kind)) if "kind" in out.columns else pl.lit(fmt.kind)
            out = out.with_columns(kind=kind)
            sensor = pl.col("sensor") if "sensor" in out.columns else pl.lit(None, pl.String)
            batch.times = _minutes(out.select(sensor.alias("sensor"), pl.col("ts").alias("bucket")))
        batch.frames[table] = out
    if decoded.rejects is not None and decoded.rejects.height:
        batch.rejects = decoded.rejects.select(pl.col("line_no").cast(pl.UInt64), "reason", "raw")
    if decoded.ignored is not None and decoded.ignored.height:
        batch.ignored = decoded.ignored.select(
            pl.col("line_no").cast(pl.UInt64), "reason", pl.col("program").cast(pl.String), pl.lit("").alias("sample")
        )
    return batch


def _minutes(rows: pl.DataFrame) -> pl.DataFrame:
    """Records by sensor and minute."""
    return (
        rows.filter(pl.col("bucket").is_not_null())
        .group_by("sensor", pl.col("bucket").dt.truncate("1m"))
        .agg(
            pl.len().cast(pl.UInt64).alias("records"), pl.len().cast(pl.UInt64).alias("events"),
            pl.lit(0, pl.UInt64).alias("lost"), pl.col("bucket").min().alias("first"), pl.col("bucket").max().alias("last"),
        )
    )  # fmt: skip
