"""mini-swe-agent trajectories (`.traj.json`): the actions of each assistant message, ended by the observation after it.

Reference: https://mini-swe-agent.com/latest/usage/output_files/

Time: epoch seconds in `extra.timestamp` of messages. Trajectories without it give calls in order and without times. The
container's name is in the log only; the trajectory has neither host nor address.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

from fwforensics.formats._format import Format
from fwforensics.formats._moments import moment
from fwforensics.formats._records import Out, Peek, Skip, Unit, json_units, records
from fwforensics.formats._traces import command, items, obj, text

_FENCED = re.compile(r"```(?:bash|sh|mswea_bash_command)?\s*\n(.*?)\n?```", re.DOTALL)


def turns(document: Any) -> list[Any]:
    """Each message with the one that answers it."""
    given = obj(document)
    messages = items(given.get("messages"))
    info = obj(given.get("info"))
    said = {
        "@instance": given.get("instance_id"),
        "@exit": info.get("exit_status"),
        "@model": obj(obj(info.get("config")).get("model")).get("model_name"),
    }
    return [
        dict(m) | said | {"@step": n, "@answer": a}
        for n, (m, a) in enumerate(zip(messages, [*messages[1:], {}], strict=False))
    ]


def read(unit: Unit) -> Iterable[Out]:
    """The actions of one message."""
    message = unit.value
    extra, answer = obj(message.get("extra")), obj(message.get("@answer"))
    after = obj(answer.get("extra"))
    actions = _actions(message, extra)
    if message.get("role") != "assistant" or not actions:
        return [Skip(f"{text(message.get('role')) or 'message'} without an action")]
    start, end = moment(extra.get("timestamp")), moment(after.get("timestamp"))
    name = PurePosixPath(unit.name.replace("!", "/")).name.removesuffix(".json").removesuffix(".traj")
    episode = text(message.get("@instance")) or name or None
    return [
        unit.row(
            "activity",
            kind="tool_call",
            episode_id=episode,
            step=message.get("@step"),
            tool="bash",
            command=action,
            started_at=start,
            ended_at=end,
            end_is_inferred=False if end else None,
            status=text(after.get("returncode")),
            extra={"exit_status": text(message.get("@exit")), "model": text(message.get("@model"))},
        )
        for action in actions
    ]


def _actions(message: Mapping[str, Any], extra: Mapping[str, Any]) -> list[str]:
    """Commands as version 1.1 lists them, as tool calls, or as fenced text of version 1.0."""
    listed = extra.get("actions")
    if isinstance(listed, list):
        return [c for a in listed if (c := command(a))]
    calls = [obj(c.get("function")) for c in items(message.get("tool_calls"))]
    if calls:
        return [c for call in calls if (c := command(call.get("arguments")))]
    content = message.get("content")
    return _FENCED.findall(content)[:1] if isinstance(content, str) and message.get("role") == "assistant" else []


def recognise(peek: Peek, name: str) -> bool:
    """The trajectory names its format, or has mini-swe-agent's version."""
    return (
        '"mini-swe-agent' in peek.text
        or ("mini_version" in peek.text and "messages" in peek.keys)
        or (name.endswith(".traj.json") and {"info", "messages"} <= peek.keys)
    )


FORMAT = Format(
    name="mini_swe_agent",
    title="mini-swe-agent trajectories",
    reference="https://mini-swe-agent.com/latest/usage/output_files/",
    notes="No host and no address: join by time, or give --run.",
    table="activity",
    binary=records(unit="message", recognise=recognise, read=read, units=json_units(turns)),
)
