"""Un-NAT, interval join, ranking: by hand, against brute force, and what must never happen."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fwforensics.hunt import Scope, hunt
from fwforensics.store import Case
from tests.case_builder import at, event, make_case

#: One violation a connection: what others make of the same one is theirs.
DENIALS = Scope(detections=("denied-egress", "denied-internal", "vendor-alert"))
HOST, POOL, OUTER = "10.20.0.11", "203.0.113.66", "198.51.100.2"
RUN = {"r1": ("00:00:00", "20:00:00")}


def call(clock: str, until: str | None, sandbox: str, command: str = "make", **more: Any) -> dict[str, Any]:
    """One tool call on host `train1` in a sandbox."""
    row: dict[str, Any] = {
        "source_id": 1, "record_no": 0, "kind": "tool_call", "run_id": "r1", "episode_id": f"e-{sandbox}",
        "tool": "bash", "command": command, "host": "train1", "sandbox_id": sandbox, "started_at": at(clock),
        "ended_at": at(until) if until else None,
    }  # fmt: skip
    return row | more


def numbered(calls: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Calls with their place in the source as ids."""
    return [{**c, "line_no": n, "activity_id": f"a{n}"} for n, c in enumerate(calls, 1)]


def translation(orig: str, new: str, dst: str, start: str | None, end: str | None, sensor: str) -> dict[str, Any]:
    """One source translation; ends are `address port`."""
    (a, _, ap), (b, _, bp), (d, _, dp) = (x.partition(" ") for x in (orig, new, dst))
    return {
        "source_id": 1, "line_no": 1, "record_no": 0, "sensor": sensor, "protocol": "tcp",
        "orig_src_ip": a, "orig_src_port": int(ap), "new_src_ip": b, "new_src_port": int(bp),
        "orig_dst_ip": d, "orig_dst_port": int(dp), "new_dst_ip": d, "new_dst_port": int(dp),
        "started_at": at(start) if start else None, "ended_at": at(end) if end else None,
    }  # fmt: skip


def found(case: Case) -> list[dict[str, Any]]:
    """Candidates of all violations, best first."""
    hunt(case, DENIALS)
    return case.sql("SELECT * FROM candidates ORDER BY violation_id, rank").rows()


def said(case: Case) -> tuple[str, str]:
    """Attribution of the only violation, and its reason."""
    (row,) = case.sql("SELECT attribution, attribution_reason FROM violations").rows()
    return row["attribution"], row["attribution_reason"]


LEASE = {"ip": HOST, "owner_kind": "host", "owner_id": "train1", "source_id": 1, "line_no": 1, "record_no": 0}
OUTSIDE = {
    "cidr": "198.51.100.0/24", "zone": "internal", "basis": "declared",
    "low": "00000000000000000000ffffc6336400", "high": "00000000000000000000ffffc63364ff",
}  # fmt: skip
DENIED = event("01:00:30", f"{HOST} 40001", f"{POOL} 3333", "deny")


def test_one_episode_on_the_host_is_a_host_attribution(tmp_path: Path) -> None:
    """A firewall that sees the host, and one sandbox alive on it."""
    calls = numbered([call("01:00:20", "01:00:40", "s1"), call("02:00:00", "02:00:10", "s2")])
    case = make_case(tmp_path, [DENIED], runs=RUN, leases=[LEASE], activity=calls)
    rows = found(case)
    assert [(r["activity_id"], r["basis"]) for r in rows] == [("a1", "host")]
    assert 0 < rows[0]["score"] < 1
    assert said(case)[0] == "host"


def test_several_episodes_on_the_host_are_ambiguous_and_say_how_many(tmp_path: Path) -> None:
    """Three at once: all are candidates, none is the answer."""
    calls = numbered([call("01:00:00", "01:01:00", f"s{n}") for n in range(3)])
    case = make_case(tmp_path, [DENIED], runs=RUN, leases=[LEASE], activity=calls)
    rows = found(case)
    assert {r["basis"] for r in rows} == {"ambiguous"}
    assert len({round(r["score"], 9) for r in rows}) == 1
    assert said(case) == ("ambiguous", "one of 3 concurrent episodes on host train1")


def test_the_command_that_names_the_destination_ranks_first_and_stays_ambiguous(tmp_path: Path) -> None:
    """What names it is raised, and the others are kept."""
    calls = numbered([
        call("01:00:00", "01:01:00", "s1"),
        call("01:00:00", "01:01:00", "s2", f"sh -c 'nc {POOL} 3333'"),
        call("01:00:00", "01:01:00", "s3"),
    ])  # fmt: skip
    rows = found(make_case(tmp_path, [DENIED], runs=RUN, leases=[LEASE], activity=calls))
    assert rows[0]["activity_id"] == "a2"
    assert rows[0]["score"] > 0.9 > 0.1 > rows[1]["score"]
    assert "names the destination" in rows[0]["reason"]
    assert {r["basis"] for r in rows} == {"ambiguous"}


