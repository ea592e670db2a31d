"""OpenHands event streams: files of one event, arrays of events, and benchmark outputs with a history.

An action and the observation that names it as its cause are one tool call. Version 1 events (ActionEvent,
ObservationEvent) pair by `action_id` or `tool_call_id`.

Reference: https://docs.openhands.dev/

Time: ISO 8601 without zone (`--tz`). `hostname` of an observation is the container's short id.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

from fwforensics.formats._format import Context, Format
from fwforensics.formats._moments import moment
from fwforensics.formats._records import Out, Peek, Row, Skip, Unit, json_units, records
from fwforensics.formats._traces import command, obj, text, whole

NO_TOOLS = (
    "message",
    "system",
    "recall",
    "think",
    "finish",
    "null",
    "change_agent_state",
    "agent_state_changed",
    "condensation",
)


def events(document: Any) -> list[Any]:
    """Events of an array, of a history (pairs too), or the one that there is."""
    found: list[Any] = []
    for one in document if isinstance(document, list) else [document]:
        history = obj(one).get("history") if isinstance(one, Mapping) else None
        if isinstance(history, list):
            instance = obj(one).get("instance_id")
            flat = [e for h in history for e in (h if isinstance(h, list) else [h])]
            found += [dict(e) | {"@instance": instance} for e in flat if isinstance(e, Mapping)]
        else:
            found.append(one)
    return found


class Stream:
    """Pairs actions with observations."""

    def __init__(self, context: Context) -> None:
        del context
        self.open: dict[tuple[str, str], tuple[Unit, Mapping[str, Any]]] = {}
        self.ends: dict[tuple[str, str], Mapping[str, Any]] = {}

    def read(self, unit: Unit) -> Iterable[Out]:
        """See `Reader`."""
        history = unit.value.get("history")
        given = events(unit.value) if isinstance(history, list) else [unit.value]
        rows: list[Out] = []
        used = False
        for event in given:
            action = text(event.get("action")) if not isinstance(event.get("action"), Mapping) else "v1"
            where = text(event.get("@instance")) or _session(unit.name)
            cause = text(event.get("cause"), event.get("action_id"), event.get("tool_call_id") if not action else None)
            if "observation" in event and cause is not None:
                self.ends[where, cause] = event
                used = True
            elif action and action not in NO_TOOLS and event.get("source") != "user":
                for key in {text(event.get("id")), text(event.get("tool_call_id"))} - {None}:
                    self.open[where, str(key)] = (unit, event)
                used = True
        return rows if used else [Skip("event without a call")]

    def finish(self) -> Iterable[Row]:
        """See `Reader`."""
        done: set[int] = set()
        for (where, key), (unit, event) in self.open.items():
            other = text(event.get("tool_call_id")) or ""
            end = self.ends.get((where, key)) or self.ends.get((where, other))
            if id(event) not in done:
                done.add(id(event))
                yield self._row(unit, where, event, end or {})

    def _row(self, unit: Unit, where: str, event: Mapping[str, Any], end: Mapping[str, Any]) -> Row:
        meta = obj(obj(end.get("extras")).get("metadata")) or obj(obj(end.get("observation")).get("metadata"))
        called = obj(event.get("tool_call_metadata"))
        inner = obj(event.get("action"))
        ended = moment(end.get("timestamp"))
        return unit.row(
            "activity",
            kind="tool_call",
            episode_id=where or None,
            step=whole(event.get("id")),
            activity_id=f"openhands:{where}:{event.get('id')}" if event.get("id") is not None else None,
            tool=text(called.get("function_name"), event.get("tool_name"), inner.get("kind"), event.get("action")),
            command=command(event.get("args") or inner or event.get("arguments")),
            started_at=moment(event.get("timestamp")),
            ended_at=ended,
            end_is_inferred=False if ended else None,
            container_id=text(meta.get("hostname")),
            status=text(meta.get("exit_code"), obj(end.get("extras")).get("exit_code")),
            extra={
                "pid": meta.get("pid"),
                "user": text(meta.get("username")),
                "cwd": text(meta.get("working_dir")),
                "source": text(event.get("source")),
            },
        )


def _session(name: str) -> str:
    """The conversation: the folder above `events`, else the file's own name."""
    path = PurePosixPath(name.replace("!", "/"))
    return path.parent.parent.name if path.parent.name == "events" else path.stem


def recognise(peek: Peek, name: str) -> bool:
    """Events have a source, a time, and an action or an observation."""
    del name
    text_of = peek.text[:65536]
    if {"instance_id", "history"} <= peek.keys:
        return '"action"' in text_of and '"source"' in text_of
    return (
        {"timestamp", "source"} <= peek.keys
        and bool({"action", "observation"} & peek.keys)
        and "src_ip" not in peek.keys
    )


FORMAT = Format(
    name="openhands",
    title="OpenHands events",
    reference="https://docs.openhands.dev/",
    notes="Times have no zone; the hostname of an observation is the container's short id.",
    table="activity",
    binary=records(
        unit="event", recognise=recognise, reader=Stream, units=json_units(events), scope=lambda _p, _n: "openhands"
    ),
)
