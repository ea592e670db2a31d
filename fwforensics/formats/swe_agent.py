"""SWE-agent: trajectories (`.traj`) and the logs beside them (`.trace.log`, `.debug.log`, `.info.log`, batch logs).

A trajectory tells actions in order with their duration and no time of day. Logs of the same folder and instance give
each action its time; where no trajectory was read, they alone give actions. The end is begin and duration, else the
output that the trace log has, else the next step: worked out in any case. All attempts of an agent that tries again are
read. The instance is the episode; containers that the log names are activities of their own.

Reference: https://swe-agent.com/latest/usage/trajectories/

Time: that of logs, local without zone. Without a log, order, duration and step are all there is. Neither run nor
address is recorded. Not covered: patches, and `history` where there are steps, which it repeats.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any, BinaryIO

from fwforensics.formats._format import Context, Format
from fwforensics.formats._json_or_text import json_or_text
from fwforensics.formats._moments import moment, seconds
from fwforensics.formats._records import Bad, Out, Peek, Row, Skip, Unit, json_units, records, redacted_text, text_units
from fwforensics.formats._traces import MAX_COMMAND, items, obj, short, text

#: Logs of releases before 1.0 do not name the logger.
HEADER = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}) (?:- [A-Z]+ - ([\w.@+/-]+) - |[A-Z]+ )")
LOGGERS = re.compile(r"(?:swea|rex)-[a-z_]+(?:-(.+))?|swe[-_]?agent.*|SWEEnv.*|agents|env_utils")
STEP = re.compile(r"=+ STEP (\d+) =+")
ACTION = re.compile(r"🎬 ACTION\b(?: \([^)\n]*\))?[ \t]*\n?(.*)", re.DOTALL)
CONTAINER = re.compile(r"Starting container (\S+) with image (\S+)")
INSTANCE = re.compile(r"(?:Running on|Setting up agent for) instance (\S+)")
LOG_FILE = re.compile(r"\.(?:traj|(?:(?:trace|debug|info|warning)\.)?log)$")
#: What `.pred` files hold beside trajectories.
PREDICTION = {"model_name_or_path", "instance_id", "model_patch"}
#: A record of the log with more text than this is cut: only its beginning is looked at.
MAX_RECORD = 64 << 10


class Step(dict[str, Any]):
    """A step, and where in the trajectory it stands."""

    attempt: int = 0
    number: int = 0


class Head(dict[str, Any]):
    """What a trajectory says beside its steps."""


def split(document: Any) -> Iterator[Any]:
    """The head of a trajectory, then the steps of each attempt without the prompts that they repeat."""
    given = obj(document)
    attempts = items(given.get("attempts")) or [given]
    yield (
        Head({k: v for k, v in given.items() if k not in ("trajectory", "history", "attempts")}) if given else document
    )
    for attempt, one in enumerate(attempts, 1):
        for number, given_step in enumerate(items(one.get("trajectory")) or _remembered(one), 1):
            step = Step((k, v) for k, v in given_step.items() if k not in ("query", "messages"))
            step.attempt, step.number = attempt if len(attempts) > 1 else 0, number
            yield step


def _remembered(attempt: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Steps out of the history: demonstrations have nothing else."""
    return [h for h in items(attempt.get("history")) if h.get("role") == "assistant" and not h.get("is_demo")]


def log_units(stream: BinaryIO) -> Iterator[tuple[int, Any, bytes]]:
    """Records of a log: a line with a time, and the lines below it that have none."""
    begun, first, parts, size = 0, b"", list[str](), 0
    for number, line, raw in text_units(stream):
        if HEADER.match(line) or not begun:
            if begun:
                yield begun, "\n".join(parts), first
            begun, first, parts, size = number, raw, [], 0
        if size < MAX_RECORD:
            parts.append(line)
            size += len(line)
    if begun:
        yield begun, "\n".join(parts), first


@dataclass(slots=True)
class Logged:
    """An action as the log has it."""

    unit: Unit
    at: datetime
    action: str
    step: int | None
    end: datetime | None = None
    entered: bool = False


