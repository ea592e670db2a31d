"""Slurm accounting: `sacct -P` (or `-p`, `--delimiter`, or in columns) with any fields, and `sacct --json`.

A job is a run: its id is the run (`123`, `123_4` of an array, `123` of all components of `123+0`), its name the name,
and each of its hosts an activity. Steps that srun began are processes; the steps batch, extern and interactive, which
last as long as the job, are its containers. Host lists are expanded. What ends or starts `Unknown` is NULL; where a
job is over, a missing end (or start) is worked out of the elapsed time and the time that it was suspended. `squeue
--json` and `scontrol show jobs --json` are read, too: the end of a running job is its limit there, and not kept.

Reference: https://slurm.schedmd.com/sacct.html

Time: text has no zone (unless SLURM_TIME_FORMAT was `%s`): `--tz` says which. JSON has epoch seconds. Relative times
of SLURM_TIME_FORMAT are rejects. Without a header line (`-n`) nothing says what columns are: not covered, nor is YAML.
A job has no address: give leases of its hosts, or their own logs.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from fwforensics.formats._format import Context, Format
from fwforensics.formats._json_or_text import json_or_text
from fwforensics.formats._moments import moment
from fwforensics.formats._records import Bad, Out, Peek, Row, Skip, Unit, json_units, records
from fwforensics.formats._slurm_table import NONE, TIMES, header_of, table_units
from fwforensics.formats._traces import command, items, obj, rest, text, whole

MAX_HOSTS = 16_384
#: States in which the elapsed time says nothing of the end.
RUNNING = (
    "RUNNING",
    "SUSPENDED",
    "PENDING",
    "COMPLETING",
    "CONFIGURING",
    "RESIZING",
    "SIGNALING",
    "STOPPED",
    "STAGE_OUT",
)
#: Steps that last as long as the job and hold whatever runs in it.
ALLOCATION = ("batch", "extern", "interactive", "bat", "ext", "int")
_ELAPSED = re.compile(r"(?:(?:(\d{1,7})-)?(\d{1,7}):)?(\d+):(\d+)(?:\.\d+)?$")
_JOB = re.compile(r"(\d+(?:_(?:\d+|\[[^\]]*\]))?)(\+\d+)?(?:\.(\S+))?$")
_PART = re.compile(r"(?:[^,\[\]]|\[[^\[\]]*\])+")
_USED = ("JobID", "JobName", "NodeList", "Start", "End", "State", "SubmitLine")


def hosts_of(listed: str | None) -> list[str]:
    """`node[01-03,07],gpu-[1-2]x` as names; none where it was cut off, or is longer than any cluster."""
    whole_list = (listed or "").strip()
    if whole_list in NONE or whole_list.endswith("+") or "".join(re.split(_PART, whole_list)).strip(","):
        return []
    found: list[str] = []
    for part in _PART.findall(whole_list):
        names = [""]
        for plain, group in re.findall(r"([^\[\]]+)|\[([^\[\]]*)\]", part):
            ends = [plain] if plain else list(_numbers(group))
            if len(names) * len(ends) + len(found) > MAX_HOSTS:
                return []
            names = [n + e for n in names for e in ends]
        found += [n.strip() for n in names if n.strip()]
    return found


def _numbers(group: str) -> Iterator[str]:
    for piece in group.split(","):
        ends = re.fullmatch(r"([0-9]{1,9})-([0-9]{1,9})", piece)
        if ends is None:
            yield piece
        else:
            low, high = ends.groups()
            yield from (str(n).zfill(len(low)) for n in range(int(low), min(int(high), int(low) + MAX_HOSTS) + 1))


def elapsed(value: Any) -> timedelta | None:
    """`[D-]HH:MM:SS`, `MM:SS.mmm`, or seconds."""
    match = _ELAPSED.match(str(value or ""))
    if match is None:
        seconds = whole(value)
        return timedelta(seconds=seconds) if seconds is not None and 0 <= seconds < 10**9 else None
    d, h, m, s = (int(g or 0) for g in match.groups())
    return timedelta(days=d, hours=h, minutes=m, seconds=s)


@dataclass(slots=True)
class Entry:
    """A job or a step, whichever way it was written."""

    job: str
    state: str | None
    name: str | None
    line: str | None
    hosts: list[str]
    start: datetime | None
    end: datetime | None
    lasted: timedelta | None
    cluster: str | None
    extra: dict[str, Any]

    def ended(self) -> bool | None:
        """Work out an end or a start that is missing; was the end? None where there is none."""
        over = self.state is not None and not self.state.startswith(RUNNING)
        if self.start is None and self.end is not None and self.lasted:
            self.start = self.end - self.lasted
        if self.end is not None:
            return False
        if self.start is not None and self.lasted is not None and over:
            self.end = self.start + self.lasted
            return True
        return None


class Accounting:
    """Tells the records of a job that was requeued apart: they have one id, and stand behind each other."""

    def __init__(self, context: Context) -> None:
        del context
        self.times: Counter[str] = Counter()

    def read(self, unit: Unit) -> Iterable[Out]:
        """See `Reader`."""
        record = unit.value
        if record is None:
            return [Skip("blank")]
        if not record:
            return [Skip("header")]
        entries = [_of_text(record)] if "job_id" not in record else list(_of_json(record))
        out: list[Out] = [o for e in entries for o in ([e] if isinstance(e, Bad | Skip) else self._rows(unit, e))]
        return [o for o in out if isinstance(o, Row)] or out

    def finish(self) -> Iterable[Row]:
        """See `Reader`."""
        return ()

    def _rows(self, unit: Unit, entry: Entry) -> Iterator[Row]:
        """One activity for each host; steps lean on the job's own record on that host."""
        found = _JOB.match(entry.job)
        base, component, step = found.groups() if found else (entry.job, None, None)
        own = ":".join(filter(None, ("slurm", entry.cluster, base + (component or ""))))
        self.times[own] += step is None
        again = f"#{self.times[own]}" if self.times[own] > 1 else ""
        inferred = entry.ended()
        for host in entry.hosts or [None]:  # type: ignore[list-item]
            on = f":{host}" if host else ""
            yield unit.row(
                "activity",
                kind="run" if step is None else "container" if step.rstrip("+") in ALLOCATION else "process",
                activity_id=own + (f".{step}" if step else "") + again + on,
                parent_id=own + again + on if step else None,
                run_id=base,
                name=entry.name,
                command=command(entry.line),
                started_at=entry.start,
                ended_at=entry.end,
                end_is_inferred=inferred,
                host=host,
                status=entry.state,
                extra=entry.extra | ({"step": step} if step else {}),
            )


