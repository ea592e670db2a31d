"""Text sources: chunks are parsed in a thread of their own while the ones before them are written."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import polars as pl

from fwforensics import overlap
from fwforensics.formats import Context, find_format, formats
from fwforensics.formats._account import MAX_RAW, Batch
from fwforensics.formats._engine import parse
from fwforensics.formats._lines import Lines
from fwforensics.formats._mapped import mapped_format
from fwforensics.formats._recogniser import Recogniser
from fwforensics.intake.binaries import Binaries, Job, binary_format
from fwforensics.intake.documents import Records, holds_documents, pieces
from fwforensics.intake.options import CLOCK_SLACK, PARSER_VERSION, Options, Progress, SourceReport
from fwforensics.intake.writer import Writer, cut_short
from fwforensics.reader import Chunk, Content, Source
from fwforensics.store import Case, next_source_id


def ingest_text(case: Case, source: Source, options: Options, progress: Progress) -> SourceReport:
    """One text source, in the caller's transaction."""
    started = time.monotonic()
    with source.open() as content:
        head = content.head()
        known = overlap.identify(
            case, source, head, options.recorded(), PARSER_VERSION,
            replace=options.replace, whole=holds_documents(head),
        )  # fmt: skip
        if known.duplicate_of is not None:
            return SourceReport(source.label, "duplicate", known.duplicate_of, message=known.message)
        if source.path == "-" and (fmt := binary_format(head, "", options.forced)) is not None:
            return Binaries(case, fmt, options, progress).run([Job(source, head, fmt, None)], [content])[0]
        source_id = known.replaces or next_source_id(case)
        writer = Writer(case, source, source_id, options)
        writer.skips = known.skips
        text_formats = [f for f in formats().values() if f.binary is None]
        forced = options.format is not None and find_format(options.format)
        if options.mapping is not None:
            forced = mapped_format(options.mapping[1], options.mapping[0])
        recogniser = Recogniser([forced] if forced else text_formats, forced=bool(forced))
        parser = _Parser(recogniser, source, options, known.year)
        for batch, size in _in_thread(_parsed(content, parser, known)):
            writer.add(batch)
            progress(source.label, size if source.stored_size == 0 else _stored(content, size), source.stored_size)
        message = known.message
        if content.truncated:
            writer.add(cut_short(content.truncated, writer.tally.lines + 1))
            message = "; ".join(filter(None, (message, f"{content.truncated}; what follows is lost")))
        known.verify(content)
        return writer.finish(content, head, started, "continued" if known.skips else "new", message)


def _stored(content: Content, size: int) -> int:
    """Bytes of the stored file read so far."""
    return int(getattr(content.raw, "_taken", size))


@dataclass(slots=True)
class _Parser:
    """Parses chunks with the state of one source."""

    recogniser: Recogniser
    source: Source
    options: Options
    ended: tuple[int, int] | None
    contexts: dict[str, Context] = field(default_factory=dict)
    base: Context = field(default_factory=Context)

    def __post_init__(self) -> None:
        self.base = self._context()
        self.contexts = {f.name: self._context() for f in self.recogniser.formats}

    def _context(self) -> Context:
        context = Context(tz=self.options.zone, latest=self.source.mtime + CLOCK_SLACK, year=self.options.year)
        if self.ended is not None and self.options.year is not None:
            context.state["year"] = self.ended  # a continued file counts its New Years on from where it ended
        return context

    def __call__(self, chunk: Chunk | Records) -> Batch:
        if isinstance(chunk, Records):
            return parse(chunk.lines, self.recogniser, self.contexts, self.base)
        if chunk.long:
            raw = chunk.data[:MAX_RAW].decode(errors="backslashreplace")
            reason = f"line of {chunk.long:,} bytes"
            return Batch(lines=1, rejects=pl.DataFrame({"line_no": [chunk.first], "reason": [reason], "raw": [raw]}))
        return parse(Lines.of(chunk.data, chunk.first), self.recogniser, self.contexts, self.base)


def _parsed(content: Content, parser: _Parser, known: overlap.Known) -> Iterator[tuple[Batch, int]]:
    """Batches out of the content, without the lines that an earlier source has."""
    for chunk in pieces(content):
        if isinstance(chunk, Records):
            yield parser(chunk), chunk.size
            continue
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
