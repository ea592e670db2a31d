"""OpenTelemetry traces and logs as OTLP-JSON, one object a line (the collector's file exporter) or one document.

Tool calls are spans of GenAI (`gen_ai.operation.name` = execute_tool), OpenInference (`openinference.span.kind` =
TOOL) and MLflow (`mlflow.spanType` = TOOL), and log events `….tool_call` or `….tool_result` of command line agents,
whose end is the record's time. Agents and chains are episodes; other spans are steps, or processes where they name a
URL.

Reference: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
Reference: https://github.com/open-telemetry/semantic-conventions-genai
Reference: https://github.com/Arize-ai/openinference/blob/main/spec/semantic_conventions.md

Time: nanoseconds since 1970 as text or number. The command stands in `gen_ai.tool.call.arguments`, which is opt-in:
it is often absent. The run is `run.id`, `gen_ai.run.id`, `experiment.id`, `mlflow.experimentId` or `wandb.run_id`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from fwforensics.formats._format import Format
from fwforensics.formats._moments import moment
from fwforensics.formats._records import Out, Peek, Skip, Unit, records
from fwforensics.formats._traces import command, items, obj, short, text

RUN = ("run.id", "run_id", "gen_ai.run.id", "experiment.id", "mlflow.experimentId", "wandb.run_id")
EPISODE = ("episode.id", "episode_id", "gen_ai.conversation.id", "session.id", "trajectory.id", "mlflow.traceRequestId")
TOOL = ("gen_ai.tool.name", "tool.name", "function_name", "tool_name")
ARGUMENTS = (
    "gen_ai.tool.call.arguments",
    "tool.parameters",
    "input.value",
    "mlflow.spanInputs",
    "function_args",
    "tool_input",
)
PLACE = {
    "host": ("host.name", "k8s.node.name"),
    "namespace": ("k8s.namespace.name",),
    "pod": ("k8s.pod.name",),
    "container_id": ("container.id",),
    "sandbox_id": ("sandbox.id", "sandbox_id", "rock.sandbox.id"),
}


def read(unit: Unit) -> Iterable[Out]:
    """All spans and log records of one export."""
    rows: list[Out] = []
    for block in items(_key(unit.value, "resourceSpans")):
        resource = attributes(obj(block.get("resource")))
        for scope in items(_key(block, "scopeSpans")) or items(_key(block, "instrumentationLibrarySpans")):
            for span in items(scope.get("spans")):
                rows += _span(unit, span, resource)
    for block in items(_key(unit.value, "resourceLogs")):
        resource = attributes(obj(block.get("resource")))
        for scope in items(_key(block, "scopeLogs")):
            for record in items(_key(scope, "logRecords")):
                rows += _log(unit, record, resource)
    return rows or [Skip("no span of a trace")]


def _key(value: Mapping[str, Any], name: str) -> Any:
    """A field in either spelling of its name."""
    snake = "".join(f"_{c.lower()}" if c.isupper() else c for c in name)
    return value.get(name, value.get(snake))


def attributes(holder: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes as a plain mapping."""
    given = holder.get("attributes")
    if isinstance(given, Mapping):
        return dict(given)
    return {str(a.get("key")): _value(a.get("value")) for a in items(given)}


def _value(value: Any) -> Any:
    given = obj(value)
    for kind in ("stringValue", "intValue", "doubleValue", "boolValue", "bytesValue"):
        found = _key(given, kind)
        if found is not None:
            return found
    if (array := _key(given, "arrayValue")) is not None:
        return [_value(v) for v in items(obj(array).get("values"))]
    if (pairs := _key(given, "kvlistValue")) is not None:
        return {str(p.get("key")): _value(p.get("value")) for p in items(obj(pairs).get("values"))}
    return value if not isinstance(value, Mapping) else None


def _first(found: Mapping[str, Any], names: Iterable[str]) -> str | None:
    return text(*(found.get(n) for n in names))


def _plain(value: str | None) -> str | None:
    """MLflow writes attribute values as JSON text."""
    return value[1:-1] if value and value[:1] == value[-1:] == '"' and len(value) > 1 else value