@dataclass(slots=True)
class Instance:
    """What is known of one instance."""

    head: Unit | None = None
    steps: list[Unit] = field(default_factory=list)
    marks: dict[tuple[datetime, str, str], Unit] = field(default_factory=dict)
    first: datetime | None = None
    last: datetime | None = None

    def logged(self) -> list[Logged]:
        """Actions of the log in the order of time, each ended by its output or by what comes after it."""
        found: list[Logged] = []
        step: int | None = None
        for (at, kind, said), unit in sorted(self.marks.items(), key=lambda m: m[0][0]):
            last = found[-1] if found else None
            if kind == "input" and last is not None:
                last.entered = True
            elif last is not None and last.end is None and (kind != "output" or last.entered):
                last.end = at
            if kind == "step":
                step = int(said)
            elif kind == "action":
                found.append(Logged(unit, at, said, step))
        return found


class Runs:
    """Steps wait for the times of their log."""

    def __init__(self, context: Context) -> None:
        del context
        self.instances: dict[str, Instance] = {}
        self.current: dict[str, str] = {}

    def read(self, unit: Unit) -> Iterable[Out]:
        """See `Reader`."""
        value = unit.value
        name = LOG_FILE.sub("", PurePosixPath(unit.name.replace("!", "/")).name)
        if isinstance(value, str):
            return self._log(unit, value, name)
        if isinstance(value, Step):
            if not (isinstance(value.get("action"), str) and value["action"].strip()):
                return [Skip("step without an action")]
            self._of(name).steps.append(unit)
            return []
        if not isinstance(value, Head):
            return [Bad("no trajectory")]
        if value.keys() >= PREDICTION:
            return [Skip("prediction")]
        self._of(name).head = unit
        return []

    def finish(self) -> Iterable[Row]:
        """See `Reader`."""
        for name, known in self.instances.items():
            logged = known.logged()
            if known.head is None and not logged:
                continue
            owner = known.head or logged[0].unit
            yield self._episode(name, known, owner)
            for unit, seen in paired(known.steps, logged):
                yield _call(name, _activity(owner, name), unit, seen)

    def _of(self, name: str) -> Instance:
        return self.instances.setdefault(name, Instance())

    def _log(self, unit: Unit, record: str, file: str) -> list[Out]:
        match = HEADER.match(record)
        at = moment(match.group(1)) if match else None
        if match is None or at is None:
            return [Skip("lines before the first record")]
        said, logger = record[match.end() :], LOGGERS.fullmatch(match.group(2) or "")
        if named := INSTANCE.match(said):
            self.current[unit.name] = named.group(1).rstrip(".")
        name = (logger.group(1) if logger else None) or self.current.get(unit.name) or file
        known = self._of(name)
        known.first, known.last = min(known.first or at, at), max(known.last or at, at)
        if started := CONTAINER.match(said):
            return [self._container(unit, name, at, started)]
        mark = _mark(said)
        if mark is None:
            return [Skip("other log record")]
        if (at, *mark) in known.marks:
            return [Skip("also in another log of this instance")]
        known.marks[(at, *mark)] = unit
        return []

    def _container(self, unit: Unit, name: str, at: datetime, started: re.Match[str]) -> Out:
        key = (at, "container", started.group(1))
        if key in self._of(name).marks:
            return Skip("also in another log of this instance")
        self._of(name).marks[key] = unit
        return unit.row(
            "activity", kind="container", activity_id=f"swe-agent:{started.group(1)}", name=started.group(1),
            episode_id=name, started_at=at, extra={"image": started.group(2)},
        )  # fmt: skip

    def _episode(self, name: str, known: Instance, unit: Unit) -> Row:
        head = obj(unit.value)
        info = obj(head.get("info"))
        kept = ("model_stats", "swe_agent_version", "swe_agent_hash", "swe_rex_version", "best_attempt_idx")
        return unit.row(
            "activity", kind="episode", activity_id=_activity(unit, name), episode_id=name, name=name,
            started_at=known.first, ended_at=known.last, end_is_inferred=True if known.last else None,
            status=text(info.get("exit_status")),
            extra={"environment": short(head.get("environment")), **{k: short(info.get(k)) for k in kept}},
        )  # fmt: skip


