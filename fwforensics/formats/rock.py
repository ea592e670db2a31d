"""ROCK: command and access log of a rocklet, sandbox records, and the model proxy's `LLMTraj.jsonl`.

A command's input, its output, exit code and failure belong together by sandbox and session. A silent success leaves
no end: the next record of the session is taken for it and marked as worked out. A request of `access.log` with the
same command in the same folder is the same call, and its response is the end. A sandbox record gives a lease of
`host_ip`, which with the docker operator is the worker's, shared by all of its sandboxes. A rocklet that restarts
erases its log.

Reference: https://github.com/alibaba/ROCK

Time: ISO 8601 with a zone (ROCK_TIME_ZONE, Asia/Shanghai by default), epoch seconds in records. Tokens are not kept.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, BinaryIO

from fwforensics.formats._format import Context, Format
from fwforensics.formats._moments import moment
from fwforensics.formats._prometheus import _Joined
from fwforensics.formats._records import Out, Peek, Row, Skip, Unit, json_units, records, redacted_text, text_units
from fwforensics.formats._traces import MAX_COMMAND, command, items, obj, rest, text

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_HEAD = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S*) (\w+):(\S*?):(\d+) \[([^\]]*)\] \[([^\]]*)\] \[([^\]]*)\] -- (.*)", re.DOTALL
)
_MESSAGE = re.compile(
    r"\[(create_session|close_session|execute input|run_in_session (?:input|output|exit_code|failure_reason))\]"
    r"(?:\[([^\]]*)\])?:(.*)",
    re.DOTALL,
)
#: `host_ip` of a sandbox that has none yet.
NO_IP = ("", "default", "None")
SECRETS = ("auth_token", "rock_authorization_encrypted", "rock_authorization")


@dataclass(slots=True)
class Call:
    """A command that was given to a session."""

    unit: Unit
    sandbox: str | None
    session: str | None
    trace: str | None
    lines: list[str]
    start: datetime | None
    end: datetime | None = None
    inferred: bool = False
    status: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)


def units(stream: BinaryIO) -> Iterator[tuple[int, Any, bytes]]:
    """JSON lines, or lines of a log."""
    head = stream.read(1 << 16)
    joined = _Joined(head, stream)
    yield from (json_units() if head.lstrip()[:1] in (b"{", b"[") else text_units)(joined)  # type: ignore[arg-type]


class Rock:
    """Follows the sessions of the sandboxes of one folder."""

    def __init__(self, context: Context) -> None:
        del context
        self.open: dict[tuple[str | None, str | None], Call] = {}
        self.done: list[Call] = []
        self.last: tuple[str, Call | None, list[str]] | None = None
        self.requests: dict[str, tuple[Unit, datetime | None, Mapping[str, Any]]] = {}
        self.access: list[Call] = []

    def read(self, unit: Unit) -> Iterable[Out]:
        """See `Reader`."""
        if not isinstance(unit.value, str):
            return list(self._record(unit))
        match = _HEAD.match(_ANSI.sub("", unit.value))
        if match is None:
            return self._continued(unit.value)
        self._close_json()
        when, _, _, _, logger, sandbox, trace, message = match.groups()
        at = moment(when)
        sandbox, trace = (None if v in ("", "-", "None") else v for v in (sandbox, trace))
        if "accessLog" in logger:
            self.last = ("access", None, [message])
            self.requests[f"{trace}:pending"] = (unit, at, {"trace": trace, "sandbox": sandbox})
            self._pending = (unit, at, trace, sandbox)
            return []
        spoken = _MESSAGE.match(message)
        if spoken is None:
            self.last = ("other", None, [])
            return [Skip("other message")]
        return self._said(unit, at, sandbox, trace, spoken)

    def _continued(self, line: str) -> list[Out]:
        """A line without a header belongs to the one before it."""
        if self.last is None or self.last[0] == "other":
            return [Skip("line without a header")]
        kind, call, collected = self.last
        if kind == "input" and call is not None:
            call.lines.append(line)
        elif kind == "access":
            collected.append(line)
        return []

    def _said(
        self, unit: Unit, at: datetime | None, sandbox: str | None, trace: str | None, spoken: re.Match[str]
    ) -> list[Out]:
        word, session, body = spoken.groups()
        key = (sandbox, session)
        kind = word.rpartition(" ")[2]
        before = self.open.get(key)
        if kind == "input":
            if before is not None:
                self._finish(key, at, inferred=True)
            call = Call(unit, sandbox, session, trace, [body], at)
            self.open[key] = call
            self.last = ("input", call, [])
            return []
        self.last = ("output", None, [])
        if before is not None and word != "create_session":
            before.end, before.inferred = at, word == "close_session"
            if kind == "exit_code":
                before.status = body.strip()
            elif kind == "failure_reason":
                before.status = before.status or "failed"
                before.extra["failure_reason"] = body[:500]
            if word == "close_session":
                self._finish(key, at, inferred=True)
        return [] if before is not None else [Skip(word)]

    def _finish(self, key: tuple[str | None, str | None], at: datetime | None, *, inferred: bool) -> None:
        call = self.open.pop(key)
        if call.end is None:
            call.end, call.inferred = at, inferred
        self.done.append(call)

    def _close_json(self) -> None:
        """The JSON of an access record ends where the next header begins."""
        if self.last is None or self.last[0] != "access":
            return
        unit, at, trace, sandbox = self._pending
        body = obj(_json("\n".join(self.last[2])))
        self.last = None
        content = obj(body.get("request_content"))
        if body.get("access_type") == "request":
            self.requests[trace or str(unit.number)] = (
                unit,
                at,
                {**content, "sandbox_id": text(content.get("sandbox_id")) or sandbox},
            )
        elif body.get("access_type") == "response" and (trace or "") in self.requests:
            first, start, asked = self.requests.pop(trace or "")
            line = command(asked)
            if line and asked.get("command"):
                lasted = str(body.get("process_time") or "").removesuffix("ms")
                end = (
                    at
                    if at is not None
                    else start + timedelta(milliseconds=float(lasted))
                    if start and lasted
                    else None
                )
                self.access.append(
                    Call(
                        first,
                        text(asked.get("sandbox_id")),
                        text(asked.get("session")),
                        trace,
                        [line],
                        start,
                        end,
                        status=text(obj(body.get("response_content")).get("exit_code")),
                        extra={"http_status": body.get("status_code")},
                    )
                )

    def finish(self) -> Iterable[Row]:
        """See `Reader`."""
        self._close_json()
        calls = self.done + list(self.open.values())
        known: dict[tuple[str | None, str], Call] = {(c.trace, "\n".join(c.lines)): c for c in calls if c.trace}
        for request in self.access:
            same = known.get((request.trace, "\n".join(request.lines)))
            if same is None:
                calls.append(request)
            elif same.end is None or same.inferred:
                same.end, same.inferred = request.end, False
        for call in calls:
            yield call.unit.row(
                "activity",
                kind="tool_call",
                sandbox_id=call.sandbox,
                tool="run_in_session" if call.session else "execute",
                command=redacted_text("\n".join(call.lines))[:MAX_COMMAND],
                started_at=call.start,
                ended_at=call.end,
                end_is_inferred=call.inferred if call.end else None,
                status=call.status,
                extra={"session": call.session, "trace_id": call.trace, **call.extra},
            )

    def _record(self, unit: Unit) -> Iterator[Out]:
        """A sandbox's record, or a request to the model."""
        value = unit.value
        if "sandbox_id" in value:
            yield from _sandbox(unit, value)
        elif "response_time" in value or "start_time" in value:
            yield from _model_calls(unit, value)
        else:
            yield Skip("other record")


