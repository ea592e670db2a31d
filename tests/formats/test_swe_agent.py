"""SWE-agent: steps of trajectories, the times that logs have for them, and logs alone."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from fwforensics.formats import Context
from fwforensics.formats._records import peek
from fwforensics.formats.swe_agent import FORMAT, recognise
from tests.support import ask, take


def _rows(*files: tuple[str, str], tz: str = "UTC") -> list[dict[str, Any]]:
    """Activity of files that share a reader."""
    binary = FORMAT.binary
    assert binary is not None
    decoder = binary.decoder(Context(tz=tz))
    batches = []
    for n, (name, content) in enumerate(files, 1):
        stream = io.BytesIO(content.encode())
        stream.label = name  # type: ignore[attr-defined]
        batches += list(decoder.feed(n, stream))
    batches += list(decoder.finish())
    for b in batches:
        gone = sum(f.height for f in (b.rejects, b.ignored) if f is not None)
        assert b.units == b.parsed + gone
    return [r for b in batches if "activity" in b.frames for r in b.frames["activity"].to_dicts()]


def _traj(*actions: str, lasted: float = 2.0) -> str:
    return json.dumps({"trajectory": [{"action": a, "observation": "", "execution_time": lasted} for a in actions]})


def _log(second: int, said: str, logger: str = "swea-agent-x", level: str = "INFO") -> str:
    return f"2026-01-01 10:00:{second:02d},500 - {level} - {logger} - {said}\n"


def _action(second: int, action: str) -> str:
    return _log(second, f"💭 THOUGHT\nhm\n\n🎬 ACTION\n{action}")


def test_logs_of_three_levels_give_each_action_once() -> None:
    """The trace log repeats the debug log, which repeats the info log."""
    log = _log(1, "=" * 25 + " STEP 1 " + "=" * 25) + _action(2, "id") + _action(9, "ls")
    rows = _rows(
        ("/r/x.debug.log", log), ("/r/x.info.log", log), ("/r/x.trace.log", log), ("/r/x.traj", _traj("id", "ls"))
    )  # fmt: skip
    calls = [r for r in rows if r["kind"] == "tool_call"]
    assert [(c["command"], c["started_at"].second, c["ended_at"].second) for c in calls] == [
        ("id", 2, 4),
        ("ls", 9, 11),
    ]
    assert all(c["end_is_inferred"] and c["started_at"].microsecond == 500_000 for c in calls)
    (episode,) = [r for r in rows if r["kind"] == "episode"]
    assert {c["parent_id"] for c in calls} == {episode["activity_id"]}
    assert (episode["started_at"].second, episode["ended_at"].second) == (1, 9)


def test_an_action_that_was_refused_shifts_no_times() -> None:
    """The log has an action that no step has: steps are found by what they say, and it is a call of its own."""
    log = _action(1, "vim a") + _action(5, "id") + _action(9, "ls")
    rows = _rows(("/r/x.info.log", log), ("/r/x.traj", _traj("id", "ls", "never logged")))
    calls = [r for r in rows if r["kind"] == "tool_call"]
    assert sorted((c["command"], c["started_at"] and c["started_at"].second) for c in calls if c["started_at"]) == [
        ("id", 5), ("ls", 9), ("vim a", 1),
    ]  # fmt: skip
    assert [c["command"] for c in calls if c["started_at"] is None] == ["never logged"]


def test_the_output_in_the_trace_log_ends_an_action() -> None:
    """Not what is entered afterwards to ask for the state."""
    log = (
        _action(1, "id") + _log(1, "Input:\nid", "swea-env-x", "TRACE") + _log(7, "Output:\n0", "swea-env-x", "TRACE")
        + _log(8, "Input:\nstate", "swea-env-x", "TRACE") + _log(9, "Output:\n{}", "swea-env-x", "TRACE")
    )  # fmt: skip
    (call,) = [r for r in _rows(("/r/x.trace.log", log)) if r["kind"] == "tool_call"]
    assert (call["ended_at"].second, call["end_is_inferred"]) == (7, True)


def test_one_log_of_a_batch_tells_instances_apart() -> None:
    """By the suffix of the logger, or by the record that says which instance runs."""
    several = _log(1, "🎬 ACTION\na", "swea-agent-one") + _log(2, "🎬 ACTION\nb", "swea-agent-two__three-4")
    rows = [r for r in _rows(("/r/run_batch.log", several)) if r["kind"] == "tool_call"]
    assert [(r["episode_id"], r["command"]) for r in rows] == [("one", "a"), ("two__three-4", "b")]
    single = _log(1, "Running on instance one", "swea-run") + _log(2, "🎬 ACTION\na", "swea-agent")
    rows = [r for r in _rows(("/r/run_batch.log", single)) if r["kind"] == "tool_call"]
    assert [r["episode_id"] for r in rows] == ["one"]


def test_files_of_other_kinds_between_do_not_part_log_and_trajectory(tmp_path: Path) -> None:
    """A folder of an instance holds its settings, its patch and its prediction, too."""
    (tmp_path / "x.config.yaml").write_text("agent: {}\n")
    (tmp_path / "x.info.log").write_text(_action(5, "id"))
    (tmp_path / "x.patch").write_text("diff --git a/a b/a\n")
    (tmp_path / "x.pred").write_text('{"model_name_or_path": "m", "instance_id": "x", "model_patch": "d"}')
    (tmp_path / "x.traj").write_text(_traj("id"))
    case = tmp_path / "case.duckdb"
    take(case, tmp_path, tz="America/New_York")
    rows = ask(case, "SELECT command, started_at::VARCHAR AS s FROM activity WHERE kind = 'tool_call'")
    assert rows == [{"command": "id", "s": "2026-01-01 15:00:05.5"}]


def test_demonstrations_have_only_a_history() -> None:
    """Their actions are read from it; where there are steps, it is not read again."""
    history = [{"role": "user", "content": "x"}, {"role": "assistant", "action": "id", "thought": "t"}]
    demo = json.dumps({"history": [*history, {"role": "assistant", "action": "shown", "is_demo": True}]})
    assert [r["command"] for r in _rows(("/r/d.traj", demo)) if r["kind"] == "tool_call"] == ["id"]
    both = json.dumps({"history": history, "trajectory": [{"action": "ls", "observation": ""}]})
    assert [r["command"] for r in _rows(("/r/d.traj", both)) if r["kind"] == "tool_call"] == ["ls"]


def test_recognition_is_strict() -> None:
    """Other programs write logs of this shape, and other agents trajectories."""
    assert recognise(peek(_log(1, "x").encode()), "a.log")
    assert recognise(peek(b"2024-05-01 10:00:00,100 INFO \xf0\x9f\x8e\xac ACTION (primary)\nls\n"), "a.log")
    assert not recognise(peek(b"2026-01-01 10:00:00,500 - INFO - uvicorn - started\n"), "a.log")
    assert not recognise(peek(b"2026-01-01 10:00:00,500 INFO started\n"), "a.log")
    assert not recognise(peek(b'{"trajectory": [1, 2], "reward": 3}'), "a.json")
    assert not recognise(peek(b'{"instance_id": "x", "model_patch": "d"}'), "x.pred")


@pytest.mark.parametrize("odd", [None, 5, "x", [], {}, [[1]], {"info": 3}, -1, 1e300])
def test_wrong_shapes_are_reasons_and_no_exceptions(odd: Any) -> None:
    """Whatever stands where steps, attempts and settings should."""
    step = {"action": odd, "execution_time": odd, "state": odd, "observation": odd}
    good = {"action": "id", "execution_time": odd, "state": odd, "exit_status": odd}
    log = (
        _log(1, "🎬 ACTION\nid")
        + "2026-99-01 10:00:00,500 - INFO - swea-agent-x - STEP\n"
        + _log(2, "=== STEP 99999 =")
    )
    for document in (odd, {"trajectory": odd}, {"trajectory": [odd, step, good], "info": odd}, {"attempts": [odd]}):
        _rows(("/r/x.info.log", log), ("/r/x.traj", json.dumps(document)))
