"""Each canned query on one small incident, against rows that were worked out by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fwforensics import queries
from fwforensics.store import Case
from tests.case_builder import alive, at, event, make_case

AGENT, POOL, PYPI, MARKED, SCANNER = "10.0.0.5", "203.0.113.9", "198.51.100.10", "198.51.100.20", "198.51.100.250"
RUNS = {
    "r1": ("08:00:00", "09:00:00"),
    "r2": ("10:00:00", "11:00:00"),
    "r3": ("12:00:00", "13:00:00"),  # no sensor was alive
    "r4": ("14:00:00", "15:00:00"),
}
OWNED = {run: [AGENT] for run in RUNS}
MINER = {"rule": "drop-miner", "disposition": "drop", "tcp_flags": "S"}
SSH = {"rule": "drop-ssh", "disposition": "drop", "tcp_flags": "S"}
EVENTS = [
    event("07:55:00", f"{SCANNER} 6000", f"{AGENT} 23", "deny", disposition="drop"),
    # Denied in two runs, once outside of all; the second record is a retransmission.
    event("08:10:00", f"{AGENT} 40001", f"{POOL} 3333", "deny", **MINER),
    event("08:10:01", f"{AGENT} 40001", f"{POOL} 3333", "deny", **MINER),
    event("09:30:00", f"{AGENT} 40003", f"{POOL} 3333", "deny", **MINER | {"repeat_count": 3}),
    event("10:10:00", f"{AGENT} 40002", f"{POOL} 3333", "deny", **MINER),
    # Half a minute later the same target is reached on another port.
    event(
        "10:10:30", f"{AGENT} 40004", f"{POOL} 443", "allow", dst_name="pool.example.net", bytes_out=500, bytes_in=700
    ),
    # Never denied, in every run that was observed.
    *(
        event(f"{hour}:05:00", f"{AGENT} 4100{n}", f"{PYPI} 443", "allow", bytes_out=100, bytes_in=900)
        for n, hour in enumerate(("08", "10", "14"))
    ),
    # Let through by the firewall, and marked by the IDS.
    *(event(f"{hour}:20:00", f"{AGENT} 4200{n}", f"{MARKED} 80", "allow") for n, hour in enumerate(("08", "14"))),
    *(
        event(f"{hour}:20:01", f"{AGENT} 4200{n}", f"{MARKED} 80", "alert", kind="ids", signature="miner", sensor="ids")
        for n, hour in enumerate(("08", "14"))
    ),
    event("14:00:00", f"{AGENT} 50001", "192.0.2.50 22", kind="flow", ts_end="14:50:00", bytes_out=1000, bytes_in=2000),
    event("14:10:00", f"{AGENT} 50002", "192.0.2.50 22", kind="flow", ts_end="14:40:00", bytes_out=1000, bytes_in=2000),
    event("14:30:00", f"{AGENT} 40005", "203.0.113.77 22", "deny", **SSH),
    *(event(f"14:40:0{n - 1}", f"{AGENT} 4300{n}", f"10.0.1.{n} 22", "deny", **SSH) for n in range(1, 6)),
    event("14:40:05", f"{AGENT} 43006", "10.0.1.6 22", "allow"),
]
COVERAGE = [
    *alive("fw", "07:50:00", "10:20:00"),
    *alive("fw", "10:20:00", "10:22:00", lost=7),
    *alive("fw", "10:22:00", "11:10:00"),
    *alive("fw", "13:50:00", "15:10:00"),
]
CALL = {
    "source_id": 1, "line_no": 1, "record_no": 0, "activity_id": "a1", "kind": "tool_call", "run_id": "r1",
    "episode_id": "e7", "tool": "bash", "command": "xmrig -o pool", "host": "node1", "sandbox_id": "box1",
    "started_at": at("08:09:59"), "ended_at": at("08:10:30"),
}  # fmt: skip


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    with make_case(
        tmp_path_factory.mktemp("canned"), EVENTS, runs=RUNS, owned=OWNED,
        source_coverage=COVERAGE, activity=[CALL],
    ) as made:  # fmt: skip
        yield made


def ask(case: Case, name: str, *columns: str, **given: str) -> list[Any]:
    """Chosen columns of a query's rows, in its order."""
    found = queries.run(case, queries.find_query(name), given)
    return found.select(columns).rows() if columns else found.to_dicts()


