"""Files in, rows out: sniff, parse, append; one transaction a source, and every line accounted for."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import cast

import polars as pl

from fwforensics import derive
from fwforensics.errors import FwfError, SourceError, UsageError
from fwforensics.formats import Format, find_format
from fwforensics.formats._mapped import mapped_format
from fwforensics.intake.binaries import Binaries, Job, binary_format
from fwforensics.intake.options import Options, Progress, Report, SourceReport
from fwforensics.intake.text import ingest_text
from fwforensics.reader import Source, expand
from fwforensics.store import Case

#: Threads that bring what is derived up to date, at most, unless told: each needs room within the memory limit.
JOBS = 4

__all__ = ["Options", "Progress", "Report", "SourceReport", "binary_format", "ingest"]


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
    if options.mapping is not None:
        mapped_format(options.mapping[1], options.mapping[0])
    _check_zone(options.zone)
    report = Report(max_reject_ratio=options.max_reject_ratio)
    started = time.monotonic()
    for group in _groups(expand(inputs, options.limits), report, options.forced):
        _ingest_group(case, group, options, report, progress or (lambda _l, _d, _t: None))
    case.use_threads(options.jobs or min(JOBS, os.cpu_count() or 1))
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


def _groups(found: Iterable[Source], report: Report, forced: str | None) -> Iterator[list[Job]]:
    """Sources one by one; those that share a decoder (raw export datagrams of a folder) together.

    Files of other formats between them do not part them.
    """
    waiting: dict[str, list[Job]] = {}
    place, stream = "", iter(found)
    while True:
        try:
            source = next(stream, None)
            if source is None:
                break
            job = _job(source, forced)
        except UsageError:
            raise
        except FwfError as error:
            report.sources.append(_failed(error.where or "", error))
            if not isinstance(error, SourceError):
                raise
            continue
        if _place(job) != place:
            yield from waiting.values()
            place, waiting = _place(job), {}
        if job.scope is None:
            yield [job]
        else:
            waiting.setdefault(job.scope, []).append(job)
    yield from waiting.values()


def _place(job: Job) -> str:
    """Files of one folder belong together, and members of one archive."""
    path = job.source.path
    return path if job.source.member is not None else str(Path(path).parent)


def _job(source: Source, forced: str | None) -> Job:
    if source.path == "-":
        return Job(source, b"", None, None)
    with source.open() as content:
        head = content.head()
    fmt = binary_format(head, source.name, forced)
    scope = fmt.binary.scope(head, source.name) if fmt is not None and fmt.binary is not None else None
    return Job(source, head, fmt, scope)


def _failed(label: str, error: FwfError, status: str = "error") -> SourceReport:
    return SourceReport(label, status, message=error.message, remedy=error.remedy or "")


def _ingest_group(case: Case, jobs: list[Job], options: Options, report: Report, progress: Progress) -> None:
    try:
        with case.transaction():
            if len(jobs) == 1 and jobs[0].binary is None:
                done = [ingest_text(case, jobs[0].source, options, progress)]
            else:
                done = Binaries(case, cast("Format", jobs[0].binary), options, progress).run(jobs, None)
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
