"""Inspect AI logs: events of samples, archives, releases old and new, hostile content."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from fwforensics.formats import Context
from fwforensics.formats._records import peek
from fwforensics.formats.inspect_ai import FORMAT, recognise
from tests.support import ask, one, take

HEAD = {
    "version": 2, "status": "success", "plan": {}, "stats": {"started_at": "2026-03-01T00:00:00Z"},
    "eval": {"run_id": "R", "eval_id": "E", "task": "t", "task_id": "T", "created": "2026-03-01T00:00:00Z",
             "model": "m", "dataset": {}, "config": {}, "sandbox": {"type": "docker"}},
}  # fmt: skip


def _sample(*events: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": 1, "epoch": 1, "input": "i", "target": "t", "uuid": "u", "events": list(events), **more}


def _rows(document: Any, **where: Any) -> list[dict[str, Any]]:
    binary = FORMAT.binary
    assert binary is not None
    decoder = binary.decoder(Context())
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    batches = [*decoder.feed(1, io.BytesIO(content)), *decoder.finish()]
    for b in batches:
        gone = sum(f.height for f in (b.rejects, b.ignored) if f is not None)
        assert b.units == b.parsed + gone
    rows = [r for b in batches if "activity" in b.frames for r in b.frames["activity"].to_dicts()]
    return [r for r in rows if all(r.get(k) == v for k, v in where.items())]


def _log(*events: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {**HEAD, "samples": [_sample(*events, **more)]}


def _tool(second: int, **more: Any) -> dict[str, Any]:
    return {"event": "tool", "timestamp": f"2026-03-01T00:00:{second:02d}Z", "function": "bash", **more}


def test_what_runs_in_the_span_of_a_tool_belongs_to_its_call() -> None:
    """Whether the call is logged inside that span, as now, or beside it, as in 2025."""
    for span_of_call in ("inner", "outer"):
        begin = {"event": "span_begin", "id": "inner", "span_id": "inner", "parent_id": "outer", "type": "tool"}
        rows = _rows(
            _log(
                {**begin, "timestamp": "2026-03-01T00:00:01Z", "name": "bash"},
                _tool(1, id="c1", span_id=span_of_call, arguments={"cmd": "id"}),
                {"event": "sandbox", "action": "exec", "cmd": "id", "span_id": "inner", "result": 0},
            )
        )
        by_kind = {r["kind"]: r for r in rows}
        assert by_kind["process"]["parent_id"] == by_kind["tool_call"]["activity_id"] == "u:c1"


def test_two_tools_at_once_keep_their_own_processes() -> None:
    """Parallel calls of one tool are told apart by the order in which their spans begin."""
    begin = {"event": "span_begin", "parent_id": "p", "type": "tool", "name": "bash"}
    rows = _rows(
        _log(
            {**begin, "id": "s1"}, {**begin, "id": "s2"},
            _tool(1, id="c1", span_id="p"), _tool(1, id="c2", span_id="p"),
            {"event": "sandbox", "action": "exec", "cmd": "b", "span_id": "s2"},
            {"event": "sandbox", "action": "exec", "cmd": "a", "span_id": "s1"},
        ),
        kind="process",
    )  # fmt: skip
    assert [(r["command"], r["parent_id"]) for r in rows] == [("b", "u:c2"), ("a", "u:c1")]


@pytest.mark.parametrize(
    ("release", "interval", "inferred"),
    [("0.3.47", (5, 9), False), ("0.3.60", (9, 20), True), ("0.3.71", (9, 20), True)],
)
def test_intervals_of_releases_without_ends(release: str, interval: tuple[int, int], inferred: bool) -> None:
    """The oldest logs stamp the end of a call, later ones its begin; the neighbours give the other side."""
    log = _log(
        {"event": "model", "timestamp": "2026-03-01T00:00:05Z"},
        _tool(9, id="c"),
        {"event": "model", "timestamp": "2026-03-01T00:00:20Z"},
    )
    log["eval"] = {**HEAD["eval"], "packages": {"inspect_ai": release}}  # type: ignore[dict-item]
    (row,) = _rows(log, kind="tool_call")
    assert (row["started_at"].second, row["ended_at"].second) == interval
    assert row["end_is_inferred"] is inferred


def test_a_call_that_only_the_answer_shows_is_requested() -> None:
    """Until a tool event with its id shows that it was made; it lasts to the next answer of that agent."""

    def answer(second: int, done: int, *calls: str) -> dict[str, Any]:
        asked = [{"id": c, "function": "Bash", "arguments": {"command": f"run {c}"}} for c in calls]
        return {
            "event": "model", "timestamp": f"2026-03-01T00:00:{second:02d}Z",
            "completed": f"2026-03-01T00:00:{done:02d}Z", "output": {"choices": [{"message": {"tool_calls": asked}}]},
        }  # fmt: skip

    rows = _rows(_log(answer(1, 2, "made", "asked"), _tool(3, id="made"), answer(8, 9)), kind="tool_call")
    assert [(r["status"], r["command"]) for r in rows if r["status"]] == [("requested", "run asked")]
    asked = next(r for r in rows if r["status"])
    assert (asked["started_at"].second, asked["ended_at"].second, asked["end_is_inferred"]) == (2, 8, True)
    assert len(rows) == 2


def test_failed_attempts_are_read_too() -> None:
    """What a sample did before it was tried again went through the firewall as well."""
    again = [{"message": "x", "events": [_tool(1, id="a", arguments={"cmd": "first"})]}]
    rows = _rows(_log(_tool(9, id="b", arguments={"cmd": "second"}), error_retries=again), kind="tool_call")
    assert [r["command"] for r in rows] == ["first", "second"]


def test_a_call_id_that_occurs_twice_identifies_nothing() -> None:
    """Some providers number calls anew in each answer."""
    rows = _rows(_log(_tool(1, id="call_0"), _tool(2, id="call_0")), kind="tool_call")
    assert [r.get("activity_id") for r in rows] == ["u:call_0", None]


def test_the_uuid_is_the_sandbox_only_in_kubernetes() -> None:
    """Pods carry it as a label; containers of Docker do not."""
    log = _log(_tool(1, id="a"))
    assert _rows(log, kind="tool_call")[0].get("sandbox_id") is None
    log["eval"] = {**HEAD["eval"], "sandbox": {"type": "k8s"}}  # type: ignore[dict-item]
    assert _rows(log, kind="tool_call")[0]["sandbox_id"] == "u"


def test_a_head_beyond_the_first_sixty_four_kibibytes_is_recognised() -> None:
    """A sample whose input is long shows its first keys only; a canonical row is none."""
    long = json.dumps({"id": 1, "epoch": 1, "input": "x" * 70_000, "target": ""})[: 64 << 10]
    assert recognise(peek(long.encode()), "1_epoch_1.json")
    assert not recognise(peek(b'{"run_id": "r", "tool": "bash", "start": "2026-01-01T00:00:00Z"}'), "a.json")
    assert not recognise(peek(b'{"eval": {"metrics": []}, "model": "m"}'), "results.json")
    assert not recognise(peek(b'{"id": 1, "epoch": 2, "loss": 0.5}'), "train.json")


def test_an_interrupted_archive_has_its_run_and_its_missing_sample(tmp_path: Path) -> None:
    """Without header the journal's start is the run; a summary stands in for the document that was not written."""
    summary = {"id": 2, "epoch": 1, "input": "i", "target": "t", "uuid": "v", "started_at": "2026-03-01T00:01:00Z"}
    with zipfile.ZipFile(tmp_path / "a.eval", "w") as archive:
        archive.writestr("_journal/start.json", json.dumps({k: HEAD[k] for k in ("version", "eval", "plan")}))
        archive.writestr("_journal/summaries/1.json", json.dumps([{**summary, "id": 1, "uuid": "u"}, summary]))
        archive.writestr("samples/1_epoch_1.json", json.dumps(_sample(_tool(1, id="a"))))
    case = tmp_path / "case.duckdb"
    take(case, tmp_path / "a.eval")
    rows = ask(case, "SELECT kind, run_id, episode_id, parent_id FROM activity ORDER BY kind, episode_id")
    assert rows == [
        {"kind": "episode", "run_id": "R", "episode_id": "u", "parent_id": "inspect:E"},
        {"kind": "episode", "run_id": "R", "episode_id": "v", "parent_id": "inspect:E"},
        {"kind": "run", "run_id": "R", "episode_id": None, "parent_id": None},
        {"kind": "tool_call", "run_id": "R", "episode_id": "u", "parent_id": "u"},
    ]
    assert one(case, "SELECT count(*) FROM rejects") == 0