def test_the_same_address_on_two_hosts_is_told_apart_by_who_saw_it(tmp_path: Path) -> None:
    """172.17.0.2 of train1 is not that of train2."""
    seen = event("01:00:30", "172.17.0.2 40001", f"{POOL} 3333", "deny", sensor="train1.kern")
    calls = numbered([
        call("01:00:00", "01:01:00", "s1", ip="172.17.0.2"),
        call("01:00:00", "01:01:00", "s2", ip="172.17.0.2", host="train2"),
    ])  # fmt: skip
    case = make_case(tmp_path, [seen], runs=RUN, activity=calls)
    assert [(r["activity_id"], r["basis"]) for r in found(case)] == [("a1", "exact")]
    assert said(case)[1].startswith("in sandbox s1")


def test_a_chain_of_translations_leads_to_the_sandbox(tmp_path: Path) -> None:
    """Firewall, then host, by port and time; a port used again later leads elsewhere."""
    outer = event("01:00:30", f"{OUTER} 61000", f"{POOL} 3333", "deny", sensor="isp")
    mappings = [
        translation(f"{HOST} 40001", f"{OUTER} 61000", f"{POOL} 3333", "01:00:30", "01:00:40", "fw1"),
        translation(f"{HOST} 40777", f"{OUTER} 61000", f"{POOL} 3333", "03:00:30", "03:00:40", "fw1"),
        translation("172.17.0.2 5000", f"{HOST} 40001", f"{POOL} 3333", "01:00:30", None, "train1.events"),
        translation("172.17.0.3 5000", f"{HOST} 40777", f"{POOL} 3333", "03:00:30", None, "train1.events"),
    ]
    calls = numbered([
        call("01:00:00", "01:01:00", "s1", ip="172.17.0.2"),
        call("01:00:00", "01:01:00", "s2", ip="172.17.0.3"),
    ])  # fmt: skip
    case = make_case(tmp_path, [outer], runs=RUN, activity=calls, translations=mappings,
                     networks=[OUTSIDE])  # fmt: skip
    rows = found(case)
    assert [(r["activity_id"], r["basis"]) for r in rows] == [("a1", "exact")]
    assert "un-NAT by fw1, train1.events" in rows[0]["reason"]


def test_two_translations_that_fit_equally_stay_two(tmp_path: Path) -> None:
    """Without ports nothing tells them apart: ambiguous, whatever their order."""
    outer = event("01:00:30", f"{OUTER} 61000", f"{POOL} 3333", "deny", sensor="isp")
    base = translation("172.17.0.2 1", f"{OUTER} 1", f"{POOL} 3333", "01:00:00", "01:01:00", "train1")
    mappings = [
        {**base, "orig_src_ip": ip, "orig_src_port": None, "new_src_port": None} for ip in ("172.17.0.2", "172.17.0.3")
    ]
    calls = numbered([
        call("01:00:00", "01:01:00", "s1", ip="172.17.0.2"), call("01:00:00", "01:01:00", "s2", ip="172.17.0.3")
    ])  # fmt: skip
    case = make_case(tmp_path, [outer], runs=RUN, activity=calls, translations=mappings, networks=[OUTSIDE])
    rows = found(case)
    assert {r["activity_id"] for r in rows} == {"a1", "a2"}
    assert said(case)[0] == "ambiguous"


def test_behind_an_unknown_translator_no_name_is_given(tmp_path: Path) -> None:
    """The outside address of a NAT of which no table was kept: ambiguous among all that were alive."""
    outer = event("01:00:30", f"{OUTER} 61000", f"{POOL} 3333", "deny", sensor="isp")
    other = translation("172.17.0.9 1", f"{OUTER} 999", "192.0.2.1 80", "00:10:00", "00:10:10", "fw1")
    calls = numbered([call("01:00:00", "01:01:00", f"s{n}", ip=f"172.17.0.{n}") for n in range(2, 5)])
    case = make_case(tmp_path, [outer], runs=RUN, activity=calls, translations=[other], networks=[OUTSIDE])
    assert {r["basis"] for r in found(case)} == {"ambiguous"}
    assert said(case) == ("ambiguous", f"unresolved behind NAT at {OUTER}: one of 3 concurrent episodes")