def _json(text_: str) -> Any:
    try:
        return json.loads(text_[text_.index("{") :], strict=False)
    except (ValueError, RecursionError):
        return {}


def _sandbox(unit: Unit, value: Mapping[str, Any]) -> Iterator[Out]:
    start = moment(value.get("start_time")) or moment(value.get("create_time"))
    end = moment(value.get("stop_time")) or moment(value.get("delete_time"))
    sandbox, ip = text(value.get("sandbox_id")), text(value.get("host_ip"))
    run, ip = text(value.get("experiment_id")), None if ip in NO_IP else ip
    yield unit.row(
        "activity",
        kind="container",
        activity_id=f"rock:{sandbox}:{start}",
        run_id=run,
        sandbox_id=sandbox,
        name=text(value.get("image")),
        namespace=text(value.get("namespace")),
        host=text(value.get("host_name")),
        started_at=start,
        ended_at=end,
        end_is_inferred=False if end else None,
        status=text(value.get("state")),
        extra=rest({k: v for k, v in value.items() if k not in SECRETS}, "sandbox_id", "image", "host_name"),
    )
    if ip is not None:
        # The docker operator gives the worker's address, the one of Kubernetes the pod's own.
        own = (
            "pod" in (text(value.get("operator")) or "").lower() or "k8s" in (text(value.get("operator")) or "").lower()
        )
        yield unit.row(
            "leases",
            ip=ip,
            owner_kind="sandbox",
            owner_id=sandbox,
            run_id=run,
            started_at=start,
            ended_at=end,
            shared=not own,
        )
        if not own and (host := text(value.get("host_name"))):
            yield unit.row("leases", ip=ip, owner_kind="host", owner_id=host)


def _model_calls(unit: Unit, value: Mapping[str, Any]) -> Iterator[Out]:
    """Tool calls that the model asked for: each begins when the answer was there."""
    end = moment(value.get("end_time"))
    folder = unit.name.replace("!", "/").split("/")[-2:-1]
    found = False
    for choice in items(obj(value.get("response")).get("choices")):
        for call in items(obj(choice.get("message")).get("tool_calls")):
            function = obj(call.get("function"))
            found = True
            yield unit.row(
                "activity",
                kind="step",
                sandbox_id=folder[0] if folder else None,
                tool=text(function.get("name")),
                command=command(function.get("arguments")),
                started_at=end,
                extra={"id": text(call.get("id")), "model": text(value.get("model"))},
            )
    if not found:
        yield Skip("answer without a call")


def recognise(peek: Peek, name: str) -> bool:
    """ROCK's log header, a sandbox's record, or a line of the model proxy."""
    if re.search(
        r"^(?:\x1b\[[0-9;]*m)*\d{4}-\d\d-\d\dT\S+ \w+:\S*:\d+ \[[^\]]*\] \[[^\]]*\] \[[^\]]*\] -- ",
        peek.text,
        re.MULTILINE,
    ):
        return True
    if {"sandbox_id", "state"} <= peek.keys and {"host_ip", "image", "create_time"} & peek.keys:
        return True
    return name == "LLMTraj.jsonl" and {"model", "request", "response"} <= peek.keys


FORMAT = Format(
    name="rock",
    title="ROCK sandboxes (command.log, access.log, records, LLMTraj)",
    reference="https://github.com/alibaba/ROCK",
    notes="With the docker operator all sandboxes of a worker leave from its address.",
    table="activity",
    binary=records(unit="line or record", recognise=recognise, reader=Rock, units=units, scope=lambda _p, _n: "rock"),
)
