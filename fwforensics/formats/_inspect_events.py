"""Events of one Inspect sample: tool calls, sandbox actions, model calls, and the spans that hold them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fwforensics.formats._moments import moment
from fwforensics.formats._records import Out, Row, Skip, Unit, redacted_text
from fwforensics.formats._traces import MAX_COMMAND, command, items, obj, rest, short, text

#: Long texts stand once in the sample's attachments; the second word is that of logs before 2024-09.
REFERENCES = ("attachment://", "tc://")
#: Events within tool calls of old logs nest; nobody nests them deeper than this.
MAX_DEPTH = 32


class Sample(dict[str, Any]):
    """Head of a sample, with what its events need and no row shows."""

    attachments: Mapping[str, Any] = {}
    first: Any = None
    last: Any = None


@dataclass(slots=True)
class Asked:
    """A tool call as the model's answer has it, until a tool event shows that it was made."""

    unit: Unit
    call: Mapping[str, Any]
    at: datetime | None
    span: Any
    step: int
    parent: str
    until: datetime | None = None
    status: str | None = "requested"


class Events:
    """Reads the events of one sample in their order."""

    def __init__(self, common: Mapping[str, Any], key: str, sample: Sample, *, stamped_late: bool) -> None:
        self.common, self.key, self.attachments = common, key, sample.attachments
        self.stamped_late = stamped_late
        self.previous: datetime | None = None
        self.without_end: Row | None = None
        self.steps = 0
        self.used: set[str] = set()
        self.parents: dict[Any, str] = {}
        self.types: dict[Any, str | None] = {}
        self.spans: dict[Any, tuple[Unit, Mapping[str, Any]]] = {}
        self.stack: list[tuple[Unit, Mapping[str, Any], str]] = []
        self.phases = 0
        self.asked: dict[str, Asked] = {}
        self.tool_spans: dict[tuple[Any, Any], list[Any]] = {}

    def read(self, unit: Unit) -> Iterable[Out]:
        """Rows of one event, and of the events nested in it."""
        if "role" in unit.value:
            return self._message(unit, unit.value)
        at = moment(unit.value.get("timestamp"))
        if self.without_end is not None and at is not None:
            self.without_end.values.update(ended_at=at, end_is_inferred=True)
        self.without_end = None
        out = list(self._event(unit, unit.value, None, 0))
        self.previous = at or self.previous
        return out

    def close(self) -> Iterator[Row]:
        """What the sample ended without closing, and calls of which there is only the request."""
        while self.stack:
            yield self._phase(*self.stack.pop(), None)
        for span, (begun, event) in self.spans.items():
            yield self._phase(begun, event, f"{self.key}:span:{span}", None)
        for asked in self.asked.values():
            yield self._requested(asked)

    def _event(self, unit: Unit, event: Mapping[str, Any], parent: str | None, depth: int) -> Iterator[Out]:
        kind = event.get("event")
        if kind == "tool":
            yield from self._tool(unit, event, parent, depth)
        elif kind == "sandbox":
            yield self._sandbox(unit, event, parent)
        elif kind == "model":
            yield self._model(unit, event, parent)
        elif kind == "subtask":
            yield from self._nested(unit, event, self._subtask(unit, event, parent), depth)
        elif kind in ("span_begin", "step", "span_end"):
            yield from self._boundary(unit, event)
        else:
            yield Skip(f"{kind} event"[:60])

    def _row(self, unit: Unit, event: Mapping[str, Any], parent: str | None, **values: Any) -> Row:
        """A row with its interval: to the end that is recorded, else to the next event of the sample.

        The first releases logged an event when it was over: their times are ends, and it began after the one before it.
        """
        begun, ended = moment(event.get("timestamp")), moment(event.get("completed"))
        if self.stamped_late and ended is None:
            begun, ended = self.previous, begun
        row = unit.row(
            "activity", **self.common, **values, parent_id=parent or self._parent(event.get("span_id")),
            started_at=begun, ended_at=ended, end_is_inferred=False if ended else None,
        )  # fmt: skip
        if ended is None and row.record_no == 0:
            self.without_end = row
        return row

    def _parent(self, span: Any) -> str:
        """The activity of the span that an event stands in, else the step of old logs that is open, else the sample."""
        if isinstance(span, str) and span in self.parents:
            return self.parents[span]
        return self.stack[-1][2] if self.stack else self.key

    def _id(self, *given: Any) -> str | None:
        """An id within the sample, or None where the sample has it twice."""
        own = text(*given)
        if own is None or own in self.used:
            return None
        self.used.add(own)
        return f"{self.key}:{own}"

    def _tool(self, unit: Unit, event: Mapping[str, Any], parent: str | None, depth: int) -> Iterator[Out]:
        call, error, name = text(event.get("id")) or "", obj(event.get("error")), text(event.get("function"))
        self.asked.pop(call, None)
        own = self._id(event.get("uuid"), event.get("id"))
        enclosing = parent or self._parent(event.get("span_id"))
        if own is not None:
            self._adopt(event, own)
        status = text(error.get("type")) or ("failed" if event.get("failed") else None)
        row = self._row(
            unit, event, enclosing, kind="tool_call", activity_id=own, step=self.steps or None, tool=name,
            command=command(self._resolved(event.get("arguments"))),
            status=status or ("pending" if event.get("pending") else None),
            extra={
                "id": call, "error": short(error.get("message")), "result": short(self._resolved(event.get("result"))),
                **{k: short(event.get(k)) for k in ("working_time", "agent", "truncated", "metadata")},
            },
        )  # fmt: skip
        yield from self._nested(unit, event, row, depth)

    def _adopt(self, event: Mapping[str, Any], own: str) -> None:
        """What stands in the span of a tool belongs to its call; some releases log the call beside that span."""
        span = event.get("span_id")
        if self.types.get(span) == "tool":
            self.parents[span] = own
        elif waiting := self.tool_spans.get((span, event.get("function"))):
            self.parents[waiting.pop(0)] = own

    def _nested(self, unit: Unit, event: Mapping[str, Any], row: Row, depth: int) -> Iterator[Out]:
        yield row
        if depth < MAX_DEPTH:
            for inner in items(event.get("events")):
                rows = self._event(unit, inner, row.values.get("activity_id"), depth + 1)
                yield from (r for r in rows if isinstance(r, Row))
                self.previous = moment(inner.get("timestamp")) or self.previous

    def _sandbox(self, unit: Unit, event: Mapping[str, Any], parent: str | None) -> Row:
        done = self._resolved(event.get("cmd"))
        if isinstance(done, list):
            done = " ".join(str(part) for part in done)
        code = event.get("result")
        return self._row(
            unit, event, parent, kind="process", activity_id=self._id(event.get("uuid")), step=self.steps or None,
            tool=text(event.get("action")), name=text(event.get("file")),
            command=redacted_text(done)[:MAX_COMMAND] if isinstance(done, str) else None,
            status=str(code) if isinstance(code, int) and not isinstance(code, bool) else None,
            extra={
                **rest(obj(event.get("options")), "cmd"),
                **{k: _text_of(self._resolved(event.get(k))) for k in ("input", "output")},
            },
        )  # fmt: skip

    def _subtask(self, unit: Unit, event: Mapping[str, Any], parent: str | None) -> Row:
        return self._row(
            unit, event, parent, kind="phase", activity_id=self._id(event.get("uuid")), name=text(event.get("name")),
            extra={"type": event.get("type"), "input": short(self._resolved(event.get("input")))},
        )  # fmt: skip

    def _model(self, unit: Unit, event: Mapping[str, Any], parent: str | None) -> Row:
        self.steps += 1
        span, output = event.get("span_id"), obj(event.get("output"))
        begun, done = moment(event.get("timestamp")), moment(event.get("completed"))
        for asked in self.asked.values():
            if asked.span == span and asked.until is None and begun != asked.at:
                asked.until = begun
        enclosing = parent or self._parent(span)
        for choice in items(output.get("choices")):
            for call in items(obj(choice.get("message")).get("tool_calls")):
                if isinstance(name := call.get("id"), str):
                    self.asked[name] = Asked(unit, call, done or begun, span, self.steps, enclosing)
        return self._row(
            unit, event, enclosing, kind="step", activity_id=self._id(event.get("uuid")), step=self.steps,
            name=text(event.get("model")), status="error" if event.get("error") else text(output.get("stop_reason")),
            extra={k: short(event.get(k)) for k in ("role", "retries", "error", "cache", "working_time")}
            | {"usage": short(output.get("usage"))},
        )  # fmt: skip

    def _requested(self, asked: Asked) -> Row:
        call, name = asked.call, text(asked.call.get("function"))
        function = obj(asked.call.get("function"))
        return asked.unit.row(
            "activity", **self.common, kind="tool_call", activity_id=self._id(call.get("id")), parent_id=asked.parent,
            step=asked.step, tool=name or text(function.get("name")), started_at=asked.at, ended_at=asked.until,
            command=command(self._resolved(call.get("arguments") or function.get("arguments"))),
            end_is_inferred=True if asked.until else None, status=asked.status, extra={"id": call.get("id")},
        )  # fmt: skip

    def _message(self, unit: Unit, message: Mapping[str, Any]) -> list[Out]:
        """Calls in the transcript of a log that kept no events: their order, and no times."""
        self.steps += 1
        calls = items(message.get("tool_calls"))
        parts = [Asked(unit, call, None, None, self.steps, self.key, status=None) for call in calls]
        return [self._requested(p) for p in parts] or [Skip("message without a call")]

    def _boundary(self, unit: Unit, event: Mapping[str, Any]) -> Iterator[Out]:
        """Begin and end of a span, or of a step in logs before May 2025; spans of tools are their calls'."""
        span, what = event.get("id"), event.get("event")
        if what == "step":
            if event.get("action") == "begin":
                self.phases += 1
                self.stack.append((unit, event, f"{self.key}:step:{self.phases}"))
            elif self.stack:
                yield self._phase(*self.stack.pop(), event.get("timestamp"))
            else:
                yield Skip("end of an unknown step")
        elif what == "span_end":
            known = self.spans.pop(span, None)
            at = event.get("timestamp")
            yield self._phase(*known, f"{self.key}:span:{span}", at) if known is not None else Skip("span end")
        elif isinstance(span, str):
            above, sort = event.get("parent_id"), event.get("type")
            self.types[span] = sort if isinstance(sort, str) else None
            self.parents[span] = self._parent(above) if sort == "tool" else f"{self.key}:span:{span}"
            if sort == "tool":
                self.tool_spans.setdefault((above, event.get("name")), []).append(span)
                yield Skip("span of a tool call")
            else:
                self.spans[span] = (unit, event)
        else:
            yield Skip("span without id")

    def _phase(self, begun: Unit, event: Mapping[str, Any], own: str, ended: Any) -> Row:
        end = moment(ended)
        return begun.row(
            "activity", **self.common, kind="phase", name=text(event.get("name")), activity_id=own,
            parent_id=self._parent(event.get("parent_id")),
            started_at=moment(event.get("timestamp")), ended_at=end, end_is_inferred=False if end else None,
            extra={"type": event.get("type")},
        )  # fmt: skip

    def _resolved(self, value: Any, depth: int = 0) -> Any:
        """A value with its attachments put in."""
        if isinstance(value, str) and value.startswith(REFERENCES):
            return self.attachments.get(value.partition("://")[2], value)
        if depth < MAX_DEPTH and isinstance(value, dict):
            return {k: self._resolved(v, depth + 1) for k, v in value.items()}
        if depth < MAX_DEPTH and isinstance(value, list):
            return [self._resolved(v, depth + 1) for v in value]
        return value


def _text_of(value: Any) -> Any:
    """Input or output without the spaces that pad its lines."""
    return short("\n".join(line.rstrip() for line in value[:100_000].splitlines())) if isinstance(value, str) else None