def test_hostile_samples_are_rejects() -> None:
    """Wrong types, endless nesting and times at the end of all years end in rows or reasons."""
    deep: Any = "x"
    for _ in range(400):
        deep = [deep]
    nested: dict[str, Any] = _tool(1, id="n")
    for _ in range(200):
        nested = _tool(1, id="n", events=[nested])
    events: list[Any] = [
        _tool(1, id=[1], function={}, arguments=[deep], span_id=[], error=5), nested,
        {"event": "sandbox", "cmd": [1, "a"], "options": 3, "result": "x", "timestamp": "0001-01-01T00:00:00+14:00"},
        {"event": "span_begin", "id": [], "type": {}}, {"event": ["x"]}, {"event": "step", "action": "end"},
        {"event": "span_begin", "id": "z", "parent_id": {}, "type": "tool", "name": []},
        {"event": "model", "output": {"choices": [{"message": {"tool_calls": [{"id": "q", "function": 3}]}}]}},
    ]  # fmt: skip
    assert _rows(_log(*events))
    assert _rows(b'[[1], "x", {"id": 1}, {"eval": 3}, {"event": "tool"}]') == []
    assert _rows({**HEAD, "samples": [{"epoch": []}, {"id": {}, "epoch": None, "events": 5, "attachments": []}]})
