"""Events of OpenHands, version 0 and 1, as calls and what ends them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fwforensics.formats._moments import moment
from fwforensics.formats._records import Row, Unit
from fwforensics.formats._traces import command, obj, short, text, whole

#: Events that run nothing.
NO_TOOLS = frozenset({
    "message", "system", "recall", "think", "finish", "reject", "null", "pause", "resume", "stop", "start", "init",
    "initialize", "change_agent_state", "condensation", "condensation_request", "task_tracking", "task_tracker",
    "loop_recovery", "add_task", "modify_task", "save", "summarize", "delegate",
})  # fmt: skip
NO_ENDS = frozenset({"null", "agent_state_changed", "message", "recall", "condense", "chat", "loop_detection", "think"})
ENDS = ("ObservationEvent", "UserRejectObservation", "AgentErrorEvent")
#: Arguments of every action that say nothing of what was run.
MANNERS = frozenset({
    "thought", "kind", "is_input", "is_confirmed", "confirmation_state", "hidden", "security_risk", "blocking", "cwd",
    "keep_prompt", "is_static", "timeout", "reset", "summary", "include_extra", "kernel_init_code", "return_axtree",
})  # fmt: skip
CONTAINER = re.compile(r"[0-9a-f]{12}(?:[0-9a-f]{52})?")


@dataclass(slots=True)
class Call:
    """An action that runs something."""

    unit: Unit
    event: Mapping[str, Any]
    step: int | None
    end: Mapping[str, Any] | None = None


@dataclass(slots=True)
class Conversation:
    """What one session, or one benchmark instance, did.

    Attributes:
        name: the episode.
        activity: id of the episode's row.
        head: the unit whose row the episode is.
    """

    name: str | None
    activity: str
    head: Unit
    calls: list[Call] = field(default_factory=list)
    by_key: dict[str, Call] = field(default_factory=dict)
    ends: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    hooks: list[tuple[Unit, Mapping[str, Any]]] = field(default_factory=list)
    first: datetime | None = None
    last: datetime | None = None

    def take(self, unit: Unit, event: Mapping[str, Any], step: int | None = None) -> str | None:
        """Note an event; says why where it neither runs nor ends anything."""
        at = moment(event.get("timestamp"))
        if at is not None and (self.first is None or (at.tzinfo is None) == (self.first.tzinfo is None)):
            self.first, self.last = min(self.first or at, at), max(self.last or at, at)
        kind, action, seen = event.get("kind"), event.get("action"), event.get("observation")
        if kind == "HookExecutionEvent":
            self.hooks.append((unit, event))
        elif kind == "ACPToolCallEvent" and text(event.get("tool_call_id")) in self.by_key:
            self.by_key[text(event.get("tool_call_id")) or ""].end = event
        elif kind in ("ActionEvent", "ACPToolCallEvent") or isinstance(action, str):
            what = action if isinstance(action, str) else text(event.get("tool_name"))
            if what in NO_TOOLS:
                return f"action {what}"
            self._begin(Call(unit, event, step if step is not None else whole(event.get("id"))))
        elif kind in ENDS or (isinstance(seen, str) and seen not in NO_ENDS):
            return self._finish(event)
        else:
            return f"event {text(kind, seen) or 'of no kind'}"[:60]
        return None

    def rows(self) -> Iterator[Row]:
        """All calls, with the container that any of their observations names."""
        for key, end in self.ends.items():
            if key in self.by_key and self.by_key[key].end is None:
                self.by_key[key].end = end
        hosts = {h for c in self.calls if (h := text(_metadata(c.end or {}).get("hostname")))}
        only = next(iter(hosts)) if len(hosts) == 1 else None
        place = {"container_id": only} if only and CONTAINER.fullmatch(only) else {"host": only}
        used: set[str] = set()
        for call in self.calls:
            own = text(call.event.get("id"))
            yield self._row(call, place, None if own in used else own)
            used.add(own or "")
        for unit, event in self.hooks:
            yield self._hook(unit, event)

    def _begin(self, call: Call) -> None:
        self.calls.append(call)
        called = obj(call.event.get("tool_call_metadata")).get("tool_call_id")
        for key in (text(call.event.get("id")), text(call.event.get("tool_call_id"), called)):
            if key is not None:
                self.by_key[key] = call

    def _finish(self, event: Mapping[str, Any]) -> str | None:
        """Keep an end by the action that it names; the oldest histories pair by standing next to each other."""
        called = obj(event.get("tool_call_metadata")).get("tool_call_id")
        keys = [
            k for k in (text(event.get("cause"), event.get("action_id")), text(event.get("tool_call_id"), called)) if k
        ]
        for key in keys:
            self.ends.setdefault(key, event)
        if not keys and "id" not in event and self.calls and self.calls[-1].end is None:
            self.calls[-1].end = event
        return None if keys or (self.calls and self.calls[-1].end is event) else "observation without an action"

    def _row(self, call: Call, place: Mapping[str, Any], own: str | None) -> Row:
        event, end = call.event, call.end or {}
        meta, given = _metadata(end), obj(event.get("args")) or obj(event.get("action"))
        called, ended, host = (
            obj(event.get("tool_call_metadata")),
            moment(end.get("timestamp")),
            text(meta.get("hostname")),
        )
        if host:
            place = {"container_id": host} if CONTAINER.fullmatch(host) else {"host": host}
        ran = {k: v for k, v in given.items() if k not in MANNERS and v not in (None, "")}
        asked = obj(event.get("tool_call")).get("arguments") or event.get("raw_input")
        return call.unit.row(
            "activity", kind="tool_call", activity_id=f"{self.activity}:{own}" if own else None,
            parent_id=self.activity, episode_id=self.name, step=call.step, command=command(ran or asked), **place,
            tool=text(called.get("function_name"), event.get("tool_name"), event.get("title"), event.get("action")),
            started_at=moment(event.get("timestamp")), ended_at=ended, end_is_inferred=True if ended else None,
            status=_status(event, given, end, meta),
            extra={
                "source": event.get("source"), "pid": meta.get("pid") if meta.get("pid") != -1 else None,
                "user": meta.get("username"),
                "cwd": meta.get("working_dir"), "output": short(end.get("content")), "error": short(end.get("error")),
                **{k: short(given.get(k)) for k in ("is_input", "timeout", "confirmation_state")},
                "security_risk": short(given.get("security_risk") or event.get("security_risk")),
            },
        )  # fmt: skip

    def _hook(self, unit: Unit, event: Mapping[str, Any]) -> Row:
        """A hook's event is written when it has run: its time is the end."""
        ended = moment(event.get("timestamp"))
        return unit.row(
            "activity", kind="process", parent_id=self.activity, episode_id=self.name, tool="hook",
            name=text(event.get("hook_event_type")), command=command(event.get("hook_command")), ended_at=ended,
            end_is_inferred=False if ended else None, status=text(event.get("exit_code")),
        )  # fmt: skip


def _metadata(end: Mapping[str, Any]) -> Mapping[str, Any]:
    return obj(obj(end.get("extras")).get("metadata")) or obj(obj(end.get("observation")).get("metadata"))


def _status(
    event: Mapping[str, Any], given: Mapping[str, Any], end: Mapping[str, Any], meta: Mapping[str, Any]
) -> str | None:
    """Exit code; else why there is none."""
    seen, extras = obj(end.get("observation")), obj(end.get("extras"))
    if end.get("kind") == "UserRejectObservation" or "rejected" in (
        given.get("confirmation_state"),
        end.get("observation"),
    ):
        return "rejected"
    if end.get("observation") == "user_rejected":
        return "rejected"
    code = text(seen.get("exit_code"), meta.get("exit_code"), extras.get("exit_code"))
    if seen.get("timeout") is True:
        return "timeout"
    if code is not None:
        return code
    failed = end.get("kind") == "AgentErrorEvent" or end.get("observation") == "error" or seen.get("is_error") is True
    return "error" if failed else text(end.get("status"), event.get("status"))