def _call(name: str, parent: str, unit: Unit | None, seen: Logged | None) -> Row:
    """A step with the time that the log has for it, or an action of which there is no step."""
    step = obj(unit.value) if unit is not None else {}
    owner = unit or (seen.unit if seen is not None else None)
    if owner is None:
        raise AssertionError("neither step nor record")
    lasted, start = seconds(step.get("execution_time")), seen.at if seen is not None else None
    end = start + lasted if start is not None and lasted else seen.end if seen is not None else None
    done = text(step.get("action")) or (seen.action if seen is not None else "")
    number = unit.value.number if unit is not None else seen.step if seen is not None else None
    return owner.row(
        "activity", kind="tool_call", episode_id=name, step=number, tool="bash",
        parent_id=parent,
        command=redacted_text(done.strip())[:MAX_COMMAND],
        started_at=start, ended_at=end, end_is_inferred=True if end else None,
        extra={
            "execution_time": step.get("execution_time"), "state": short(step.get("state")),
            "observation": short(step.get("observation")), "exit_status": step.get("exit_status"),
            "attempt": unit.value.attempt or None if unit is not None else None,
        },
    )  # fmt: skip


def paired(steps: list[Unit], logged: list[Logged]) -> Iterator[tuple[Unit | None, Logged | None]]:
    """Steps with the records that say the same, in order (a record may have lost its text); and records left over."""
    whole = len(steps) == len(logged)
    if whole and all(_same(u, r) or not r.action.strip() for u, r in zip(steps, logged, strict=True)):
        yield from zip(steps, logged, strict=True)
        return
    at = 0
    for unit in steps:
        found = next((n for n in range(at, len(logged)) if _same(unit, logged[n])), None)
        if found is None:
            yield unit, None
            continue
        yield from ((None, left) for left in logged[at:found])
        yield unit, logged[found]
        at = found + 1
    yield from ((None, left) for left in logged[at:])


def _same(unit: Unit, record: Logged) -> bool:
    return bool(unit.value["action"].strip()[:500] == record.action.strip()[:500])


def _activity(unit: Unit, name: str) -> str:
    return f"swe-agent:{unit.source}:{name}"


def _mark(said: str) -> tuple[str, str] | None:
    """What a record says about time: a step begins, an action is about to run, it was entered, its output is there."""
    if step := STEP.match(said):
        return "step", step.group(1)[:9]
    if action := ACTION.search(said):
        return "action", action.group(1)[:MAX_COMMAND]
    if said.startswith(("Input:\n", "Output:\n")):
        return said[:6].strip(":\n").lower(), said[7:200]
    return None


def recognise(peek: Peek, name: str) -> bool:
    """A trajectory has steps of action and observation; a log the names of the agent's loggers."""
    if peek.text.startswith("{"):
        steps = bool({"trajectory", "attempts", "history"} & peek.keys)
        shown = '"action"' in peek.text and '"observation"' in peek.text and '"source"' not in peek.text
        return (steps and (name.endswith(".traj") or shown)) or (name.endswith(".pred") and peek.keys >= PREDICTION)
    match = HEADER.match(peek.text)
    if match is not None and match.group(2) is None:
        return "🎬 ACTION" in peek.text
    return match is not None and LOGGERS.fullmatch(match.group(2)) is not None


FORMAT = Format(
    name="swe_agent",
    title="SWE-agent trajectories with their logs",
    reference="https://swe-agent.com/latest/usage/trajectories/",
    notes="Times come from the logs in the same folder; without them calls have none.",
    table="activity",
    binary=records(
        unit="step or log record",
        recognise=recognise,
        reader=Runs,
        units=json_or_text(json_units(split), log_units),
        scope=lambda _peek, _name: "swe-agent",
    ),
)