def test_an_address_that_nobody_is_known_to_have_had_has_no_candidates(tmp_path: Path) -> None:
    """A violation without any activity record says so."""
    case = make_case(tmp_path, [DENIED], runs=RUN, activity=numbered([call("01:00:00", "01:01:00", "s1")]))
    assert found(case) == []
    assert said(case) == ("none", f"no record says who had {HOST}")


def test_a_process_that_outlives_its_call_is_found_by_what_left_it_behind(tmp_path: Path) -> None:
    """The tunnel begins after the call returned; the call that put something into the background ranks first."""
    calls = numbered([
        call("01:00:00", "01:00:01", "s1", "nohup sh -c 'sleep 25; exec ./start.sh' &", ip="10.20.22.2"),
        call("01:00:05", "01:00:06", "s1", "ls", ip="10.20.22.2"),
        call("01:00:50", "01:00:51", "s1", "ls", ip="10.20.22.2"),
    ])  # fmt: skip
    seen = event("01:00:30", "10.20.22.2 40001", f"{POOL} 443", "deny")
    rows = found(make_case(tmp_path, [seen], runs=RUN, activity=calls))
    assert rows[0]["activity_id"] == "a1"
    assert "leaves a process behind" in rows[0]["reason"]
    assert rows[0]["basis"] == "exact"


def _random_case(
    folder: Path, seed: int, shift: float = 0.0
) -> tuple[Case, list[dict[str, Any]], list[dict[str, Any]]]:
    rng = random.Random(seed)
    start = datetime.fromisoformat("2026-03-02 01:00:00")
    calls = []
    for n in range(30):
        begin = start + timedelta(seconds=rng.uniform(0, 7200))
        length = rng.choice([0, 1, 30, 900])
        more = {"started_at": begin, "ended_at": begin + timedelta(seconds=length)}
        calls.append(call("01:00:00", None, f"s{n}", **more))
    calls = numbered(calls)
    events = []
    for n in range(15):
        begin = start + timedelta(seconds=rng.uniform(0, 9000) + shift)
        end = begin + timedelta(seconds=rng.choice([0, 5, 1500]))
        events.append({**event("01:00:00", f"{HOST} {30000 + n}", f"{POOL} 3333", "deny"), "ts": begin, "ts_end": end})
    return make_case(folder, events, runs=RUN, leases=[LEASE], activity=calls), calls, events


@pytest.mark.parametrize("seed", range(5))
def test_the_join_is_that_of_brute_force(tmp_path: Path, seed: int) -> None:
    """Every call whose window meets the connection is a candidate, nothing else is, and each once."""
    from fwforensics import attribution

    case, calls, events = _random_case(tmp_path, seed)
    skew, tail = timedelta(seconds=2), timedelta(seconds=600)
    hunt(case, DENIALS)
    attribution.attribute(case, {"keep": 1000, "bucket_s": random.Random(seed).choice([7.0, 600.0, 86400.0])})
    expected = {
        (e["src_port"], c["activity_id"])
        for e in events
        for c in calls
        if c["started_at"] - skew <= e["ts_end"] and c["ended_at"] + tail >= e["ts"]
    }
    rows = case.sql(
        "SELECT DISTINCT e.src_port AS p, c.activity_id AS a, c.violation_id AS v "
        "FROM candidates AS c JOIN violation_events USING (violation_id) JOIN events AS e USING (source_id, line_no)"
    ).rows()
    assert {(r["p"], r["a"]) for r in rows} == expected
    assert case.sql("SELECT count(*) FROM candidates").scalar() == len(rows)


@pytest.mark.parametrize("seed", range(2))
def test_a_clock_that_is_off_and_declared_changes_nothing(tmp_path: Path, seed: int) -> None:
    """A sensor an hour and a bit ahead, once that is declared, gives what a right one gives."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    right, _, _ = _random_case(tmp_path / "a", seed)
    wrong, _, _ = _random_case(tmp_path / "b", seed, shift=3605.5)
    wrong.execute("INSERT INTO clocks (sensor, offset_s, basis) VALUES ('fw', -3605.5, 'declared')")
    wrong.execute("UPDATE meta SET derived_dirty = true")
    query = "SELECT c.*, v.ts, v.run_id AS run FROM candidates AS c JOIN violations AS v USING (violation_id)"
    results = []
    for case in (right, wrong):
        hunt(case, DENIALS)
        results.append(case.sql(f"{query} ORDER BY v.ts, rank").rows())
    assert results[0] == results[1]
    assert results[0]
