"""OpenHands: events of version 0 and 1 in files, arrays and histories; what pairs, what waits, what is refused."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from fwforensics.formats import Context
from fwforensics.formats._records import peek
from fwforensics.formats.openhands import FORMAT, recognise
from tests.support import ask, one, take


def _rows(*files: tuple[str, Any]) -> list[dict[str, Any]]:
    binary = FORMAT.binary
    assert binary is not None
    decoder = binary.decoder(Context())
    batches = []
    for n, (name, content) in enumerate(files, 1):
        stream = io.BytesIO(json.dumps(content).encode())
        stream.label = name  # type: ignore[attr-defined]
        batches += list(decoder.feed(n, stream))
    batches += list(decoder.finish())
    for b in batches:
        gone = sum(f.height for f in (b.rejects, b.ignored) if f is not None)
        assert b.units == b.parsed + gone
    return [r for b in batches if "activity" in b.frames for r in b.frames["activity"].to_dicts()]


def _calls(*files: tuple[str, Any]) -> list[dict[str, Any]]:
    return [r for r in _rows(*files) if r["kind"] == "tool_call"]


def _run(number: int, second: int, command: str = "id", **more: Any) -> dict[str, Any]:
    return {
        "id": number, "timestamp": f"2026-01-01T10:00:{second:02d}", "source": "agent", "action": "run",
        "args": {"command": command}, **more,
    }  # fmt: skip


def _seen(number: int, second: int, cause: int, host: str | None = None, **more: Any) -> dict[str, Any]:
    return {
        "id": number, "timestamp": f"2026-01-01T10:00:{second:02d}", "source": "agent", "observation": "run",
        "cause": cause, "extras": {"metadata": {"exit_code": 0, "hostname": host}}, **more,
    }  # fmt: skip


def test_an_observation_may_be_read_before_its_action(tmp_path: Path) -> None:
    """10.json comes before 9.json; two sessions with the same numbers stay apart."""
    for session, second in (("s1", 5), ("s2", 7)):
        folder = tmp_path / "sessions" / session / "events"
        folder.mkdir(parents=True)
        (folder / "9.json").write_text(json.dumps(_run(9, 1, f"echo {session}")))
        (folder / "10.json").write_text(json.dumps(_seen(10, second, 9)))
    case = tmp_path / "case.duckdb"
    take(case, tmp_path / "sessions", tz="Asia/Shanghai")
    rows = ask(
        case,
        "SELECT episode_id, command, ended_at::VARCHAR AS e, end_is_inferred AS i, activity_id FROM activity "
        "WHERE kind = 'tool_call' ORDER BY episode_id",
    )
    assert rows == [
        {"episode_id": s, "command": f"echo {s}", "e": f"2026-01-01 02:00:0{n}", "i": True,
         "activity_id": f"openhands:{s}:9"} for s, n in (("s1", 5), ("s2", 7))
    ]  # fmt: skip
    assert one(case, "SELECT count(*) FROM rejects") == 0


def test_files_of_version_one_are_one_conversation() -> None:
    """Neither name has an ending in common; the conversation is the folder, and `events` is none."""
    both = {"tool_name": "terminal", "tool_call_id": "c"}
    begin = {
        **both, "kind": "ActionEvent", "id": "a", "timestamp": "2026-01-01T10:00:01", "source": "agent",
        "action": {"kind": "TerminalAction", "command": "id"},
    }  # fmt: skip
    end = {
        **both, "kind": "ObservationEvent", "id": "b", "timestamp": "2026-01-01T10:00:03", "source": "environment",
        "action_id": "a", "observation": {"kind": "TerminalObservation", "exit_code": 4},
    }  # fmt: skip
    for first, second in (
        ("/x/conv/20260101100001_ActionEvent_0a0b", "/x/conv/20260101100003_ObservationEvent_0c0d"),
        ("/x/conv/events/event-00003-0a0b0c0d.json", "/x/conv/events/event-00004-0a0b0c0e.json"),
    ):
        (call,) = _calls((first, begin), (second, end))
        assert (call["episode_id"], call["status"], call["ended_at"].second) == ("conv", "4", 3)
        assert call.get("step") == (3 if "event-" in first else None)


def test_downloads_of_one_folder_stay_apart() -> None:
    """Each file is a session of its own, although their events bear the same numbers."""
    pair = [_run(1, 1), _seen(2, 4, 1)]
    rows = _calls(("/d/trajectory-a.json", pair), ("/d/trajectory-b.json", {"trajectory": [_run(1, 2)]}))
    assert [(r["episode_id"], r["ended_at"] and r["ended_at"].second) for r in rows] == [
        ("trajectory-a", 4), ("trajectory-b", None),
    ]  # fmt: skip


def test_a_container_is_known_for_all_calls_unless_observations_disagree() -> None:
    """A browser's observation names no host; but two containers in one session leave it open."""
    browse = {"id": 5, "timestamp": "2026-01-01T10:00:09", "source": "agent", "action": "browse", "args": {"url": "u"}}
    agree = [_run(1, 1), _seen(2, 2, 1, "0a1b2c3d4e5f"), browse]
    assert [r["container_id"] for r in _calls(("/d/a.json", agree))] == ["0a1b2c3d4e5f"] * 2
    differ = [*agree, _run(7, 10), _seen(8, 11, 7, "ffffffffffff")]
    assert [r["container_id"] for r in _calls(("/d/a.json", differ))] == ["0a1b2c3d4e5f", None, "ffffffffffff"]
    named = _calls(("/d/a.json", [_run(1, 1), _seen(2, 2, 1, "worker-7")]))
    assert [(r["host"], r.get("container_id")) for r in named] == [("worker-7", None)]


