"""What sources cannot show is "not evaluable"; what is new since the last hunt; what a finding was made by."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fwforensics import capability, knowledge, queries
from fwforensics import hunt as hunting
from fwforensics.hunt import Scope
from fwforensics.store import Case
from tests.case_builder import alive, event, frame, make_case
from tests.test_detections import AGENT, OTHER, OUTSIDE, flow

RUNS = {"r1": ("08:00:00", "09:00:00"), "r2": ("10:00:00", "11:00:00"), "r3": ("12:00:00", "13:00:00")}
OWNED = {run: [AGENT] for run in RUNS}
#: r1 is seen by a packet filter, r2 by a flow exporter too, r3 by nobody.
EVENTS = [
    event("08:10:00", f"{AGENT} 1001", f"{OUTSIDE} 3333", "deny"),
    event("10:10:00", f"{AGENT} 1002", f"{OUTSIDE} 443", "allow"),
    flow("10:20:00", f"{AGENT} 1003", f"{OUTSIDE} 443", 1200, 60_000, 160_000),
]
COVERAGE = [
    *alive("fw", "08:00:00", "09:00:00"), *alive("fw", "10:00:00", "11:00:00"), *alive("flow", "10:00:00", "11:00:00")
]  # fmt: skip


def states(case: Case, detection: str) -> dict[str | None, str]:
    """State of a detection in each run; None is the case as a whole."""
    rows = case.sql("SELECT run_id, state FROM evaluability WHERE detection = ?", [detection]).rows()
    return {row["run_id"]: row["state"] for row in rows}


def test_a_run_without_a_sensor_that_shows_bytes(tmp_path: Path) -> None:
    """A packet filter's log alone cannot show a session's shape: that run is no clean run."""
    with make_case(tmp_path, EVENTS, runs=RUNS, owned=OWNED, source_coverage=COVERAGE) as case:
        outcome = hunting.hunt(case)
        assert states(case, "mining-shape") == {
            None: "evaluable", "r1": "not evaluable", "r2": "evaluable", "r3": "not observed"
        }  # fmt: skip
        assert states(case, "mining-port") == {
            None: "evaluable", "r1": "evaluable", "r2": "evaluable", "r3": "not observed"
        }  # fmt: skip
        table = {row["detection"]: row for row in outcome.detections.to_dicts()}
        assert (table["mining-shape"]["state"], table["mining-shape"]["runs"]) == ("evaluated", 1)
        assert (table["vendor-alert"]["state"], table["vendor-alert"]["missing"]) == (
            "not evaluable",
            "events.signature",
        )
        listed = queries.run(case, queries.find_query("evaluable-in-runs"), {"only_state": "not evaluable"})
        assert ("mining-shape", "r1") in listed.select("detection", "run_id").rows()


def test_an_alert_is_no_decision(tmp_path: Path) -> None:
    """An IDS that only alerts shows no denials: their absence means nothing."""
    rows = [event("08:00:00", f"{AGENT} 1001", f"{OUTSIDE} 443", "alert", kind="ids", signature="x")]
    with make_case(tmp_path, rows) as case:
        missing = {q.name for q in queries.library().values() if q.kind == "detection" and capability.unmet(case, q)}
    assert {"denied-egress", "denied-internal", "detour"} <= missing
    assert "vendor-alert" not in missing


def test_known_names_need_names(tmp_path: Path) -> None:
    """What ships are names: without any in the logs nothing can match, unless a feed brings addresses."""
    rows = [event("08:00:00", f"{AGENT} 1001", f"{OUTSIDE} 443", "allow")]
    feed = [{"kind": "ip", "value": OUTSIDE, "label": "pool", "category": "mining", "source": "feed"}]
    query = queries.find_query("mining-destination")
    with make_case(tmp_path, rows) as case:
        assert capability.unmet(case, query)
        case.append("indicators", frame("indicators", feed))
        assert not capability.unmet(case, query)
        assert [p["severity"] for p in hunting.hunt(case).patterns.to_dicts()] == ["high"]


def test_every_column_that_is_kept_is_counted(tmp_path: Path) -> None:
    """The list of the code and that of the SQL are one."""
    body = " ".join(queries.build_statements("source_capabilities"))
    assert all(f"count({column})" in body for column in capability.TRACKED)
    with make_case(tmp_path, EVENTS) as case:
        rows = case.sql("SELECT sensor, fills FROM source_capabilities ORDER BY sensor").rows()
    fills = {row["sensor"]: set(row["fills"]) for row in rows}
    assert {"bytes_in", "duration", "ts_end"} <= fills["flow"]
    assert not {"bytes_in", "duration", "ts_end"} & fills["fw"]


def test_new_raised_seen(tmp_path: Path) -> None:
    """A finding is new once, raised where it got worse, else seen; a filtered hunt in between makes nothing new."""
    with make_case(tmp_path, EVENTS, runs=RUNS, owned=OWNED) as case:
        assert set(hunting.hunt(case).patterns["news"]) == {"new"}
        assert set(hunting.hunt(case).patterns["news"]) == {"seen"}
        assert hunting.hunt(case, Scope(detections=("beacon",))).patterns.is_empty()
        assert set(hunting.hunt(case).patterns["news"]) == {"seen"}
        more = event("12:10:00", f"{OTHER} 2001", "198.51.100.7 22", "deny", source_id=1, line_no=10)
        again = event("10:15:00", f"{AGENT} 2002", f"{OUTSIDE} 3333", "deny", source_id=1, line_no=11)
        case.append("events", frame("events", [more, again]))
        case.execute("UPDATE meta SET derived_dirty = true")
        news = {row["service"]: row["news"] for row in hunting.hunt(case).patterns.to_dicts()}
    assert (news["22/tcp"], news["3333/tcp"], news["443/tcp"]) == ("new", "raised", "seen")


def test_a_hunt_keeps_what_made_its_findings(tmp_path: Path) -> None:
    """The SQL by its version, the parameters and the fingerprint; the same rule is kept once."""
    with make_case(tmp_path, EVENTS) as case:
        hunting.hunt(case)
        hunting.hunt(case)
        row = case.sql("SELECT * FROM hunts ORDER BY hunt_id DESC LIMIT 1").rows()[0]
        version = json.loads(row["versions"])["detections"]["mining-port"]
        kept = case.sql(
            "SELECT sql, first_hunt FROM rules WHERE name = 'mining-port' AND version = ?", [version]
        ).rows()
        rules = case.sql("SELECT count(*) FROM rules").scalar()
    assert kept == [{"sql": queries.find_query("mining-port").body, "first_hunt": 1}]
    assert rules == sum(q.kind == "detection" for q in queries.library().values())
    assert json.loads(row["parameters"])["detection_parameters"]["probe-ports"]["probe_targets"] == 3
    assert len(row["fingerprint"]) == 64


@pytest.mark.parametrize(("address", "severity"), [("52.94.76.5", "low"), (OUTSIDE, "medium")])
def test_ordinary_infrastructure_is_one_step_less(tmp_path: Path, address: str, severity: str) -> None:
    """Amazon's network lowers what is guessed from shape; it hides nothing, and a denial stays what it is."""
    assert knowledge.warning_lists().height > 10_000
    rows = [
        flow("10:20:00", f"{AGENT} 1003", f"{address} 443", 1200, 60_000, 160_000),
        event("10:50:00", f"{AGENT} 1004", f"{address} 8081", "deny"),
    ]
    with make_case(tmp_path, rows) as case:
        hunting.hunt(case)
        found = case.sql("SELECT detection, severity FROM violations ORDER BY detection").rows()
        tags = case.sql("SELECT tags FROM addresses WHERE ip = ?", [address]).scalar()
    assert {f["detection"]: f["severity"] for f in found} == {"denied-egress": "medium", "mining-shape": severity}
    assert ([] if tags is None else list(tags)) == (["cloud"] if severity == "low" else [])