def _of_text(record: Mapping[str, str]) -> Entry | Bad | Skip:
    """A row of the table."""
    job = text(record.get("JobID"), record.get("JobIDRaw"))
    if job is None or _JOB.match(job) is None:
        return Bad("no job id, or one that was cut off" if job else "no JobID")
    fields = {k: v for k, v in record.items() if v not in NONE}
    strange = next((n for n in TIMES if n in fields and moment(fields[n]) is None), None)
    if strange is not None:
        return Bad(f"{strange} is no time that says its day")
    lasted, waited = elapsed(fields.get("Elapsed", fields.get("ElapsedRaw"))), elapsed(fields.get("Suspended"))
    state = text(fields.get("State"))
    if "Start" not in fields and "NodeList" not in fields and ("Start" in record or state == "PENDING") and not lasted:
        return Skip("a job that never started")
    return Entry(
        job=job,
        state=state,
        name=text(fields.get("JobName")),
        line=text(fields.get("SubmitLine")),
        hosts=hosts_of(fields.get("NodeList")),
        start=moment(fields.get("Start")),
        end=moment(fields.get("End")),
        lasted=lasted + (waited or timedelta()) if lasted is not None else None,
        cluster=text(fields.get("Cluster")),
        extra=rest(
            fields, *(_USED if hosts_of(fields.get("NodeList")) else tuple(u for u in _USED if u != "NodeList"))
        ),
    )


