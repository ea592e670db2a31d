"""Slurm accounting: `sacct -P` (or `-p`) with any columns, and `sacct --json`.

A job is a run, on each of its hosts an activity; its steps are processes. Host lists are expanded, `Unknown` ends are
NULL, and an end or start that is missing is worked out of the elapsed time.

Reference: https://slurm.schedmd.com/sacct.html

Time: text has no zone (unless SLURM_TIME_FORMAT gave one): `--tz` says which. JSON has epoch seconds. A job has no
address: give leases of the hosts, or their own logs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, BinaryIO

from fwforensics.formats._format import Format
from fwforensics.formats._moments import moment
from fwforensics.formats._records import Bad, Out, Peek, Skip, Unit, json_units, records, text_units
from fwforensics.formats._traces import command, items, obj, rest, text

MAX_HOSTS = 65_536
NONE = ("", "Unknown", "None", "None assigned", "N/A", "INVALID")
_ELAPSED = re.compile(r"(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+)(?:\.(\d+))?$")


def hosts_of(listed: str | None) -> list[str]:
    """`node[01-03,07],gpu-[1-2]x` as names."""
    found: list[str] = []
    for part in re.findall(r"(?:[^,\[\]]|\[[^\]]*\])+", listed or ""):
        names = [""]
        for plain, group in re.findall(r"([^\[\]]+)|\[([^\]]*)\]", part):
            ends = [plain] if plain else list(_numbers(group))
            names = [n + e for n in names for e in ends][:MAX_HOSTS]
        found += names
    return [n.strip() for n in found[:MAX_HOSTS] if n.strip() and n.strip() not in NONE]


def _numbers(group: str) -> Iterator[str]:
    for piece in group.split(","):
        low, dash, high = piece.partition("-")
        if dash and low.isdigit() and high.isdigit() and int(high) - int(low) < MAX_HOSTS:
            yield from (str(n).zfill(len(low)) for n in range(int(low), int(high) + 1))
        else:
            yield piece


def elapsed(value: Any) -> timedelta | None:
    """`[D-]HH:MM:SS[.mmm]`, or seconds."""
    match = _ELAPSED.match(str(value or ""))
    if match is None:
        return timedelta(seconds=int(value)) if isinstance(value, int) and 0 <= value < 10**9 else None
    d, h, m, s, _ = (int(g or 0) for g in match.groups())
    return timedelta(days=d, hours=h, minutes=m, seconds=s)


def units(stream: BinaryIO) -> Iterator[tuple[int, Any, bytes]]:
    """Rows of the text as objects by the header's names, or jobs of the JSON."""
    begin = stream.read(1)
    rest_of = _Rest(begin, stream)
    if begin in (b"{", b"["):
        yield from json_units(lambda d: items(obj(d).get("jobs")) or [d])(rest_of)  # type: ignore[arg-type]
        return
    header: list[str] | None = None
    for number, line, raw in text_units(rest_of):  # type: ignore[arg-type]
        cells = line.split("|")
        if header is None or cells[: len(header)] == header:
            header = cells
            yield number, {}, raw
        elif not line.strip():
            yield number, None, raw
        else:
            yield number, dict(zip(header, cells, strict=False)) | {"@short": len(cells) < len(header)}, raw


class _Rest:
    """A stream of which the first byte was read."""

    def __init__(self, first: bytes, stream: BinaryIO) -> None:
        self.first, self.stream = first, stream
        self.label = getattr(stream, "label", "")

    def read(self, size: int = -1) -> bytes:
        """As a file does."""
        first, self.first = self.first, b""
        return first + self.stream.read(size)


def read(unit: Unit) -> Iterable[Out]:
    """One job or step."""
    record = unit.value
    if record is None:
        return [Skip("blank")]
    if not record:
        return [Skip("header")]
    if "job_id" in record:
        return list(_json_job(unit))
    if record.pop("@short", False):
        return [Bad("fewer fields than the header names")]
    job = text(record.get("JobID"), record.get("JobIDRaw"))
    if job is None:
        return [Bad("no JobID")]
    fields = {k: v for k, v in record.items() if v not in NONE}
    start, end = moment(fields.get("Start")), moment(fields.get("End"))
    said = text(record.get("NodeList"))
    used = ("JobID", "JobName", "NodeList", "Start", "End", "State", "SubmitLine")
    return list(
        _rows(
            unit,
            job,
            start,
            end,
            elapsed(fields.get("Elapsed")),
            text(fields.get("State")),
            hosts_of(said),
            text(fields.get("JobName")),
            text(fields.get("SubmitLine")),
            rest(fields, *used),
        )
    )


