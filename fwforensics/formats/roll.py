"""ROLL: worker logs (`log_rank_*.log`) and rollout dumps (`rollout_dump_data.step_N.jsonl`).

A log tells which sandbox an episode had, its steps and (at DEBUG) its commands. A dump is one line of columns for each
training step; each trajectory in it is an episode, from the time it was saved back by the seconds that it took.

Reference: https://github.com/alibaba/ROLL

Time: both without zone (`--tz`); the log in whole seconds. Starts of episodes in a dump are worked out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, BinaryIO

from fwforensics.formats._format import Context, Format
from fwforensics.formats._moments import moment, seconds
from fwforensics.formats._prometheus import _Joined
from fwforensics.formats._records import Bad, Out, Peek, Row, Skip, Unit, json_units, records, redacted_text, text_units
from fwforensics.formats._traces import MAX_COMMAND, obj, text, whole

_LINE = re.compile(
    r"\[(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)\] \[([^\]]*)\] \[(\w+)\] \[([^\]]*)\](?:\s*\[PID (\d+)\])?\s*(.*)", re.DOTALL
)
_MARK = re.compile(r"\[(SANDBOX_INIT|ENV_RESET|ENV_STEP|RUN_SESSION)\]\s*(.*)", re.DOTALL)
_FIELD = r"{}:\s*([^,\s]+)"
_COMMAND_BEGINS = re.compile(r'command:\s*+"')
_COMMAND_ENDS = re.compile(r'"\s*+,\s*+sandbox_id:')


def units(stream: BinaryIO) -> Iterator[tuple[int, Any, bytes]]:
    """JSON lines of a dump, or lines of a log."""
    head = stream.read(1 << 16)
    joined = _Joined(head, stream)
    yield from (json_units() if head.lstrip()[:1] == b"{" else text_units)(joined)  # type: ignore[arg-type]


class Roll:
    """Follows the worker: the sandbox that was reset last is the one that steps."""

    def __init__(self, context: Context) -> None:
        del context
        self.episode: dict[str, tuple[Unit, dict[str, Any]]] = {}
        self.call: dict[str, tuple[Unit, dict[str, Any]]] = {}

    def read(self, unit: Unit) -> Iterable[Out]:
        """See `Reader`."""
        if not isinstance(unit.value, str):
            return list(_dump(unit))
        line = _LINE.match(unit.value)
        mark = _MARK.search(line.group(6)) if line else None
        if line is None or mark is None:
            return [Skip("other log line")]
        at, worker = moment(line.group(1)), f"{line.group(4)}:{line.group(5)}"
        return list(self._marked(unit, at, worker, *mark.groups()))

    def finish(self) -> Iterable[Row]:
        """See `Reader`."""
        for store in (self.call, self.episode):
            for unit, values in store.values():
                yield unit.row("activity", **values)

    def _marked(self, unit: Unit, at: datetime | None, worker: str, mark: str, said: str) -> Iterator[Out]:
        ip, sandbox = (_found(n, said) for n in (r"(?:sandbox_ip|IP)", "sandbox_id"))
        if mark in ("SANDBOX_INIT", "ENV_RESET"):
            if mark == "ENV_RESET":
                yield from self._end(self.call, worker, at)
                yield from self._end(self.episode, worker, at)
                self.episode[worker] = (
                    unit,
                    {
                        "kind": "episode",
                        "sandbox_id": sandbox,
                        "ip": ip,
                        "name": _found("TaskName", said),
                        "started_at": at,
                        "episode_id": sandbox,
                        "extra": {"task": _found("TaskID", said), "image": _found("image", said), "worker": worker},
                    },
                )
            elif sandbox:
                yield unit.row("activity", kind="container", sandbox_id=sandbox, ip=ip, started_at=at, status="started")
            return
        known = self.episode.get(worker, (unit, {}))[1]
        base = {
            "sandbox_id": sandbox or known.get("sandbox_id"),
            "episode_id": known.get("episode_id"),
            "started_at": at,
            "ip": ip or known.get("ip"),
        }
        yield from self._end(self.call, worker, at)
        if mark == "ENV_STEP" and said.startswith("START"):
            yield unit.row("activity", kind="step", step=whole(_found("Step", said)), **base)
        elif mark == "RUN_SESSION" and said.startswith("START"):
            line = _command(said)
            self.call[worker] = (
                unit,
                {
                    **base,
                    "kind": "tool_call",
                    "tool": "run_session",
                    "command": redacted_text(line or "")[:MAX_COMMAND],
                    "extra": {"session": _found("session", said)},
                },
            )

    @staticmethod
    def _end(store: dict[str, tuple[Unit, dict[str, Any]]], worker: str, at: datetime | None) -> Iterator[Row]:
        """What the worker did before ends where it does the next thing."""
        if worker in store:
            unit, values = store.pop(worker)
            yield unit.row("activity", **values, ended_at=at, end_is_inferred=True if at else None)


def _command(said: str) -> str | None:
    """The command of a call, which may hold quotes and commas itself."""
    if begins := _COMMAND_BEGINS.search(said):
        *_, ends = (None, *_COMMAND_ENDS.finditer(said, begins.end()))
        if ends:
            return said[begins.end() : ends.start()]
    return _found("command", said)


def _found(name: str, said: str) -> str | None:
    match = re.search(_FIELD.format(name), said)
    return match.group(1) if match and match.group(1) not in ("None", "") else None


def _dump(unit: Unit) -> Iterator[Out]:
    """The trajectories of one training step."""
    value = unit.value
    column = value.get("trajectory_data")
    listed = column if isinstance(column, list) else [column] if column else []
    names = value.get("exp_name")
    for number, one in enumerate(listed):
        data = obj(one)
        if not data:
            yield Bad("a trajectory that is no JSON object")
            continue
        info, timing = obj(data.get("env_info")), obj(data.get("timing_info"))
        end, lasted = moment(timing.get("traj_save_time")), seconds(timing.get("traj_time_env_total"))
        run = names[number] if isinstance(names, list) and number < len(names) else names
        ip, sandbox = text(info.get("sandbox_ip")), text(info.get("sandbox_id"))
        start = end - lasted if end and lasted else None
        yield unit.row(
            "activity",
            kind="episode",
            activity_id=f"roll:{data.get('trajectory_id')}",
            run_id=text(run),
            episode_id=text(data.get("trajectory_id")),
            name=text(info.get("task_name")),
            sandbox_id=sandbox,
            ip=ip,
            started_at=start,
            ended_at=end,
            end_is_inferred=False if end else None,
            step=whole(data.get("current_step")),
            extra={
                **_plain(info),
                **_plain(timing),
                "start_is_inferred": True if start else None,
                "global_step": value.get("global_step"),
            },
        )
    if not listed:
        yield Skip("no trajectories in it")


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {str(k): v for k, v in values.items() if isinstance(v, str | int | float)}


def recognise(peek: Peek, name: str) -> bool:
    """A dump's columns, or a worker's lines."""
    del name
    if "trajectory_data" in peek.keys:
        return True
    return (
        re.search(
            r"^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\] \[[^\]]*\(\d+\)\] \[\w+\] \[[^\]]*\d+ / \d+\]",
            peek.text,
            re.MULTILINE,
        )
        is not None
    )


FORMAT = Format(
    name="roll",
    title="ROLL worker logs and rollout dumps",
    reference="https://github.com/alibaba/ROLL",
    notes="Times have no zone; ends in logs and starts in dumps are worked out.",
    table="activity",
    binary=records(unit="line", recognise=recognise, reader=Roll, units=units),
)