def _of_json(job: Mapping[str, Any]) -> Iterator[Entry | Skip]:
    """A job of `--json` and its steps."""
    array, het = obj(job.get("array")), obj(job.get("het"))
    raw = text(_number(job.get("job_id"))) or ""
    first, task = _number(array.get("job_id", job.get("array_job_id"))), array.get("task_id", job.get("array_task_id"))
    lead, offset = _number(het.get("job_id", job.get("het_job_id"))), het.get("job_offset", job.get("het_job_offset"))
    identity = f"{first}_{_number(task)}" if first and whole(_number(task)) is not None else raw
    identity = f"{lead}+{_number(offset)}" if lead and whole(_number(offset)) is not None else identity
    entry = _entry(job, identity, text(job.get("cluster")), job.get("nodes"))
    keys = ("user", "user_name", "account", "partition", "qos", "cluster", "working_directory",
            "current_working_directory", "container", "exit_code", "comment", "reservation")  # fmt: skip
    allocated = [f"{t.get('type')}/{t.get('name')}={t.get('count')}".replace("/=", "=")
                 for t in items(obj(job.get("tres")).get("allocated"))]  # fmt: skip
    entry.extra = rest({k: job.get(k) for k in keys if job.get(k)} | {"tres": ",".join(allocated), "job_id": raw})
    yield entry if entry.start or entry.hosts or entry.lasted else Skip("a job that never started")
    for step in items(job.get("steps")):
        about, nodes = obj(step.get("step")), obj(step.get("nodes"))
        named = about.get("id")
        name = text(named if not isinstance(named, dict) else _number(named.get("step_id")), about.get("name")) or "?"
        which = name.rpartition(".")[2]
        one = _entry(step, f"{identity}.{which}", entry.cluster, nodes.get("list") or nodes.get("range"))
        one.name = text(about.get("name"))
        one.extra = rest({k: step.get(k) for k in ("exit_code", "pid", "kill_request_user") if step.get(k)})
        yield one


def _entry(record: Mapping[str, Any], identity: str, cluster: str | None, nodes: Any) -> Entry:
    """What jobs and steps of JSON have alike."""
    times, state = obj(record.get("time")), _state(record)
    start = _number(times.get("start", record.get("start_time")))
    end = _number(times.get("end", record.get("end_time")))
    lasted, waited = elapsed(_number(times.get("elapsed"))), elapsed(_number(times.get("suspended")))
    named = [str(n) for n in nodes if n] if isinstance(nodes, list) else hosts_of(text(nodes))
    return Entry(
        job=identity,
        state=state,
        name=text(record.get("name")),
        line=text(record.get("submit_line"), record.get("command")),
        hosts=named[:MAX_HOSTS],
        start=moment(start),
        end=None if (state or "").startswith(RUNNING) else moment(end),
        lasted=lasted + (waited or timedelta()) if lasted is not None else None,
        cluster=cluster,
        extra={},
    )


def _number(value: Any) -> Any:
    """A number, or what a number object `{set, infinite, number}` holds."""
    if isinstance(value, Mapping):
        return value.get("number") if value.get("set", True) and not value.get("infinite") else None
    return value


def _state(record: Mapping[str, Any]) -> str | None:
    given = record.get("state", record.get("job_state"))
    now = obj(given).get("current", given)
    return ",".join(map(str, now)) if isinstance(now, list) else text(now)


def _jobs(document: Any) -> Iterable[Any]:
    listed = obj(document).get("jobs")
    return listed if isinstance(listed, list) else document if isinstance(document, list) else [document]


def recognise(peek: Peek, name: str) -> bool:
    """A header among the first lines, or JSON with jobs."""
    del name
    if not peek.text.startswith(("{", "[")):
        return any(header_of(line) is not None for line in peek.text.split("\n", 20)[:20])
    if isinstance(peek.value, dict):
        first = next(iter(items(peek.value.get("jobs"))), {})
        return "job_id" in first or ("jobs" in peek.keys and "slurm" in str(peek.value.get("meta"))[:4096].lower())
    return {"jobs", "job_id"} <= peek.keys and bool({"association", "job_state", "time"} & peek.keys)


FORMAT = Format(
    name="slurm_sacct",
    title="Slurm accounting (sacct -P, --json)",
    reference="https://slurm.schedmd.com/sacct.html",
    notes="Times of the text have no zone; the job id is the run.",
    table="activity",
    binary=records(
        unit="job or step", recognise=recognise, reader=Accounting, units=json_or_text(json_units(_jobs), table_units)
    ),
)