def test_without_warning_lists_nothing_is_lowered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And that is said."""
    monkeypatch.setattr(knowledge, "_lists", lambda: None)
    knowledge.warning_lists.cache_clear()
    try:
        assert "not installed" in knowledge.warning_lists_state()
        rows = [flow("10:20:00", f"{AGENT} 1003", "52.94.76.5 443", 1200, 60_000, 160_000)]
        with make_case(tmp_path, rows) as case:
            assert list(hunting.hunt(case).patterns["severity"]) == ["medium"]
    finally:
        knowledge.warning_lists.cache_clear()


def test_shipped_knowledge_is_documented() -> None:
    """Each entry has a kind, a category, a meaning and an address of its documentation; none stands there twice."""
    rows = knowledge.shipped()
    assert rows.height > 300
    assert not rows.null_count().sum_horizontal().item()
    assert rows["source"].str.starts_with("shipped: http").all()
    assert not rows.select("kind", "value", "category").is_duplicated().any()
    assert set(rows["kind"]) <= {"ip", "cidr", "domain", "port", "app"}
    assert rows["value"].str.to_lowercase().eq(rows["value"]).all()


def test_thresholds_are_explained() -> None:
    """Each has a unit, a reason and a source, and somebody uses it."""
    used = {name for q in (*queries.library().values(), *queries.views()) for name in q.thresholds}
    table = queries.threshold_table()
    assert used == set(table)
    assert all(t.unit and t.why and t.source for t in table.values())
