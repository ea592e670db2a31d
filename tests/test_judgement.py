"""A whole hunt on cases with a known answer: which tool, which timing, which phase, and what cannot be told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from fwforensics import hunt
from fwforensics.queries import listing
from fwforensics.store import Case
from tests.case_builder import alive, event, make_case

HOST, AGENT = "node1", "10.0.0.5"
DAY0 = datetime.fromisoformat("2026-03-02")
HOURS, RUNS = 3, 8
POOL, MIRROR = "203.0.113.9", "198.51.100.77"


def run_start(run: int) -> datetime:
    """A run a day, at eight."""
    return DAY0 + timedelta(days=run, hours=8)


def stamp(when: datetime) -> str:
    """As the builder reads it."""
    return when.isoformat(sep=" ")


@cache
def scene() -> dict[str, Any]:
    """Eight runs of three hours; a call every 20 s, one in twenty of them `fetch`, which a denial follows.

    Another target is denied as often, at times that have nothing to do with calls.
    """
    rng = np.random.default_rng(7)
    calls, events = [], []
    for run in range(RUNS):
        start = run_start(run)
        for number in range(HOURS * 180):
            began = start + timedelta(seconds=number * 20 + float(rng.uniform(0, 15)))
            tool = "fetch" if rng.random() < 0.05 else ("bash", "edit", "search")[int(rng.integers(3))]
            calls.append({
                "source_id": 1, "line_no": len(calls) + 1, "record_no": 0, "activity_id": f"c{len(calls)}",
                "kind": "tool_call", "run_id": f"r{run}", "episode_id": f"e{run}-{number // 20}", "step": number % 20,
                "tool": tool, "command": f"{tool} --x", "started_at": began, "ended_at": began + timedelta(seconds=2),
                "host": HOST, "ip": AGENT,
            })  # fmt: skip
            if tool == "fetch" and rng.random() < 0.25:
                events.append(denied(began + timedelta(seconds=float(rng.exponential(2))), POOL, 3333, len(events)))
        for second in rng.uniform(0, HOURS * 3600, 7):
            events.append(denied(start + timedelta(seconds=float(second)), MIRROR, 873, len(events)))
    runs = {f"r{r}": (stamp(run_start(r)), stamp(run_start(r) + timedelta(hours=HOURS))) for r in range(RUNS)}
    return {"calls": calls, "events": events, "runs": runs}


def denied(when: datetime, server: str, port: int, number: int) -> dict[str, Any]:
    """A denial, cut to the second as syslog does."""
    clock = stamp(when.replace(microsecond=0))
    return event(clock, f"{AGENT} {20000 + number}", f"{server} {port}", "deny", rule="out", disposition="drop")


def coverage(run: int) -> list[dict[str, Any]]:
    """The firewall was alive from an hour before a run to an hour after."""
    low, high = run_start(run) - timedelta(hours=1), run_start(run) + timedelta(hours=HOURS + 1)
    return alive("fw", stamp(low), stamp(high))


def build(folder: Path, **change: Any) -> Case:
    """The case of the scene, with the clocks declared to be the same."""
    given = scene()
    tables = {
        "activity": given["calls"],
        "source_coverage": [row for run in range(RUNS) for row in coverage(run)],
        "clocks": [{"sensor": "fw", "offset_s": 0.0, "residual_s": 5.0, "basis": "declared"}],
    } | change
    return make_case(folder, given["events"], runs=given["runs"], owned={r: [AGENT] for r in given["runs"]}, **tables)


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    """The scene after a hunt."""
    with build(tmp_path_factory.mktemp("judged")) as case:
        hunt.hunt(case)
        yield case


def pattern(case: Case, service: str) -> dict[str, Any]:
    """The pattern of one service."""
    [row] = case.sql("SELECT * FROM patterns WHERE service = ?", [service]).rows()
    return row


def test_the_tool_is_named(judged: Case) -> None:
    """What follows one tool is told so, with its numbers, and is the first finding."""
    found = pattern(judged, "3333/tcp")
    assert (found["coincides_with"], found["tier"]) == ("fetch", "A")
    assert found["q_tool"] <= 0.001
    assert found["attributable_share"] > 0.8
    assert found["coincident_k"] > 0.9 * found["coincident_n"] > 5 * found["expected_e"]
    assert (found["clock_offset_s"], found["clock_bound_s"], found["surrogates"]) == (0.0, 10.0, 9_999)
    assert "a call of fetch" in found["verdict"]
    assert hunt.findings(judged)["pattern_id"][0] == found["pattern_id"]


def test_what_has_nothing_to_do_with_calls_is_told_so(judged: Case) -> None:
    """No association, its power, and no clear temporal pattern."""
    found = pattern(judged, "873/tcp")
    assert found["coincides_with"] is None
    assert found["p_time"] > 0.01
    assert (found["timing"], found["runs_hit"], found["runs_exposed"]) == ("irregular", RUNS, RUNS)
    assert "No association with tool calls shown" in found["verdict"]
    assert 0 < found["mde"] < 0.6


def test_both_keep_to_runs_and_no_call_is_called_a_cause(judged: Case) -> None:
    """Two hours around each run were observed, and had nothing."""
    for service in ("3333/tcp", "873/tcp"):
        found = pattern(judged, service)
        assert found["p_in_run"] <= 0.05
        assert "cause" not in found["verdict"].replace("not cause", "")


def test_every_association_leads_to_its_calls(judged: Case) -> None:
    """The calls before each bout are listed, all of the subject, none after the window."""
    found = pattern(judged, "3333/tcp")
    calls = listing(judged, "pattern-calls", finding=found["pattern_id"])
    assert calls["tool"].unique().to_list() == ["fetch"]
    assert calls["bout_no"].n_unique() == found["coincident_k"]
    assert calls["delay_s"].is_between(-5, found["window_s"] + 5).all()
    assert set(calls["says"]) <= {"single candidate", "one episode", "one of 2 episodes"}
    against = listing(judged, "pattern-associations", finding=found["pattern_id"])
    assert against["subject"][0] == "fetch"
    assert "in runs" in against["subject"].to_list()


def test_hunting_again_says_the_same(judged: Case, tmp_path: Path) -> None:
    """Seeds come from keys: another hunt, of another case with another order of rows, gives the same numbers."""
    with build(tmp_path, activity=scene()["calls"][::-1]) as case:
        hunt.hunt(case)
        again = hunt.findings(case)
    assert again.equals(hunt.findings(judged))


def test_an_unknown_clock_is_searched_and_said(tmp_path: Path) -> None:
    """Without a declared clock and without anchors five minutes either way are searched, and order is not claimed."""
    with build(tmp_path, clocks=[]) as case:
        hunt.hunt(case)
        found = pattern(case, "3333/tcp")
    assert (found["clock_offset_s"], found["clock_bound_s"]) == (None, 300.0)
    assert found["coincides_with"] == "fetch"
    assert "before and after cannot be told apart" in found["verdict"]


def test_a_gap_in_the_log_is_no_clean_run(tmp_path: Path) -> None:
    """Of a run whose log is missing nothing is counted, neither as hit nor as clean."""
    seen = [row for run in range(RUNS) if run != 3 for row in coverage(run)]
    kept = [e for e in scene()["events"] if not run_start(3) <= e["ts"] <= run_start(3) + timedelta(hours=HOURS)]
    runs = scene()["runs"]
    with make_case(
        tmp_path, kept, runs=runs, owned={r: [AGENT] for r in runs}, activity=scene()["calls"], source_coverage=seen
    ) as case:
        hunt.hunt(case)
        found = pattern(case, "873/tcp")
    assert (found["runs_hit"], found["runs_exposed"], found["timing"]) == (RUNS - 1, RUNS - 1, "irregular")


def test_without_a_trace_nothing_is_claimed(tmp_path: Path) -> None:
    """No calls: no test, and a verdict that says so."""
    with build(tmp_path, activity=[]) as case:
        hunt.hunt(case)
        found = pattern(case, "3333/tcp")
    assert (found["p_time"], found["coincides_with"], found["tier"]) == (None, None, "C")
    assert "not assessable: no trace of tool calls" in found["verdict"]


def test_where_nobody_knows_when_the_sensor_was_alive(tmp_path: Path) -> None:
    """A log of denials only: silence outside of runs says nothing, and the denominator is unknown."""
    minute = {"source_id": 1, "sensor": "fw", "records": 1, "events": 1, "lost": 0}
    rows = [minute | {"bucket": e["ts"].replace(second=0)} for e in scene()["events"]]
    with build(tmp_path, source_coverage=rows) as case:
        hunt.hunt(case)
        found = pattern(case, "3333/tcp")
    assert (found["runs_exposed"], found["p_in_run"], found["coincides_with"]) == (None, None, "fetch")
    assert "denominator not observable" in found["verdict"]


def test_a_phase_is_named(tmp_path: Path) -> None:
    """Denials in updates only, ten minutes of each half hour."""
    rng = np.random.default_rng(3)
    phases, events = [], []
    for run in range(RUNS):
        for cycle in range(HOURS * 2):
            start = run_start(run) + timedelta(minutes=30 * cycle)
            for name, low, high in (("rollout", 0, 20), ("update", 20, 30)):
                phases.append({
                    "source_id": 1, "line_no": 9000 + len(phases), "record_no": 0, "activity_id": f"p{len(phases)}",
                    "kind": "phase", "name": name, "run_id": f"r{run}", "started_at": start + timedelta(minutes=low),
                    "ended_at": start + timedelta(minutes=high),
                })  # fmt: skip
            events.append(
                denied(start + timedelta(minutes=20, seconds=float(rng.uniform(0, 590))), POOL, 443, len(events))
            )
    runs = scene()["runs"]
    seen = [row for run in range(RUNS) for row in coverage(run)]
    with make_case(
        tmp_path, events, runs=runs, owned={r: [AGENT] for r in runs}, activity=phases, source_coverage=seen
    ) as case:
        hunt.hunt(case)
        found = pattern(case, "443/tcp")
    assert (found["phase"], found["tier"]) == ("update", "B")
    details = json.loads(found["details"])
    assert details["phase_k"] == len(events) and not details["phase_once"]
    assert details["phase_cycle_s"] == 1800


def test_rates_have_intervals(judged: Case) -> None:
    """Seven bouts in each run of three hours (a few of them merge)."""
    found = pattern(judged, "873/tcp")
    assert found["rate_low"] < found["rate_per_run_hour"] < found["rate_high"]
    trend = json.loads(found["details"])["trend"]
    assert trend["change_at"] in scene()["runs"]
    assert pl.Series([trend["p_trend"], trend["p_change"]]).is_between(0, 1).all()
