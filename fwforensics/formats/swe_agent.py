"""SWE-agent trajectories (`.traj`): actions in order with their duration, and no time of day.

The log beside it (`.debug.log`, `.info.log`, `.trace.log`) has times: where one of the same folder and instance is
read with it, the log's lines with ACTION give each action its start, and the duration its end, which is marked as
worked out.

Reference: https://swe-agent.com/latest/usage/trajectories/

Time: that of the log, local without zone (`--tz`); without a log there is none, and only order and step are known.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any, BinaryIO

from fwforensics.formats._format import Context, Format
from fwforensics.formats._moments import moment, seconds
from fwforensics.formats._prometheus import _Joined
from fwforensics.formats._records import Out, Peek, Row, Skip, Unit, json_units, records, text_units
from fwforensics.formats._traces import MAX_COMMAND, items, obj, text

_LOGGED = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}) - (\w+) - ([\w.-]+) - (.*)", re.DOTALL)
_ACTION = re.compile(r"🎬\s*ACTION|^ACTION\b")


def steps(document: Any) -> list[Any]:
    """The steps of a trajectory."""
    given = obj(document)
    said = {"@exit": obj(given.get("info")).get("exit_status"), "@environment": given.get("environment")}
    return [dict(s) | said | {"@step": n} for n, s in enumerate(items(given.get("trajectory")), 1)] or [document]


def units(stream: BinaryIO) -> Iterator[tuple[int, Any, bytes]]:
    """Steps of a trajectory, or lines of a log."""
    head = stream.read(1 << 16)
    joined = _Joined(head, stream)
    yield from (json_units(steps) if head.lstrip()[:1] == b"{" else text_units)(joined)  # type: ignore[arg-type]


class Trajectories:
    """Steps wait for the times of their log."""

    def __init__(self, context: Context) -> None:
        del context
        self.steps: dict[str, list[Unit]] = {}
        self.times: dict[str, list[datetime]] = {}

    def read(self, unit: Unit) -> Iterable[Out]:
        """See `Reader`."""
        name = _instance(unit.name)
        if isinstance(unit.value, str):
            match = _LOGGED.match(unit.value)
            when = moment(match.group(1)) if match else None
            if match is None or when is None:
                return [Skip("continuation of a log line")]
            if _ACTION.search(match.group(4)) is None:
                return [Skip("other log line")]
            self.times.setdefault(name, []).append(when)
            return []
        if not obj(unit.value).get("action"):
            return [Skip("step without an action")]
        self.steps.setdefault(name, []).append(unit)
        return []

    def finish(self) -> Iterable[Row]:
        """See `Reader`."""
        for name, waiting in self.steps.items():
            found = self.times.get(name, [])
            # Several logs of one instance repeat each action, so that only a count that fits is believed.
            fits = len(found) >= len(waiting) and len(found) % len(waiting) == 0
            starts = sorted(found)[:: len(found) // len(waiting)] if fits else [None] * len(waiting)
            for unit, start in zip(waiting, starts, strict=True):
                yield self._row(unit, name, start)

    def _row(self, unit: Unit, name: str, start: datetime | None) -> Row:
        step: Mapping[str, Any] = unit.value
        lasted = seconds(step.get("execution_time"))
        end = start + lasted if start is not None and lasted is not None else None
        return unit.row(
            "activity",
            kind="tool_call",
            episode_id=name or None,
            step=step.get("@step"),
            tool="bash",
            command=(text(step.get("action")) or "")[:MAX_COMMAND],
            started_at=start,
            ended_at=end,
            end_is_inferred=True if end else None,
            extra={
                "execution_time": step.get("execution_time"),
                "exit_status": text(step.get("@exit")),
                "environment": text(step.get("@environment")),
            },
        )


def _instance(name: str) -> str:
    base = PurePosixPath(name.replace("!", "/")).name
    return re.sub(r"\.(?:traj|(?:debug|info|trace)\.log)$", "", base)


def recognise(peek: Peek, name: str) -> bool:
    """A trajectory with steps, or a log of the agent's loggers."""
    if "trajectory" in peek.keys and '"action"' in peek.text and '"observation"' in peek.text:
        return True
    if name.endswith(".traj") and {"trajectory", "info"} & peek.keys:
        return True
    return re.search(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} - \w+ - (?:swea-|swe-agent)", peek.text) is not None


FORMAT = Format(
    name="swe_agent",
    title="SWE-agent trajectories with their logs",
    reference="https://swe-agent.com/latest/usage/trajectories/",
    notes="Times come from the log in the same folder; without it calls have none.",
    table="activity",
    binary=records(
        unit="step or log line", recognise=recognise, reader=Trajectories, units=units, scope=lambda _p, _n: "swe-agent"
    ),
)