def test_what_was_refused_or_thought_is_no_plain_call() -> None:
    """A rejected action says so; thoughts, messages and the end of a session are none; a user's own command is one."""
    rejected = {**_seen(2, 2, 1), "observation": "user_rejected", "extras": {}}
    think = {
        "id": 3,
        "timestamp": "2026-01-01T10:00:03",
        "source": "agent",
        "action": "think",
        "args": {"thought": "x"},
    }
    rows = _calls(("/d/a.json", [_run(1, 1), rejected, think, _run(4, 5, "ls", source="user")]))
    assert [(r["command"], r["status"]) for r in rows] == [("id", "rejected"), ("ls", None)]


def test_pages_of_the_cache_are_not_read_twice() -> None:
    """They hold what the files of events hold."""
    page = ("/s/one/event_cache/0-25.json", [_run(1, 1)])
    assert len(_calls(("/s/one/events/1.json", _run(1, 1)), page)) == 1


def test_secrets_in_commands_are_taken_out() -> None:
    """The command stays as evidence, its token does not."""
    (row,) = _calls(("/d/a.json", [_run(1, 1, "curl -H 'Authorization: Bearer abcdef123456' http://192.0.2.1/")]))
    assert row["command"] == "curl -H 'Authorization: Bearer [redacted]' http://192.0.2.1/"


def test_recognition_is_strict() -> None:
    """Long benchmark lines show their first keys only; other streams with actions and times are not taken."""
    long = json.dumps({"instance_id": "x", "test_result": {"git_patch": "d" * 70_000}, "instruction": "y"})
    assert recognise(peek(long.encode()[: 64 << 10]), "output.jsonl")
    line = {"instance_id": "x", "test_result": {}, "instruction": "y" * 70_000, "history": []}
    assert recognise(peek(json.dumps(line).encode()[: 64 << 10]), "output.jsonl")
    for other in (
        {"timestamp": "2026-01-01T00:00:00Z", "source": "fw1", "action": "deny", "src_ip": "192.0.2.1"},
        {"timestamp": "2026-01-01T00:00:00Z", "source": "agent", "action": "deny", "src_ip": "192.0.2.1"},
        {"instance_id": "x", "patch": "d", "problem_statement": "p"},
        {"timestamp": 5, "source": "kubelet", "kind": "Event"},
    ):
        assert not recognise(peek(json.dumps(other).encode()), "a.jsonl")


@pytest.mark.parametrize("odd", [None, 5, "x", [], {}, [[1]], {"metadata": 3}, True, "\ud800"])
def test_wrong_shapes_are_reasons_and_no_exceptions(odd: Any) -> None:
    """Whatever stands where actions, observations, causes and times should."""
    base = {"id": odd, "timestamp": odd, "source": odd}
    events = [
        odd, {**base, "action": odd, "args": odd}, {**base, "observation": odd, "cause": odd, "extras": odd},
        {**base, "kind": odd}, {**base, "action": "run", "args": {"command": odd}, "tool_call_metadata": odd},
        {**base, "kind": "ObservationEvent", "observation": odd, "action_id": odd, "tool_call_id": odd},
        {**base, "kind": "ActionEvent", "action": odd, "tool_call": odd}, {**base, "kind": "ACPToolCallEvent"},
        {**base, "kind": "HookExecutionEvent", "hook_command": odd}, {**base, "id": 1, "action": "run"},
        {**base, "observation": "run", "cause": 1, "extras": {"metadata": {"hostname": odd, "exit_code": odd}}},
    ]  # fmt: skip
    _rows(("/d/a.json", events))
    _rows(("/d/o.jsonl", {"instance_id": odd, "history": [*events, [odd, events[1]]], "metadata": odd, "error": odd}))
