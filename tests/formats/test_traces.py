"""Formats of traces and inventories: strict recognition, hostile content, records that lean on each other."""

from __future__ import annotations

import io
import json
import random
import zipfile
from pathlib import Path
from typing import Any

import pytest

from fwforensics.formats import Context, Decoded, formats
from fwforensics.formats._records import Records
from fwforensics.formats.slurm_sacct import hosts_of
from fwforensics.intake.binaries import binary_format
from fwforensics.samples import CHECKOUT
from tests.support import ask, one, take

TRACES = [
    f.name for f in formats().values() if f.binary is not None and isinstance(f.binary.decoder(Context()), Records)
]
SAMPLES = [
    p for n in TRACES for p in sorted((CHECKOUT / n).glob("*")) if not p.name.endswith(".expected.ndjson")
]  # fmt: skip


def _decode(name: str, content: bytes) -> list[Decoded]:
    binary = formats()[name].binary
    assert binary is not None
    decoder = binary.decoder(Context())
    return [*decoder.feed(1, io.BytesIO(content)), *decoder.finish()]


def test_there_are_traces() -> None:
    """The parametrised tests below have something to run on."""
    assert len(TRACES) >= 17
    assert len(SAMPLES) >= len(TRACES)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_a_sample_is_claimed_by_its_own_format_alone(sample: Path) -> None:
    """Whatever other names it may go by, and whatever order formats are asked in."""
    head = sample.read_bytes()[: 64 << 10]
    claims = [f.name for f in formats().values() if f.binary is not None and f.binary.recognise(head, sample.name)]
    assert claims == [sample.parent.name]


@pytest.mark.parametrize(
    "sample",
    [p for p in CHECKOUT.glob("*/*") if p.parent.name not in TRACES and p.suffix in (".log", ".jsonl")],
    ids=lambda p: f"{p.parent.name}/{p.name}",
)
def test_logs_of_firewalls_are_no_traces(sample: Path) -> None:
    """No trace format takes a log away from the format that reads it."""
    if sample.is_file():
        fmt = binary_format(sample.read_bytes()[: 64 << 10], sample.name)
        assert fmt is None or fmt.name not in TRACES