def _rows(
    unit: Unit,
    job: str,
    start: datetime | None,
    end: datetime | None,
    lasted: timedelta | None,
    state: str | None,
    hosts: list[str],
    name: str | None,
    line: str | None,
    extra: dict[str, Any],
) -> Iterator[Out]:
    """One activity for each host."""
    running = (state or "").startswith(("RUNNING", "SUSPENDED", "PENDING"))
    inferred = end is None and start is not None and lasted is not None and not running
    if inferred and start is not None and lasted is not None:
        end = start + lasted
    if start is None and end is not None and lasted is not None:
        start = end - lasted
    base, dot, step = job.partition(".")
    for host in hosts or [None]:  # type: ignore[list-item]
        yield unit.row(
            "activity",
            kind="process" if dot else "run",
            activity_id=":".join(filter(None, ("slurm", job, host))),
            parent_id=f"slurm:{base}" if dot else None,
            run_id=base,
            name=name,
            command=command(line),
            started_at=start,
            ended_at=end,
            end_is_inferred=inferred if end else None,
            host=host,
            status=state,
            extra=extra | ({"step": step} if dot else {}),
        )


def _json_job(unit: Unit) -> Iterator[Out]:
    """A job of `--json` with its steps."""
    job = unit.value
    times = obj(job.get("time"))
    start, end = moment(_number(times.get("start"))), moment(_number(times.get("end")))
    identity = text(_number(job.get("job_id"))) or ""
    extra = {k: job.get(k) for k in ("user", "account", "partition", "cluster", "working_directory")}
    yield from _rows(
        unit,
        identity,
        start,
        end,
        None,
        _state(job.get("state")),
        hosts_of(text(job.get("nodes"))),
        text(job.get("name")),
        text(job.get("submit_line")),
        extra | {"comment": obj(job.get("comment")).get("job")},
    )
    for step in items(job.get("steps")):
        times, named = obj(step.get("time")), obj(step.get("step"))
        begin, finish = moment(_number(times.get("start"))), moment(_number(times.get("end")))
        nodes = obj(step.get("nodes")).get("list")
        hosts = (
            [str(n) for n in nodes] if isinstance(nodes, list) else hosts_of(text(obj(step.get("nodes")).get("range")))
        )
        name = text(named.get("id"), obj(named.get("id")).get("step_id")) or identity
        full = name if name.startswith(identity) else f"{identity}.{name}"
        line = text(step.get("submit_line"))
        yield from _rows(
            unit, full, begin, finish, None, _state(step.get("state")), hosts, text(named.get("name")), line, {}
        )


def _number(value: Any) -> Any:
    """A number, or what a number object `{set, infinite, number}` holds."""
    if isinstance(value, dict):
        return value.get("number") if value.get("set", True) and not value.get("infinite") else None
    return value


def _state(value: Any) -> str | None:
    now = obj(value).get("current", value)
    return ",".join(map(str, now)) if isinstance(now, list) else text(now)


def recognise(peek: Peek, name: str) -> bool:
    """A header with a job's columns behind each other, or JSON with jobs."""
    del name
    first = peek.text.split("\n", 1)[0].rstrip("\r|").split("|")
    if len(first) > 1 and bool({"JobID", "JobIDRaw"} & set(first)):
        return True
    return "jobs" in peek.keys and bool({"meta", "job_id"} & (peek.keys | set(re.findall(r'"(job_id)"', peek.text))))


FORMAT = Format(
    name="slurm_sacct",
    title="Slurm accounting (sacct -P, --json)",
    reference="https://slurm.schedmd.com/sacct.html",
    notes="Times of the text have no zone; the job id is the run.",
    table="activity",
    binary=records(unit="job or step", recognise=recognise, read=read, units=units),
)
