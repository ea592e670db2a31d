"""mini-swe-agent: trajectories (`.traj.json`) of all releases, and its log `minisweagent.log`.

A trajectory is an episode, and each action of an assistant's message a tool call: as `extra.actions` lists them
(release 2), else as tool calls of the message, else as the fenced block of its text (release 1). The step is the number
of the assistant's message. The log gives the containers that were started; it does not say for which instance.

Reference: https://mini-swe-agent.com/latest/usage/output_files/

Time: epoch seconds of messages (`extra.timestamp`, or `timestamp` in release 1): an action begins when the answer was
there and ends, worked out, when its observation was; actions of one answer share one interval. Trajectories of before
August 2025 have no times: order and status only. Times of the log are local without zone. The episode is `instance_id`,
else the file's name; no run, host or address is recorded. Not covered: bare lists of messages, and `preds.json`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from fwforensics.formats._format import Context, Format
from fwforensics.formats._json_or_text import json_or_text
from fwforensics.formats._moments import moment
from fwforensics.formats._records import Bad, Out, Peek, Row, Skip, Unit, json_units, records, text_units
from fwforensics.formats._traces import MAX_TEXT, command, items, obj, short, text

FENCED = re.compile(r"```(?:bash|sh|shell|mswea_bash_command)?[ \t]*\n(.*?)\n?```", re.DOTALL)
RETURNED = re.compile(r"\s*<returncode>\s*(-?\d+)\s*</returncode>")
LOGGED = re.compile(
    r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}) - (minisweagent[\w.]*|agent|environment) - ([A-Z]+) - (.*)"
)
STARTED = re.compile(r"Started (?:container|Contree instance|sandbox)?\s*(\S+) with ID ([0-9a-f]{12,64})\b")


def split(document: Any) -> Iterator[Any]:
    """The head of a trajectory, then its messages."""
    if not isinstance(document, Mapping) or not isinstance(document.get("messages"), list):
        yield document
        return
    head = {k: v for k, v in document.items() if k != "messages"}
    times = [t for m in items(document["messages"]) if (t := _time(m)) is not None]
    yield head | {"@first": times[0] if times else None, "@last": times[-1] if times else None}
    yield from document["messages"]


class Trajectory:
    """Actions wait for the observations that end them."""

    def __init__(self, context: Context) -> None:
        del context
        self.episode: str | None = None
        self.activity: str | None = None
        self.steps = 0
        self.waiting: list[tuple[Unit, str | None, str]] = []

    def read(self, unit: Unit) -> Iterable[Out]:
        """See `Reader`."""
        value = unit.value
        if isinstance(value, str):
            return [_logged(unit, value)]
        if not isinstance(value, Mapping):
            return [Bad("no object")]
        if "@first" in value:
            return [*self.finish(), self._head(unit, value)]
        role = value.get("role") or value.get("type")
        if role == "assistant" or (role is None and value.get("object") == "response"):
            rows = list(self.finish())
            self.steps += 1
            self.waiting = [(unit, key, action) for key, action in _actions(value)]
            return rows if self.waiting else [*rows, Skip("answer without an action")]
        rows = self._observed(value) if self.waiting else []
        return [*rows, Skip(f"{text(role) or 'other'} message"[:60])]

    def finish(self) -> Iterable[Row]:
        """See `Reader`."""
        rows = [self._row(unit, action, {}) for unit, _, action in self.waiting]
        self.waiting = []
        return rows

    def _head(self, unit: Unit, value: Mapping[str, Any]) -> Row:
        info = obj(value.get("info"))
        config = obj(info.get("config"))
        environment, ended = obj(config.get("environment")), moment(value["@last"])
        file = PurePosixPath(unit.name.replace("!", "/")).name
        self.steps = 0
        self.episode = text(value.get("instance_id")) or re.sub(r"(?:\.traj)?\.json$", "", file) or None
        self.activity = f"mini-swe-agent:{unit.source}:{self.episode}"
        return unit.row(
            "activity", kind="episode", activity_id=self.activity, episode_id=self.episode, name=self.episode,
            started_at=moment(value["@first"]), ended_at=ended, end_is_inferred=True if ended else None,
            status=text(info.get("exit_status")),
            extra={
                "mini_version": text(info.get("mini_version")),
                "model": text(obj(config.get("model")).get("model_name")),
                "environment_type": text(config.get("environment_type")), "model_stats": short(info.get("model_stats")),
                **{k: short(environment.get(k)) for k in ("image", "cwd", "timeout", "container_timeout", "run_args")},
                "trajectory_format": text(value.get("trajectory_format")),
            },
        )  # fmt: skip

    def _observed(self, message: Mapping[str, Any]) -> list[Row]:
        """What a message ends: the call that it names, else the first of those that wait; an exit ends them all."""
        key = text(message.get("tool_call_id"), message.get("call_id"))
        at = next((n for n, (_, known, _) in enumerate(self.waiting) if key is not None and known == key), 0)
        unit, _, action = self.waiting.pop(at)
        return [self._row(unit, action, message)]

    def _row(self, unit: Unit, action: str, answer: Mapping[str, Any]) -> Row:
        extra, ended = obj(answer.get("extra")), _time(answer)
        content = answer.get("content")
        shown = RETURNED.match(content[:MAX_TEXT]) if isinstance(content, str) else None
        return unit.row(
            "activity", kind="tool_call", parent_id=self.activity, episode_id=self.episode, step=self.steps or None,
            tool="bash", command=action, started_at=_time(unit.value), ended_at=ended,
            end_is_inferred=True if ended else None,
            status=text(extra.get("returncode")) or (shown.group(1) if shown else text(extra.get("exit_status"))),
            extra={
                "output": short(extra.get("raw_output") or content),
                **{k: short(extra.get(k)) for k in ("exception_info", "exception_type", "interrupt_type")},
            },
        )  # fmt: skip


def _time(message: Mapping[str, Any]) -> Any:
    return moment(obj(message.get("extra")).get("timestamp") or message.get("timestamp"))


def _actions(message: Mapping[str, Any]) -> list[tuple[str | None, str]]:
    """Commands with the ids of their calls; a text with more than one block is refused by the agent."""
    listed = obj(message.get("extra")).get("actions")
    if isinstance(listed, list):
        found = [(text(obj(a).get("tool_call_id")), command(a)) for a in listed]
        return [(key, done) for key, done in found if done]
    calls = [*items(message.get("tool_calls")), *(i for i in items(message.get("output")) if "arguments" in i)]
    if calls:
        given = [(text(c.get("id"), c.get("call_id")), obj(c.get("function")) or c) for c in calls]
        return [(key, done) for key, c in given if (done := command(c.get("arguments")))]
    content = message.get("content")
    blocks = FENCED.findall(content) if isinstance(content, str) else []
    return [(None, done)] if len(blocks) == 1 and (done := command(blocks[0].strip())) else []


def _logged(unit: Unit, line: str) -> Out:
    match = LOGGED.match(line)
    started = STARTED.search(match.group(4)) if match else None
    if match is None or started is None:
        return Skip("log line" if match else "continuation of a log line")
    return unit.row(
        "activity", kind="container", name=started.group(1), container_id=started.group(2),
        activity_id=f"mini-swe-agent:{started.group(2)}", started_at=moment(match.group(1)),
    )  # fmt: skip


def recognise(peek: Peek, name: str) -> bool:
    """A trajectory names its format or release, or has the file name that the agent gives; a log has its loggers."""
    if peek.text.startswith("{"):
        named = '"mini_version"' in peek.text or name.endswith(".traj.json")
        told = re.search(r'"trajectory_format"\s*:\s*"mini-swe-agent', peek.text) is not None
        return "info" in peek.keys and (named or told) and "schema_version" not in peek.keys
    match = LOGGED.match(peek.text)
    return match is not None and match.group(2).startswith("minisweagent")


FORMAT = Format(
    name="mini_swe_agent",
    title="mini-swe-agent trajectories and log",
    reference="https://mini-swe-agent.com/latest/usage/output_files/",
    notes="No host and no address: join by time, or give --run.",
    table="activity",
    binary=records(
        unit="message or log line",
        recognise=recognise,
        reader=Trajectory,
        units=json_or_text(json_units(split), text_units),
    ),
)