@pytest.mark.parametrize("name", TRACES)
@pytest.mark.parametrize("seed", range(3))
def test_mangled_samples_are_accounted_for(name: str, seed: int) -> None:
    """Bytes overwritten, cut and doubled: no exception, and every unit is parsed, ignored or rejected."""
    rng = random.Random(f"{name}{seed}")
    for sample in (CHECKOUT / name).glob("*"):
        if sample.name.endswith(".expected.ndjson"):
            continue
        content = bytearray(sample.read_bytes())
        for _ in range(20):
            content[rng.randrange(len(content))] = rng.randrange(256)
        for mangled in (bytes(content), bytes(content[: len(content) // 2]), bytes(content) * 2):
            for done in _decode(name, mangled):
                rejects = done.rejects.height if done.rejects is not None else 0
                ignored = done.ignored.height if done.ignored is not None else 0
                assert done.units == done.parsed + rejects + ignored


@pytest.mark.parametrize("name", TRACES)
def test_values_of_any_type_are_no_exception(name: str) -> None:
    """Every value of a JSON sample replaced by every kind of value, one after the other."""
    odd: list[Any] = [None, True, -1, 1e308, "", "x" * 5000, [], {}, [[]], [{}], "\ud800", "{", {"a": {"b": [1]}}]
    for sample in (CHECKOUT / name).glob("*.json*"):
        if sample.name.endswith(".expected.ndjson"):
            continue
        text = sample.read_text()
        try:
            documents = [json.loads(text)]
        except ValueError:
            documents = [
                json.loads(line) for line in text.splitlines() if line.strip().endswith("}") and _is_json(line)
            ]
        for document in documents:
            for path in _paths(document)[:40]:
                for value in odd:
                    _decode(name, json.dumps(_with(document, path, value)).encode())


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


def _paths(value: Any, before: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else []
    return [p for k, v in pairs for p in ((*before, k), *_paths(v, (*before, k)))]


def _with(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    copy = json.loads(json.dumps(document))
    at = copy
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return copy


@pytest.mark.parametrize(
    ("listed", "hosts"),
    [
        ("node1", ["node1"]),
        ("node[01-03,07],gpu-[1-2]x", ["node01", "node02", "node03", "node07", "gpu-1x", "gpu-2x"]),
        ("r[1-2]n[8-9]", ["r1n8", "r1n9", "r2n8", "r2n9"]),
        ("frontier[01515,01517]", ["frontier01515", "frontier01517"]),
        ("None assigned", []),
        ("", []),
    ],
)
def test_host_lists_are_expanded(listed: str, hosts: list[str]) -> None:
    """Ranges keep their zeros; several brackets multiply."""
    assert hosts_of(listed) == hosts


def test_a_host_list_is_no_bomb() -> None:
    """Three brackets of a hundred thousand each end soon."""
    assert len(hosts_of("a[0-99999]b[0-99999]c[0-99999]")) <= 65_536


def test_an_eval_archive_shares_its_header(tmp_path: Path) -> None:
    """Samples of a `.eval` have the run that only the header names."""
    log = json.loads((CHECKOUT / "inspect_ai" / "log.json").read_text())
    with zipfile.ZipFile(tmp_path / "a.eval", "w", zipfile.ZIP_DEFLATED) as archive:
        head = {k: log[k] for k in ("version", "status", "eval", "plan", "stats")}
        archive.writestr("_journal/start.json", json.dumps({k: head[k] for k in ("version", "eval", "plan")}))
        archive.writestr("header.json", json.dumps(head))
        archive.writestr("samples/flag-1_epoch_1.json", json.dumps(log["samples"][0]))
        archive.writestr(
            "summaries.json", json.dumps([{"id": "flag-1", "epoch": 1, "input": "x", "target": "y", "scores": {}}])
        )
    case = tmp_path / "case.duckdb"
    report = take(case, tmp_path / "a.eval")
    assert {s.format for s in report.sources} - {None} == {"inspect_ai"}
    assert report.exit_code == 0
    calls = ask(case, "SELECT DISTINCT run_id, episode_id FROM activity WHERE kind = 'tool_call'")
    assert calls == [{"run_id": "R1", "episode_id": "uu-1"}]


def test_a_trajectory_gets_its_times_from_the_log_beside_it(tmp_path: Path) -> None:
    """SWE-agent writes durations and, elsewhere, times; the end is marked as worked out."""
    for name in ("demo.traj", "demo.info.log"):
        (tmp_path / name).write_bytes((CHECKOUT / "swe_agent" / name).read_bytes())
    case = tmp_path / "case.duckdb"
    take(case, tmp_path, tz="Europe/Berlin")
    rows = ask(
        case,
        "SELECT command, started_at::VARCHAR AS s, ended_at::VARCHAR AS e, end_is_inferred AS i "
        "FROM activity ORDER BY step",
    )
    assert rows[1] == {
        "command": "curl http://203.0.113.9/", "s": "2026-01-01 09:00:05.3", "e": "2026-01-01 09:00:17.55", "i": True,
    }  # fmt: skip


def test_access_and_command_log_of_one_call_are_one_activity(tmp_path: Path) -> None:
    """The same command of the same trace; the response gives the end that a silent success lacks."""
    head = "2026-01-01T08:00:00.000+08:00 INFO:rocklet.py:1 [command] [sb-9] [tr-90] -- "
    line = head + "[run_in_session input][default]:{}\n"
    (tmp_path / "command.log").write_text(line.format("nmap -p 22 10.0.0.0/24"))
    (tmp_path / "access.log").write_bytes((CHECKOUT / "rock" / "access.log").read_bytes())
    case = tmp_path / "case.duckdb"
    take(case, tmp_path)
    rows = ask(case, "SELECT ended_at::VARCHAR AS e, end_is_inferred AS i FROM activity")
    assert rows == [{"e": "2026-01-01 00:00:12.34", "i": False}]


def test_secrets_of_a_sandbox_record_are_nowhere_in_the_case(tmp_path: Path) -> None:
    """Neither in rows nor in what was rejected."""
    case = tmp_path / "case.duckdb"
    take(case, CHECKOUT / "rock" / "billing.log")
    assert one(case, "SELECT count(*) FROM rejects") == 1
    assert b"not-to-be-kept" not in case.read_bytes()


def test_open_hands_files_of_one_folder_pair(tmp_path: Path) -> None:
    """Action and observation stand in files of their own; the conversation is the folder's name."""
    folder = tmp_path / "conv-1" / "events"
    folder.mkdir(parents=True)
    for event in json.loads((CHECKOUT / "openhands" / "events.json").read_text()):
        (folder / f"{event['id']}.json").write_text(json.dumps(event))
    case = tmp_path / "case.duckdb"
    take(case, tmp_path / "conv-1")
    rows = ask(
        case,
        "SELECT episode_id, command, status, container_id FROM activity WHERE kind = 'tool_call' ORDER BY started_at",
    )
    assert rows[0] == {
        "episode_id": "conv-1", "command": "curl http://203.0.113.9/", "status": "7", "container_id": "bcd3959393a1",
    }  # fmt: skip


def test_a_run_that_the_analyst_names_fills_what_the_trace_leaves_open(tmp_path: Path) -> None:
    """A session transcript names no run; one that does keeps its own."""
    case = tmp_path / "case.duckdb"
    take(case, CHECKOUT / "agent_session" / "basic.jsonl", CHECKOUT / "mlflow_trace" / "basic.json", run="run-9")
    rows = ask(case, "SELECT DISTINCT run_id FROM activity ORDER BY run_id")
    assert [r["run_id"] for r in rows] == ["42", "run-9"]