def test_recurring_violations_counts_hits_against_observed_runs(case: Case) -> None:
    """Two of the three runs that a sensor saw: the run without coverage is neither hit nor clean."""
    assert ask(case, "recurring-violations") == [
        {
            "client_ip": AGENT, "server_ip": POOL, "server_name": "pool.example.net", "server_port": 3333,
            "protocol": "tcp", "action": "deny", "connections": 3, "denied": 3, "alerts": 0, "runs_hit": 2,
            "runs_observed": 3, "share": 2 / 3, "run_unknown": 1, "days_hit": 1,
            "first_ts": at("08:10:00"), "last_ts": at("10:10:00"),
        },
        {
            "client_ip": AGENT, "server_ip": MARKED, "server_name": None, "server_port": 80,
            "protocol": "tcp", "action": "alert", "connections": 2, "denied": 0, "alerts": 2, "runs_hit": 2,
            "runs_observed": 3, "share": 2 / 3, "run_unknown": 0, "days_hit": 1,
            "first_ts": at("08:20:00"), "last_ts": at("14:20:01"),
        },
    ]  # fmt: skip


def test_recurring_violations_takes_a_threshold(case: Case) -> None:
    """What occurred in one run appears on demand; what occurred in none, or was only let through, never does."""
    once = ask(case, "recurring-violations", "server_ip", "runs_hit", min_runs="1")
    assert [server for server, hits in once if hits == 1] == [*(f"10.0.1.{n}" for n in range(1, 6)), "203.0.113.77"]
    assert not ask(case, "recurring-violations", min_runs="3")
    assert not {PYPI, "10.0.1.6", AGENT} & {server for server, _ in once}


def test_recurring_violations_works_without_runs(tmp_path: Path) -> None:
    """Where no run is known, everything is listed and nothing is said about runs."""
    with make_case(tmp_path, EVENTS, source_coverage=COVERAGE) as bare:
        found = ask(bare, "recurring-violations", "server_ip", "connections", "runs_hit", "runs_observed", "share")
    assert found[0] == (POOL, 3, None, None, None)
    assert len(found) == 9


def test_recurring_violations_does_not_guess_a_denominator(tmp_path: Path) -> None:
    """A sensor that records denials only proves nothing by its silence, until somebody says when it was alive."""
    denials = [event(f"{hour}:10:00", f"{AGENT} 400{hour}", f"{POOL} 3333", "deny") for hour in ("08", "10")]
    given = {
        "runs": RUNS, "owned": OWNED,
        "source_coverage": alive("fw", "07:50:00", "15:10:00", only_events=True),
    }  # fmt: skip
    columns = ("runs_hit", "runs_observed", "share")
    (tmp_path / "a").mkdir()
    with make_case(tmp_path / "a", denials, **given) as silent:
        assert ask(silent, "recurring-violations", *columns) == [(2, None, None)]
        assert {state for (state,) in ask(silent, "run-presence", "state")} == {"hit", "not observed"}
    declared = {"sensor": "fw", "started_at": at("07:00:00"), "ended_at": at("16:00:00")}
    with make_case(tmp_path, denials, **given, coverage_declared=[declared]) as spoken:
        assert ask(spoken, "recurring-violations", *columns) == [(2, 4, 0.5)]


def test_run_presence_tells_clean_from_not_observed(case: Case) -> None:
    """Every pattern has a row a run, and a run without coverage is not clean."""
    found = ask(case, "run-presence", "pattern", "run_id", "state", "n")
    assert len(found) == 8 * 4
    assert [row[1:] for row in found if row[0] == "pool.example.net 3333/tcp"] == [
        ("r1", "hit", 1),
        ("r2", "hit", 1),
        ("r3", "not observed", 0),
        ("r4", "clean", 0),
    ]
    assert {row[0] for row in ask(case, "run-presence", "pattern", min_hits="2")} == {
        "198.51.100.20 80/tcp",
        "pool.example.net 3333/tcp",
    }


