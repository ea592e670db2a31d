"""mini-swe-agent: actions and the observations that end them, in all layouts, and the log's containers."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from fwforensics.formats import Context
from fwforensics.formats._records import peek
from fwforensics.formats.mini_swe_agent import FORMAT, recognise


def _rows(content: Any) -> list[dict[str, Any]]:
    binary = FORMAT.binary
    assert binary is not None
    decoder = binary.decoder(Context())
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    batches = [*decoder.feed(1, io.BytesIO(raw)), *decoder.finish()]
    for b in batches:
        gone = sum(f.height for f in (b.rejects, b.ignored) if f is not None)
        assert b.units == b.parsed + gone
    return [r for b in batches if "activity" in b.frames for r in b.frames["activity"].to_dicts()]


def _calls(*messages: dict[str, Any]) -> list[dict[str, Any]]:
    return [r for r in _rows({"info": {}, "messages": list(messages)}) if r["kind"] == "tool_call"]


def _answer(at: float, **more: Any) -> dict[str, Any]:
    return {"role": "assistant", "extra": {"timestamp": at, **more}}


def test_each_observation_ends_the_call_that_it_names() -> None:
    """Observations may come in another order than the actions."""
    rows = _calls(
        _answer(1_767_225_600, actions=[{"command": "a", "tool_call_id": "1"}, {"command": "b", "tool_call_id": "2"}]),
        {"role": "tool", "tool_call_id": "2", "extra": {"returncode": 3, "timestamp": 1_767_225_605}},
        {"role": "tool", "tool_call_id": "1", "extra": {"returncode": 0, "timestamp": 1_767_225_609}},
    )
    assert [(r["command"], r["status"], r["ended_at"].second) for r in rows] == [("b", "3", 5), ("a", "0", 9)]
    assert all(r["end_is_inferred"] and r["step"] == 1 for r in rows)


def test_an_action_without_observation_has_no_end() -> None:
    """The next answer does not end it: nobody knows when it did."""
    rows = _calls(_answer(1_767_225_600, actions=[{"command": "a"}]), _answer(1_767_225_700, actions=[]))
    assert [(r["command"], r.get("ended_at"), r.get("end_is_inferred")) for r in rows] == [("a", None, None)]


def test_a_text_with_two_blocks_is_no_action() -> None:
    """The agent refuses it and asks again; what was not run is no call."""
    block = "```bash\nid\n```"
    assert [r["command"] for r in _calls({"role": "assistant", "content": f"Now\n{block}"})] == ["id"]
    assert _calls({"role": "assistant", "content": block + "\n" + block}) == []


def test_without_times_order_and_status_remain() -> None:
    """Trajectories of the first releases have neither `extra` nor `timestamp`."""
    rows = _calls(
        {"role": "assistant", "content": "```bash\nfalse\n```"},
        {"role": "user", "content": "<returncode>1</returncode>\n<output></output>"},
    )
    assert [(r["step"], r["status"], r.get("started_at")) for r in rows] == [(1, "1", None)]


def test_recognition_is_strict() -> None:
    """Neither chats nor Harbor's trajectories are taken, and a long head suffices."""
    head = b'{"info": {"config": {}, "mini_version": "2.0.0", "submission": "' + b"x" * 70_000
    assert recognise(peek(head[: 64 << 10]), "a.json")
    assert recognise(peek(b'{"messages": [], "info": {}}'), "x.traj.json")
    assert not recognise(peek(b'{"messages": [], "info": {}}'), "chat.json")
    assert not recognise(peek(b'{"schema_version": "ATIF-v1.2", "info": {}}'), "x.traj.json")
    assert not recognise(peek(b"2026-01-01 10:00:00,125 - INFO - swea-agent - x"), "minisweagent.log")


@pytest.mark.parametrize("odd", [None, 5, "x", [], {}, [[1]], {"extra": 3}, "\ud800"])
def test_wrong_shapes_are_reasons_and_no_exceptions(odd: Any) -> None:
    """Whatever stands where messages, actions, answers and settings should."""
    extra = {"actions": odd, "timestamp": odd, "returncode": odd}
    messages = [odd, {"role": odd, "extra": odd}, _answer(5, actions=[odd]), {"role": "assistant", "extra": extra}]
    _rows({"info": odd, "messages": [*messages, {"role": "assistant", "content": odd, "tool_calls": odd}]})
    _rows({"info": {"config": odd}, "messages": odd, "instance_id": odd})
