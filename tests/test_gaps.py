"""What the log knows and the trace does not, and the other way round; owners; GPUs out of schedule."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from fwforensics import queries
from fwforensics.hunt import hunt
from fwforensics.store import Case
from tests.case_builder import alive, at, event, make_case
from tests.test_attribution import DENIALS, HOST, LEASE, POOL, RUN, call, numbered


def ask(case: Case, name: str, **given: str) -> list[dict[str, Any]]:
    """Rows of a canned query."""
    return queries.run(case, queries.find_query(name), given).to_dicts()


def test_a_violation_that_no_call_is_near_is_listed(tmp_path: Path) -> None:
    """One violation during a call, one hours after the last; only the second has no candidate."""
    events = [
        event("01:00:30", f"{HOST} 40001", f"{POOL} 3333", "deny"),
        event("09:00:30", f"{HOST} 40002", f"{POOL} 3333", "deny"),
    ]
    case = make_case(
        tmp_path, events, runs=RUN, leases=[LEASE], activity=numbered([call("01:00:20", "01:00:40", "s1")])
    )
    hunt(case, DENIALS)
    rows = ask(case, "violations-without-activity")
    assert [r["ts"] for r in rows] == [at("09:00:30")]
    assert rows[0]["observed_by_trace"] is False
    assert rows[0]["why"] == "no tool call of host train1 at the time"


def test_a_call_that_names_what_no_log_shows_is_listed_where_a_sensor_was_alive(tmp_path: Path) -> None:
    """Seen, not seen, not seen while nobody looked, and loopback, which no sensor sees."""
    calls = numbered([
        call("01:00:00", "01:00:10", "s1", f"curl http://{POOL}/"),
        call("01:10:00", "01:10:10", "s1", "nc 192.0.2.77 99"),
        call("15:00:00", "15:00:10", "s1", "nc 192.0.2.78 99"),
        call("01:20:00", "01:20:10", "s1", "curl http://127.0.0.1:8000/"),
    ])  # fmt: skip
    case = make_case(
        tmp_path, [event("01:00:05", f"{HOST} 40001", f"{POOL} 80", "allow")], runs=RUN, leases=[LEASE], activity=calls,
        source_coverage=alive("fw", "00:30:00", "02:00:00"),
    )  # fmt: skip
    hunt(case)
    assert [r["destination"] for r in ask(case, "calls-without-flow")] == ["192.0.2.77"]
    everything = ask(case, "calls-without-flow", only_observed="false")
    assert [(r["destination"], r["observed"]) for r in everything] == [("192.0.2.77", True), ("192.0.2.78", False)]


def test_owners_that_claim_one_address_at_a_time_stay_side_by_side(tmp_path: Path) -> None:
    """Two pods of one address overlap, a third follows; behind another host it is another address."""
    base = {"ip": "10.244.1.7", "owner_kind": "pod", "source_id": 1, "line_no": 1, "record_no": 0}
    leases = [
        {**base, "owner_id": "a", "started_at": at("01:00:00"), "ended_at": at("02:00:00")},
        {**base, "owner_id": "b", "started_at": at("01:30:00"), "ended_at": at("03:00:00")},
        {**base, "owner_id": "c", "started_at": at("03:00:00"), "ended_at": None},
        {**base, "owner_id": "d", "scope": "node2", "started_at": at("01:30:00"), "ended_at": at("03:00:00")},
    ]
    case = make_case(tmp_path, [event("01:00:05", f"{HOST} 1", f"{POOL} 80", "allow")], leases=leases)
    rows = ask(case, "address-owners", address="10.244.1.7")
    assert [(r["owner_id"], r["rivals"]) for r in rows] == [("a", 1), ("b", 1), ("c", 0), ("d", 0)]
    assert len(ask(case, "address-owners", only_rivals="true")) == 2


def test_gpus_that_work_while_no_run_does(tmp_path: Path) -> None:
    """Load in a run says nothing; load after it does, and a process that no run has more so."""
    base = {"host": "train1", "gpu": "0", "source_id": 1, "line_no": 1, "record_no": 0}
    samples = [
        {**base, "ts": at("01:00:00"), "utilization": 99.0},
        {**base, "ts": at("21:00:00"), "utilization": 98.0},
        {**base, "ts": at("21:00:00"), "utilization": 1.0},
        {**base, "ts": at("01:00:00"), "process": "python3"},
        {**base, "ts": at("21:30:00") + timedelta(seconds=1), "process": "xmrig"},
    ]
    case = make_case(tmp_path, [event("01:00:05", f"{HOST} 1", f"{POOL} 80", "allow")], runs=RUN, gpu_samples=samples)
    rows = ask(case, "gpu-out-of-schedule")
    assert [(r["process"], r["samples"], r["samples_in_runs"]) for r in rows] == [(None, 1, 0), ("xmrig", 1, 0)]