def test_denied_pairs_has_no_allowed_pair(case: Case) -> None:
    """Connections and attempts are counted apart, and what got through is absent."""
    columns = ("client_ip", "server_ip", "server_port", "connections", "attempts", "runs_hit")
    assert ask(case, "denied-pairs", *columns) == [
        (AGENT, POOL, 3333, 3, 4, 2),
        *((AGENT, f"10.0.1.{n}", 22, 1, 1, 1) for n in range(1, 6)),
        (AGENT, "203.0.113.77", 22, 1, 1, 1),
        (SCANNER, AGENT, 23, 1, 1, 0),
    ]
    assert ask(case, "denied-pairs", "client_scope", "server_scope")[-1] == ("external", "internal")


def test_denied_by_rule_counts_what_records_stand_for(case: Case) -> None:
    """A record that stands for three denials counts three, and a record without a rule has a row too."""
    assert [tuple(row.values()) for row in ask(case, "denied-by-rule")] == [
        ("fw", "drop-miner", "drop", 6, 4, 1, 1, 1, 2, at("08:10:00"), at("10:10:00")),
        ("fw", "drop-ssh", "drop", 6, 6, 1, 6, 1, 1, at("14:30:00"), at("14:40:04")),
        ("fw", None, "drop", 1, 1, 1, 1, 1, 0, at("07:55:00"), at("07:55:00")),
    ]


def test_deny_then_allow_finds_another_port_and_another_address(case: Case) -> None:
    """The pool on 443 after 3333 was denied, and the sixth host after five were denied; no other traffic."""
    columns = ("denied_ip", "denied_port", "allowed_ip", "allowed_port", "changed", "times", "shortest_seconds")
    assert ask(case, "deny-then-allow", *columns) == [
        (POOL, 3333, POOL, 443, "port", 1, 30.0),
        ("10.0.1.5", 22, "10.0.1.6", 22, "address", 1, 1.0),
    ]


def test_deny_then_allow_wants_it_soon_and_new(tmp_path: Path) -> None:
    """Neither what comes after the window counts, nor what the client used before it was denied, nor another client."""
    rows = [
        event("08:00:00", f"{AGENT} 1001", f"{PYPI} 443", "allow"),
        event("08:05:00", f"{AGENT} 1002", f"{POOL} 443", "deny"),
        event("08:06:00", f"{AGENT} 1003", f"{PYPI} 443", "allow"),  # used before
        event("08:06:30", "10.0.0.6 1004", "192.0.2.8 443", "allow"),  # another client
        event("08:20:00", f"{AGENT} 1005", "192.0.2.9 443", "allow"),  # a quarter of an hour later
    ]
    with make_case(tmp_path, rows) as made:
        assert not ask(made, "deny-then-allow")
        assert ask(made, "deny-then-allow", "allowed_ip", window_minutes="15") == [("192.0.2.9",)]


def test_deny_then_allow_prefers_what_is_nearest(tmp_path: Path) -> None:
    """A neighbour's denial in between does not hide that of the same address; alone, it says that both changed."""
    rows = [
        event("08:00:00", f"{AGENT} 1001", f"{POOL} 3333", "deny"),
        event("08:00:05", f"{AGENT} 1002", "203.0.113.50 514", "deny", protocol="udp"),
        event("08:00:10", f"{AGENT} 1003", f"{POOL} 443", "allow"),
        event("08:00:20", f"{AGENT} 1004", "203.0.113.51 80", "allow"),
        event("08:00:30", AGENT, POOL, "allow", protocol="icmp"),  # a ping is no port
    ]
    with make_case(tmp_path, rows) as made:
        assert ask(made, "deny-then-allow", "denied_ip", "denied_port", "allowed_ip", "allowed_port", "changed") == [
            (POOL, 3333, POOL, 443, "port"),
            ("203.0.113.50", 514, "203.0.113.51", 80, "both"),
        ]


def test_new_destinations_compares_with_earlier_runs(case: Case) -> None:
    """The first run is the baseline; the last has eight new addresses, compared with two runs that were observed."""
    columns = ("run_id", "server_ip", "server_port", "is_new", "connections", "earlier_observed")
    assert ask(case, "new-destinations", *columns) == [
        ("r4", "192.0.2.50", 22, "address", 2, 2),
        ("r4", "203.0.113.77", 22, "address", 1, 2),
        *(("r4", f"10.0.1.{n}", 22, "address", 1, 2) for n in range(1, 7)),
    ]
    assert ask(case, "new-destinations", *columns, include_ports="true")[0] == ("r2", POOL, 443, "port", 1, 1)
    assert {row[0] for row in ask(case, "new-destinations", "run_id", min_earlier="0")} == {"r1", "r4"}