def _kind(span: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    word = str(_plain(_first(found, ("openinference.span.kind", "mlflow.spanType"))) or "").upper()
    operation = str(found.get("gen_ai.operation.name") or "")
    if operation == "execute_tool" or word == "TOOL" or str(span.get("name") or "").startswith("execute_tool"):
        return "tool_call"
    if operation in ("invoke_agent", "create_agent") or word in ("AGENT", "CHAIN"):
        return "episode"
    return "process" if _first(found, ("url.full", "http.url", "server.address")) else "step"


def _addresses(found: Mapping[str, Any]) -> list[str]:
    """Addresses of the pod, else of the host."""
    for name in ("k8s.pod.ip", "host.ip"):
        value = found.get(name)
        listed = value if isinstance(value, list) else [value] if value else []
        if kept := [str(v) for v in listed if not str(v).startswith(("127.", "::1", "fe80"))]:
            return kept
    return []


def _place(found: Mapping[str, Any]) -> dict[str, Any]:
    place: dict[str, Any] = {column: _first(found, names) for column, names in PLACE.items()}
    return place | {
        "ip": next(iter(_addresses(found)), None),
        "run_id": _plain(_first(found, RUN)),
        "episode_id": _plain(_first(found, EPISODE)),
    }


def _span(unit: Unit, span: Mapping[str, Any], resource: Mapping[str, Any]) -> Iterable[Out]:
    own = attributes(span)
    found = {**resource, **own}
    kind = _kind(span, found)
    trace, identity = text(_key(span, "traceId")) or "", text(_key(span, "spanId")) or ""
    parent = text(_key(span, "parentSpanId"))
    start, end = moment(_key(span, "startTimeUnixNano")), moment(_key(span, "endTimeUnixNano"))
    place = _place(found)
    tool = _plain(_first(found, TOOL)) or (text(span.get("name")) if kind == "tool_call" else None)
    arguments = next((found[a] for a in ARGUMENTS if found.get(a)), None) if kind == "tool_call" else None
    line = (
        command(arguments)
        if arguments is not None
        else _first(found, ("url.full", "http.url"))
        if kind == "process"
        else None
    )
    status = text(found.get("error.type"), obj(span.get("status")).get("code"))
    yield unit.row(
        "activity",
        kind=kind,
        activity_id=f"{trace}:{identity}",
        parent_id=f"{trace}:{parent}" if parent else None,
        name=text(span.get("name")),
        tool=tool,
        command=line,
        started_at=start,
        ended_at=end,
        end_is_inferred=False if end else None,
        status=status,
        extra={k: short(v) for k, v in own.items() if k not in ARGUMENTS},
        **place,
    )
    # The first address is the activity's own; a lease of it follows from that.
    for ip in _addresses(found)[1:] if kind == "tool_call" else []:
        pod = place["pod"] if found.get("k8s.pod.ip") else None
        owner = "/".join(p for p in (place["namespace"], pod) if p) if pod else place["host"]
        if owner:
            yield unit.row(
                "leases", ip=ip, owner_kind="pod" if pod else "host", owner_id=owner, started_at=start, ended_at=end
            )


def _log(unit: Unit, record: Mapping[str, Any], resource: Mapping[str, Any]) -> Iterable[Out]:
    """Events of agents on the command line: one record when the call is over."""
    own = attributes(record)
    found = {**resource, **own}
    name = text(own.get("event.name"), _key(record, "eventName"), obj(record.get("body")).get("stringValue")) or ""
    if not name.endswith(("tool_call", "tool_result")):
        return
    end = moment(own.get("event.timestamp") or _key(record, "timeUnixNano") or _key(record, "observedTimeUnixNano"))
    try:
        start = end - timedelta(milliseconds=float(own["duration_ms"])) if end else None
    except (KeyError, TypeError, ValueError, OverflowError):
        start = end
    place = _place(found)
    place["episode_id"] = place["episode_id"] or text(found.get("sessionId"), found.get("session_id"))
    arguments = next((found[a] for a in ARGUMENTS if found.get(a)), None)
    yield unit.row(
        "activity",
        kind="tool_call",
        name=name,
        tool=_first(found, TOOL),
        command=command(arguments),
        started_at=start,
        ended_at=end,
        end_is_inferred=False if end else None,
        status=text(own.get("error_type"), own.get("success")),
        extra={k: short(v) for k, v in own.items() if k not in ARGUMENTS},
        **place,
    )


def recognise(peek: Peek, name: str) -> bool:
    """Exports begin with their resources."""
    del name
    return bool({"resourceSpans", "resource_spans", "resourceLogs", "resource_logs"} & peek.keys)


FORMAT = Format(
    name="otlp_json",
    title="OpenTelemetry traces (OTLP-JSON; GenAI, OpenInference, MLflow)",
    reference="https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding",
    notes="Tool arguments are opt-in there: without them there is no command.",
    table="activity",
    binary=records(unit="export", recognise=recognise, read=read),
)
