"""MLflow traces as JSON: spans of version 3 and 4 (`start_time_unix_nano`), and of version 2 (`start_time`).

Reference: https://mlflow.org/docs/latest/genai/tracing/

Time: nanoseconds since 1970. Attribute values are JSON text. The experiment is the run; the trace is the episode. A
span of type TOOL is a tool call, AGENT and CHAIN are episodes, others steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fwforensics.formats._format import Format
from fwforensics.formats._moments import moment
from fwforensics.formats._records import Out, Peek, Skip, Unit, json_units, records
from fwforensics.formats._traces import command, items, obj, short, text


def spans(document: Any) -> list[Any]:
    """The spans of a trace, of several, or of a list of spans; each with what its trace says."""
    found: list[Any] = []
    for trace in document if isinstance(document, list) else [document]:
        given = obj(trace)
        info = obj(given.get("info") or given.get("trace_info"))
        inner = items(obj(given.get("data") or given.get("trace_data")).get("spans")) or items(given.get("spans"))
        found += [dict(s) | {"@info": info} for s in inner] if inner else [trace]
    return found


def read(unit: Unit) -> Iterable[Out]:
    """One span, or a line with a trace."""
    if "start_time_unix_nano" not in unit.value and "start_time" not in unit.value:
        inner = spans(unit.value)
        if inner == [unit.value]:
            return [Skip("no span")]
        return [_row(unit, s) for s in inner]
    return [_row(unit, unit.value)]


def _row(unit: Unit, span: Mapping[str, Any]) -> Out:
    given, context, info = obj(span.get("attributes")), obj(span.get("context")), obj(span.get("@info"))
    word = (text(given.get("mlflow.spanType"), span.get("span_type")) or "").strip('"').upper()
    kind = {"TOOL": "tool_call", "AGENT": "episode", "CHAIN": "episode"}.get(word, "step")
    trace = text(span.get("trace_id"), context.get("trace_id"), info.get("trace_id"), info.get("request_id")) or ""
    own, parent = (
        text(span.get("span_id"), context.get("span_id")) or "",
        text(span.get("parent_span_id"), span.get("parent_id")),
    )
    end = moment(span.get("end_time_unix_nano") or span.get("end_time"))
    status = span.get("status")
    where = obj(obj(info.get("trace_location")).get("mlflow_experiment"))
    inputs = given.get("mlflow.spanInputs", span.get("inputs"))
    return unit.row(
        "activity",
        kind=kind,
        activity_id=f"{trace}:{own}",
        parent_id=f"{trace}:{parent}" if parent else None,
        run_id=text(
            info.get("experiment_id"), where.get("experiment_id"), obj(info.get("tags")).get("mlflow.sourceRun")
        ),
        episode_id=text(given.get("mlflow.traceRequestId"), trace)
        and (text(given.get("mlflow.traceRequestId")) or trace).strip('"'),
        name=text(span.get("name")),
        tool=text(span.get("name")) if kind == "tool_call" else None,
        command=command(inputs) if kind == "tool_call" else None,
        started_at=moment(span.get("start_time_unix_nano") or span.get("start_time")),
        ended_at=end,
        end_is_inferred=False if end else None,
        status=text(obj(status).get("code"), obj(status).get("status_code"), status),
        extra={k: short(v) for k, v in given.items() if k != "mlflow.spanInputs"},
    )


def recognise(peek: Peek, name: str) -> bool:
    """A trace with spans in MLflow's spelling, or such spans alone."""
    del name
    if "resourceSpans" in peek.keys or "mlflow." not in peek.text:
        return False
    return (
        bool({"start_time_unix_nano", "span_id"} & peek.keys) or {"info", "data"} <= peek.keys or "spans" in peek.keys
    )


FORMAT = Format(
    name="mlflow_trace",
    title="MLflow traces (JSON)",
    reference="https://mlflow.org/docs/latest/genai/tracing/",
    notes="The experiment is taken for the run.",
    table="activity",
    binary=records(unit="span", recognise=recognise, read=read, units=json_units(spans)),
)