def test_long_connections_are_added_up(case: Case) -> None:
    """Fifty minutes and thirty make an hour and twenty, in one row."""
    columns = ("server_ip", "hours", "longest_hours", "connections", "still_open", "bytes_out", "bytes_in", "runs_hit")
    assert ask(case, "long-connections", *columns) == [
        ("192.0.2.50", pytest.approx(4 / 3), pytest.approx(5 / 6), 2, 0, 2000, 4000, 1)
    ]
    assert not ask(case, "long-connections", min_hours="1.5")


def test_long_connections_knows_those_that_are_open(tmp_path: Path) -> None:
    """A tunnel whose end was never logged is counted up to the sensor's last record; a denied or a short one is not."""
    built = {"disposition": "built"}
    rows = [
        event("08:00:00", f"{AGENT} 1001", f"{POOL} 22", "allow", session_id="1", **built),
        event("08:00:00", f"{AGENT} 1002", f"{PYPI} 22", "deny", session_id="2", **built),
        event("10:30:00", f"{AGENT} 1003", f"{PYPI} 22", "allow", session_id="3", **built),
    ]
    with make_case(tmp_path, rows, source_coverage=alive("fw", "08:00:00", "11:00:00")) as made:
        found = ask(made, "long-connections", "server_ip", "hours", "still_open", "open_hours")
    assert found == [(POOL, 0.0, 1, 3.0)]


def test_top_talkers_sums_a_client(case: Case) -> None:
    """Bytes that nobody counted stay unknown."""
    columns = (
        "client_ip", "client_scope", "connections", "denied", "servers", "services", "bytes_out", "bytes_in", "runs_hit"
    )  # fmt: skip
    assert ask(case, "top-talkers", *columns) == [
        (AGENT, "internal", 18, 9, 11, 4, 2800, 7400, 3),
        (SCANNER, "external", 1, 1, 1, 1, None, None, 0),
    ]


def test_internal_fan_out_counts_hosts_in_a_window(case: Case) -> None:
    """Six hosts on one port within the hour; one host is no fan-out."""
    columns = (
        "client_ip", "window_start", "hosts", "ports", "targets", "connections", "denied", "denied_share", "run_id"
    )  # fmt: skip
    assert ask(case, "internal-fan-out", *columns) == [
        (AGENT, at("14:00:00"), 6, 1, 6, 6, 5, pytest.approx(5 / 6), "r4")
    ]
    assert not ask(case, "internal-fan-out", min_hosts="7")


def test_coverage_gaps_names_the_runs_that_it_touches(case: Case) -> None:
    """One gap, which hides the third run, and one stretch in which the sensor lost records."""
    assert [tuple(row.values()) for row in ask(case, "coverage-gaps")] == [
        ("fw", "lost", at("10:20:00"), at("10:22:00"), 120.0, 900.0, 14, ["r2"]),
        ("fw", "gap", at("11:10:00"), at("13:50:00"), 9600.0, 900.0, 0, ["r3"]),
    ]
    assert ask(case, "coverage-gaps", "what", min_seconds="10000") == [("lost",)]


def test_coverage_gaps_at_the_edges(tmp_path: Path) -> None:
    """A log that begins after a run began, and ends before it ended, has gaps there; a declared one has none."""
    given = {"runs": {"r1": ("08:00:00", "12:00:00")}, "source_coverage": alive("fw", "09:00:00", "11:00:00")}
    (tmp_path / "a").mkdir()
    with make_case(tmp_path / "a", **given) as edged:
        assert ask(edged, "coverage-gaps", "what", "seconds", "runs_touched") == [
            ("before", 3600.0, ["r1"]),
            ("after", 3600.0, ["r1"]),
        ]
    declared = {"sensor": "fw", "started_at": at("08:00:00"), "ended_at": at("12:00:00")}
    with make_case(tmp_path, **given, coverage_declared=[declared]) as full:
        assert not ask(full, "coverage-gaps")


