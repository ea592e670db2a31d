"""Session transcripts of command line agents as JSON lines (iFlow CLI, Claude Code): calls paired with their results.

Reference: https://github.com/iflow-ai/iflow-cli
Reference: https://code.claude.com/docs/en/overview

Time: ISO 8601 with Z. A call begins with the record that makes it and ends with the record of its result (or the
result's own time). The session is the episode; a session has neither host nor address: `--run` says which run it
belongs to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fwforensics.formats._format import Context, Format
from fwforensics.formats._moments import moment
from fwforensics.formats._records import Out, Peek, Row, Skip, Unit, records
from fwforensics.formats._traces import command, items, obj, text


class Session:
    """Pairs calls with their results."""

    def __init__(self, context: Context) -> None:
        del context
        self.open: dict[str, tuple[Unit, Mapping[str, Any], Mapping[str, Any]]] = {}

    def read(self, unit: Unit) -> Iterable[Out]:
        """See `Reader`."""
        record = unit.value
        content = obj(record.get("message")).get("content")
        calls = [b for b in items(content) if b.get("type") == "tool_use"]
        results = [b for b in items(content) if b.get("type") == "tool_result"]
        for call in calls:
            self.open[f"{record.get('sessionId')}:{call.get('id')}"] = (unit, record, call)
        rows: list[Out] = []
        for result in results:
            key = f"{record.get('sessionId')}:{result.get('tool_use_id')}"
            if key in self.open:
                rows.append(self._row(key, record, result))
        return rows if rows or calls else [Skip(f"{text(record.get('type')) or 'record'} without a call")]

    def finish(self) -> Iterable[Row]:
        """See `Reader`."""
        return [self._row(key, None, {}) for key in list(self.open)]

    def _row(self, key: str, ended: Mapping[str, Any] | None, result: Mapping[str, Any]) -> Row:
        unit, record, call = self.open.pop(key)
        outcome = obj(ended.get("toolUseResult")) if ended else {}
        end = (moment(outcome.get("timestamp")) or moment(ended.get("timestamp"))) if ended else None
        status = text(outcome.get("status")) or ("error" if result.get("is_error") else "ok" if ended else None)
        return unit.row(
            "activity",
            kind="tool_call",
            activity_id=f"session:{key}",
            parent_id=text(record.get("sessionId")),
            episode_id=text(record.get("sessionId")),
            tool=text(call.get("name")),
            command=command(call.get("input")),
            started_at=moment(record.get("timestamp")),
            ended_at=end,
            end_is_inferred=False if end else None,
            status=status,
            extra={
                "cwd": text(record.get("cwd")),
                "uuid": text(record.get("uuid")),
                "sidechain": record.get("isSidechain"),
                "branch": text(record.get("gitBranch")),
                "model": text(obj(record.get("message")).get("model")),
            },
        )


def recognise(peek: Peek, name: str) -> bool:
    """Records of a session name it, their own id and their parent's."""
    del name
    return "sessionId" in peek.text[:65536] and (
        {"uuid", "sessionId", "message"} <= peek.keys
        or ('"parentUuid"' in peek.text and '"sessionId"' in peek.text and bool(peek.keys))
    )


FORMAT = Format(
    name="agent_session",
    title="Agent session transcripts (iFlow CLI, Claude Code)",
    reference="https://github.com/iflow-ai/iflow-cli",
    notes="No host and no address; a transcript can be wrong.",
    table="activity",
    binary=records(unit="record", recognise=recognise, reader=Session),
)