def test_port_histogram_counts_connections(case: Case) -> None:
    """Connections, not records, and shares of all of them."""
    assert ask(case, "port-histogram", "server_port", "connections", "denied", "clients", "servers", "share") == [
        (22, 9, 6, 1, 8, pytest.approx(9 / 19)),
        (443, 4, 0, 1, 2, pytest.approx(4 / 19)),
        (3333, 3, 3, 1, 1, pytest.approx(3 / 19)),
        (80, 2, 0, 1, 1, pytest.approx(2 / 19)),
        (23, 1, 1, 1, 1, pytest.approx(1 / 19)),
    ]


def test_timeline_puts_calls_and_traffic_in_one_order(case: Case) -> None:
    """The tool call stands just before the denials that follow it, and the window is half open."""
    given = {"since": "2026-03-02T08:09:59Z", "until": "2026-03-02T08:10:01Z"}
    columns = ("ts", "what", "kind", "action", "subject", "object", "run_id", "episode_id", "source", "line_no")
    assert ask(case, "timeline", *columns, **given) == [
        (at("08:09:59"), "activity", "tool_call", None, "box1", "bash xmrig -o pool", "r1", "e7", "fw.log", 1),
        (at("08:10:00"), "event", "firewall", "deny", AGENT, f"{POOL} 3333/tcp", "r1", None, "fw.log", 2),
    ]
    assert len(ask(case, "timeline", address=POOL)) == 5
    assert {row[0] for row in ask(case, "timeline", "run_id", in_run="r4")} == {"r4"}
    everything = ask(case, "timeline", "ts")
    assert len(everything) == len(EVENTS) + 1
    assert everything == sorted(everything)
    assert case.sql("SELECT count(*) FROM timeline").scalar() == len(everything)


def test_timeline_puts_clocks_right(tmp_path: Path) -> None:
    """What is known of a sensor's clock moves its events, a declared offset before an estimated one."""
    clocks = [
        {"sensor": "fw", "offset_s": 5.0, "basis": "estimated", "residual_s": 0.1},
        {"sensor": "fw", "offset_s": 2.5, "basis": "declared"},
    ]
    with make_case(tmp_path, [event("08:00:00", f"{AGENT} 1", f"{POOL} 2", "deny")], clocks=clocks) as late:
        assert late.sql("SELECT ts, clock_offset_s FROM timeline").rows() == [
            {"ts": at("08:00:02.500000"), "clock_offset_s": 2.5}
        ]


def test_views_derive_scope_direction_and_run(case: Case) -> None:
    """The vendor's direction stands; else the scopes of both ends say it."""
    rows = case.sql("SELECT direction, count(*) AS n FROM traffic GROUP BY direction ORDER BY direction").rows()
    assert {row["direction"]: row["n"] for row in rows} == {"inbound": 1, "internal": 6, "outbound": 15}
    assert case.sql("SELECT count(*) FROM traffic").scalar() == len(EVENTS)
    assert case.sql("SELECT count(*), count(run_id) FROM denied").frame.row(0) == (11, 9)
    assert case.sql("SELECT count(*) FROM flows").scalar() == 2
    comment = "SELECT comment FROM duckdb_columns() WHERE table_name = 'denied' AND column_name = 'src_scope'"
    assert case.sql(comment).scalar() == "internal, external or special"


def test_clock_jumps_are_between_lines_of_one_sensor(tmp_path: Path) -> None:
    """A clock set back by ten minutes, in a run; sessions dated by their start, and other sensors, are none."""
    rows = [
        event("08:30:00", AGENT, POOL, "deny"),
        event("08:50:00", AGENT, POOL, "deny"),
        event("08:49:30", AGENT, POOL, "deny"),
        event("08:39:30", AGENT, POOL, "deny"),
        event("08:00:00", AGENT, POOL, "allow", ts_end="08:45:00"),
        event("08:10:00", AGENT, POOL, "deny", sensor="other"),
        event("08:40:00", AGENT, POOL, "deny"),
    ]
    with make_case(tmp_path, rows, runs=RUNS, owned=OWNED) as jumped:
        found = ask(jumped, "clock-jumps", "sensor", "line_no", "ts_before", "ts_after", "seconds", "runs_touched")
        assert found == [("fw", 4, at("08:49:30"), at("08:39:30"), 600.0, ["r1"])]
        assert len(ask(jumped, "clock-jumps", "line_no", min_seconds="30")) == 2
