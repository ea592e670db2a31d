"""What follows from events: connections, who opened them, whose run they are, and when a run could be seen."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fwforensics import derive
from fwforensics.blank import writable
from fwforensics.ingest import Options, ingest
from tests.case_builder import alive, at, event, make_case
from tests.support import write_log

A, B = "10.0.0.5", "203.0.113.9"


def connections(folder: Path, *events: dict[str, Any], **given: Any) -> list[dict[str, Any]]:
    """The connections of these events, each event in exactly one of them."""
    with make_case(folder, events, **given) as case:
        found = case.sql("SELECT * FROM connections ORDER BY connection_id").rows()
        per_connection = "SELECT count(*) AS n FROM connection_events GROUP BY connection_id ORDER BY connection_id"
        assert [row["n"] for row in case.sql(per_connection).rows()] == [row["n_events"] for row in found]
        orphans = "SELECT count(*) FROM connection_events ANTI JOIN connections USING (connection_id)"
        assert case.sql(orphans).scalar() == 0
    assert sum(row["n_events"] for row in found) == sum(row["kind"] not in ("nat", "auth") for row in events)
    return found


def flow(clock: str, src: str, dst: str, end: str, **more: Any) -> dict[str, Any]:
    """A one-way flow record."""
    return event(clock, src, dst, kind="flow", ts_end=end, **more)


def test_built_and_teardown_are_one(tmp_path: Path) -> None:
    """The teardown brings the bytes and the end; its opposite order does not turn the connection round."""
    built = event("08:00:00.5", f"{A} 40000", f"{B} 443", "allow", disposition="built", session_id="77")
    down = event(
        "08:00:00", f"{B} 443", f"{A} 40000", "allow", disposition="teardown", session_id="77",
        ts_end="09:30:00", bytes_out=700, bytes_in=500,
    )  # fmt: skip
    (found,) = connections(tmp_path, built, down)
    assert (found["client_ip"], found["client_port"], found["server_port"]) == (A, 40000, 443)
    assert (found["bytes_out"], found["bytes_in"], found["is_open"]) == (500, 700, False)
    assert (found["first_ts"], found["last_ts"], found["duration"]) == (at("08:00:00"), at("09:30:00"), 5400.0)


def test_a_session_spans_a_silence(tmp_path: Path) -> None:
    """Start and end of one session are one connection, although the end says nothing of the time before."""
    ends = {"session_id": "77"}
    start = event("08:00:00", f"{A} 40000", f"{B} 443", "allow", disposition="start", **ends)
    end = event("09:30:00", f"{A} 40000", f"{B} 443", "allow", disposition="end", **ends)
    (found,) = connections(tmp_path, start, end)
    assert (found["is_open"], found["duration"]) == (False, 5400.0)


def test_session_zero_is_no_session(tmp_path: Path) -> None:
    """Firewalls write session 0 where there is none."""
    rows = [event(f"0{h}:00:00", f"{A} 40000", f"{B} 443", "deny", session_id="0", bytes_out=60) for h in (8, 9)]
    assert [row["bytes_out"] for row in connections(tmp_path, *rows)] == [60, 60]


def test_start_without_end_is_open(tmp_path: Path) -> None:
    """Only a logged start without end is open; a log line of a packet is not."""
    rows = connections(
        tmp_path,
        event("08:00:00", f"{A} 40000", f"{B} 443", "allow", disposition="built", session_id="1"),
        event("08:00:01", f"{A} 40001", f"{B} 443", "allow", tcp_flags="S"),
    )
    assert [row["is_open"] for row in rows] == [True, False]


def test_both_halves_of_a_flow_are_one(tmp_path: Path) -> None:
    """Two one-way records give bytes of both directions; who came first is the client."""
    (found,) = connections(
        tmp_path,
        flow("08:00:00.010", f"{B} 8443", f"{A} 9000", "08:00:09", bytes_out=900, packets_out=9),
        flow("08:00:00", f"{A} 9000", f"{B} 8443", "08:00:10", bytes_out=300, packets_out=3),
    )
    assert (found["client_ip"], found["initiator_basis"]) == (A, "first")
    assert (found["bytes_out"], found["bytes_in"], found["packets_out"], found["packets_in"]) == (300, 900, 3, 9)


def test_flow_cut_at_the_active_timeout_is_one(tmp_path: Path) -> None:
    """Records that follow each other are added up."""
    cuts = [
        flow(f"08:0{m}:00", f"{A} 40000", f"{B} 3333", f"08:0{m + 1}:00", bytes_out=10, bytes_in=20) for m in range(5)
    ]
    (found,) = connections(tmp_path, *cuts)
    assert (found["bytes_out"], found["bytes_in"], found["duration"], found["n_events"]) == (50, 100, 300.0, 5)


def test_retransmitted_syns_are_one(tmp_path: Path) -> None:
    """SYNs that grow rarer up to two minutes apart are one attempt."""
    waits = (0, 1, 3, 7, 15, 31, 63, 183)
    syns = [
        event(str(at("08:00:00") + timedelta(seconds=s)), f"{A} 40000", f"{B} 3333", "deny", tcp_flags="S")
        for s in waits
    ]
    (found,) = connections(tmp_path, *syns)
    assert (found["n_events"], found["action"], found["initiator_basis"]) == (8, "deny", "syn")


def test_two_sensors_on_the_path_are_one(tmp_path: Path) -> None:
    """Each saw the same bytes: the highest counts, not the sum."""
    (found,) = connections(
        tmp_path,
        flow("08:00:00", f"{A} 40000", f"{B} 443", "08:00:10", bytes_out=100, bytes_in=900, sensor="fw"),
        flow("08:00:00.2", f"{A} 40000", f"{B} 443", "08:00:10", bytes_out=90, bytes_in=950, sensor="core"),
    )
    assert (found["bytes_out"], found["bytes_in"], found["sensors"]) == (100, 950, ["core", "fw"])


def test_interim_reports_of_a_session_are_not_added(tmp_path: Path) -> None:
    """A session's counters run from its start: the highest is the total."""
    reports = [
        event(f"08:0{m}:00", f"{A} 40000", f"{B} 443", "allow", session_id="9", bytes_out=100 * m, bytes_in=10 * m)
        for m in (1, 2, 3)
    ]
    (found,) = connections(tmp_path, *reports)
    assert (found["bytes_out"], found["bytes_in"]) == (300, 30)


def test_ten_minutes_apart_are_two(tmp_path: Path) -> None:
    """The same tuple after a long pause is another connection."""
    rows = [event(f"08:{m}:00", f"{A} 40000", f"{B} 3333", "deny", tcp_flags="S") for m in ("00", "10")]
    found = connections(tmp_path, *rows)
    assert [row["first_ts"] for row in found] == [at("08:00:00"), at("08:10:00")]


@pytest.mark.parametrize(("seconds", "expected"), [(180, 1), (181, 2)])
def test_pause_is_three_minutes(tmp_path: Path, seconds: int, expected: int) -> None:
    """The pause counts from the end of what went before."""
    later = at("08:01:00") + timedelta(seconds=seconds)
    rows = [
        flow("08:00:00", f"{A} 40000", f"{B} 443", "08:01:00"),
        flow(str(later), f"{A} 40000", f"{B} 443", str(later)),
    ]
    assert len(connections(tmp_path, *rows)) == expected


def test_ports_may_be_missing(tmp_path: Path) -> None:
    """Two records of one GRE tunnel are one connection, and a missing port is not port 0."""
    gre = {"protocol": "gre"}
    found = connections(
        tmp_path,
        event("08:00:00", A, B, "allow", **gre),
        event("08:00:30", A, B, "allow", **gre),
        event("08:00:30", f"{A} 0", f"{B} 0", "allow", **gre),
    )
    assert [(row["n_events"], row["client_port"]) for row in found] == [(2, None), (1, 0)]


def test_protocol_may_be_missing(tmp_path: Path) -> None:
    """Rows without a protocol keep together, and apart from those with one."""
    rows = [event("08:00:00", f"{A} 5", f"{B} 6", protocol=p) for p in (None, None, "udp")]
    assert sorted(row["n_events"] for row in connections(tmp_path, *rows)) == [1, 2]


def test_icmp_request_and_reply_are_one(tmp_path: Path) -> None:
    """Who asks is the client."""
    icmp = {"protocol": "icmp", "tcp_flags": None}
    (found,) = connections(
        tmp_path,
        event("08:00:00", A, B, "allow", icmp_type=8, icmp_code=0, **icmp),
        event("08:00:01", B, A, "allow", icmp_type=0, icmp_code=0, **icmp),
    )
    assert (found["client_ip"], found["server_port"], found["n_events"]) == (A, None, 2)


@pytest.mark.parametrize(
    ("actions", "expected"),
    [
        (("deny", "deny"), "deny"),
        (("deny", "allow"), "allow"),
        (("deny", "alert"), "deny"),
        (("alert", None), "alert"),
        (("allow", "alert"), "allow"),
        ((None, None), None),
    ],
)
def test_denied_only_if_no_sensor_let_it_through(
    tmp_path: Path, actions: tuple[str | None, ...], expected: str | None
) -> None:
    """The verdict of several sensors on one connection."""
    rows = [event("08:00:00", f"{A} 1", f"{B} 2", action, sensor=f"s{n}") for n, action in enumerate(actions)]
    (found,) = connections(tmp_path, *rows)
    assert found["action"] == expected


@pytest.mark.parametrize(
    ("rows", "client", "basis"),
    [
        ([event("08:00:00", f"{B} 443", f"{A} 40000", "allow")], B, "vendor"),
        ([flow("08:00:00", f"{A} 40000", f"{B} 443", "08:00:05", bytes_out=1, bytes_in=2)], A, "vendor"),
        ([event("08:00:00", f"{A} 443", f"{B} 40000", tcp_flags="S")], A, "syn"),
        ([event("08:00:00", f"{B} 9", f"{A} 40000", tcp_flags="AS")], A, "syn"),
        ([event("08:00:00", f"{A} 443", f"{B} 40000", "allow", tcp_flags="APSF")], A, "vendor"),
        ([flow("08:00:00", f"{A} 443", f"{B} 40000", "08:00:05", tcp_flags="S")], A, "syn"),
        (
            [
                flow("08:00:01", f"{A} 40000", f"{B} 22", "08:00:05", tcp_flags="APS"),
                flow("08:00:00", f"{B} 22", f"{A} 40000", "08:00:05", tcp_flags="APS"),
            ],
            B,
            "first",
        ),
        ([flow("08:00:00", f"{B} 443", f"{A} 40000", "08:00:05", tcp_flags="AP")], A, "port"),
        ([flow("08:00:00", f"{B} 8443", f"{A} 40000", "08:00:05")], B, "first"),
        (
            [
                flow("08:00:00", f"{A} 40000", f"{B} 8443", "08:00:05"),
                flow("08:00:00", f"{B} 8443", f"{A} 40000", "08:00:05"),
            ],
            A,
            "port",
        ),
        (
            [
                flow("08:00:00", f"{A} 500", f"{B} 500", "08:00:05", protocol="udp"),
                flow("08:00:00", f"{B} 500", f"{A} 500", "08:00:05", protocol="udp"),
            ],
            A,
            "unknown",
        ),
    ],
)
def test_who_opened_it(tmp_path: Path, rows: list[dict[str, Any]], client: str, basis: str) -> None:
    """The vendor's word, a SYN, the first record or the ports, in that order."""
    (found,) = connections(tmp_path, *rows)
    assert (found["client_ip"], found["initiator_basis"]) == (client, basis)


def test_nat_and_auth_records_are_no_connections(tmp_path: Path) -> None:
    """A mapping is not a conversation."""
    nat = event("08:00:00", f"{A} 1", f"{B} 2", kind="nat")
    assert connections(tmp_path, nat, event("08:00:00", f"{A} 1", f"{B} 2", kind="auth")) == []


def test_numbers_do_not_depend_on_threads_or_rebuilding(tmp_path: Path) -> None:
    """The same events give the same connections under the same numbers."""
    rows = [event("08:00:00", f"{A} {n}", f"{B} {n % 7}", "deny") for n in range(1, 400)]
    (tmp_path / "a").mkdir()
    once = connections(tmp_path, *rows)
    assert connections(tmp_path / "a", *rows) == once
    assert [row["client_port"] for row in once] == list(range(1, 400))


RUNS = {"r1": ("08:00:00", "09:00:00"), "r2": ("10:00:00", "11:00:00")}


def run_of(folder: Path, clock: str, *, source: str = A, sensor: str = "fw", **given: Any) -> str | None:
    """The run of one connection that begins at a time."""
    (found,) = connections(folder, event(clock, f"{source} 1", f"{B} 2", "deny", sensor=sensor), **given)
    run: str | None = found["run_id"]
    return run


@pytest.mark.parametrize(
    ("clock", "expected"), [("08:30:00", "r1"), ("09:00:00", "r1"), ("09:30:00", None), ("10:00:00", "r2")]
)
def test_run_by_address_and_time(tmp_path: Path, clock: str, expected: str | None) -> None:
    """The run that had the client's address when the connection began, ends included."""
    assert run_of(tmp_path, clock, runs=RUNS, owned={"r1": [A], "r2": [A]}) == expected


@pytest.mark.parametrize(
    ("clock", "expected"), [("08:15:00", "r1"), ("08:45:00", None), ("09:15:00", "r2"), ("09:45:00", None)]
)
def test_two_runs_at_a_time_are_ambiguous(tmp_path: Path, clock: str, expected: str | None) -> None:
    """Where two runs share the address, none is named; before and after, the one that has it."""
    runs = {"r1": ("08:00:00", "09:00:00"), "r2": ("08:30:00", "09:30:00")}
    assert run_of(tmp_path, clock, runs=runs, owned={"r1": [A], "r2": [A]}) == expected


def lease(run: str, ip: str, start: str, end: str, scope: str | None = None) -> dict[str, Any]:
    """A lease of a run."""
    return {
        "ip": ip, "scope": scope, "owner_kind": "sandbox", "owner_id": f"{run}-{start}", "run_id": run,
        "started_at": at(start), "ended_at": at(end),
    }  # fmt: skip


@pytest.mark.parametrize("clock", ["08:05:00", "08:15:00", "08:25:00"])
def test_overlapping_leases_of_one_run_are_one_run(tmp_path: Path, clock: str) -> None:
    """Sandboxes of one run that share an address do not make it ambiguous, and the last to go ends it."""
    leases = [lease("r1", A, "08:00:00", "08:20:00"), lease("r1", A, "08:10:00", "08:30:00")]
    assert run_of(tmp_path, clock, runs=RUNS, leases=leases) == "r1"


@pytest.mark.parametrize(("sensor", "expected"), [("h1", "r1"), ("h2", "r2"), ("fw", None)])
def test_an_address_of_two_hosts_is_told_by_the_sensor(tmp_path: Path, sensor: str, expected: str | None) -> None:
    """172.17.0.2 exists behind every Docker host: only the host's own record says whose it is."""
    ip = "172.17.0.2"
    leases = [lease("r1", ip, "08:00:00", "09:00:00", "h1"), lease("r2", ip, "08:00:00", "09:00:00", "h2")]
    assert run_of(tmp_path, "08:30:00", source=ip, sensor=sensor, runs=RUNS, leases=leases) == expected


def test_an_address_of_one_host_needs_no_sensor(tmp_path: Path) -> None:
    """Where only one host has the address, any sensor's record is about that host."""
    leases = [lease("r1", "172.17.0.2", "08:00:00", "09:00:00", "h1")]
    assert run_of(tmp_path, "08:30:00", source="172.17.0.2", runs=RUNS, leases=leases) == "r1"


def exposed(folder: Path, *events: dict[str, Any], **given: Any) -> list[tuple[Any, ...]]:
    """Run, sensor, minutes and basis of each exposure."""
    with make_case(folder, events, **given) as case:
        rows = case.sql("SELECT run_id, sensor, seconds / 60, basis FROM exposures ORDER BY ALL")
        return rows.frame.rows()


SEEN = event("08:30:00", f"{A} 1", f"{B} 2", "allow")
OWNED = {"r1": [A], "r2": ["10.0.0.6"]}


def test_exposure_is_the_run_while_the_sensor_is_alive(tmp_path: Path) -> None:
    """A run that began before the log counts from where the log begins."""
    assert exposed(
        tmp_path, SEEN, runs=RUNS, owned=OWNED, source_coverage=alive("fw", "08:20:00", "11:00:00")
    ) == [("r1", "fw", 40.0, "records")]  # fmt: skip


def test_a_sensor_that_never_showed_the_address_exposes_nothing(tmp_path: Path) -> None:
    """The second run's address appears in no record: a living sensor elsewhere does not make it clean."""
    found = exposed(
        tmp_path, SEEN, runs=RUNS, owned=OWNED,
        source_coverage=alive("fw", "07:00:00", "12:00:00") + alive("far", "07:00:00", "12:00:00"),
    )  # fmt: skip
    assert found == [("r1", "fw", 60.0, "records")]


def test_a_sensor_exposes_every_run_of_an_address_that_it_has_shown(tmp_path: Path) -> None:
    """A clean run needs no record of its own, only a living sensor that sees its address."""
    owned = {"r1": [A], "r2": [A]}
    covered = alive("fw", "07:00:00", "12:00:00")
    assert [row[0] for row in exposed(tmp_path, SEEN, runs=RUNS, owned=owned, source_coverage=covered)] == ["r1", "r2"]


def test_short_gaps_are_bridged_and_long_ones_are_not(tmp_path: Path) -> None:
    """A sensor that is often quiet for four minutes is not dead then; half an hour of silence is a gap."""
    bursts = [
        row
        for start in range(0, 120, 5)
        if not 30 <= start < 60
        for row in alive("fw", str(at("08:00:00") + timedelta(minutes=start)), str(_minute(start + 1)))
    ]
    runs = {"r1": ("08:00:00", "10:00:00")}
    found = exposed(tmp_path, SEEN, runs=runs, owned={"r1": [A]}, source_coverage=bursts)
    assert found == [("r1", "fw", 26.0, "records"), ("r1", "fw", 56.0, "records")]


def _minute(number: int) -> datetime:
    return at("08:00:00") + timedelta(minutes=number)


def test_a_busy_sensor_is_not_quiet_for_long(tmp_path: Path) -> None:
    """Of a sensor with records every minute for days, ten minutes without any are a gap."""
    covered = [
        *alive("fw", "2026-03-01 00:00:00", "2026-03-02 08:30:00"),
        *alive("fw", "2026-03-02 08:40:00", "2026-03-02 12:00:00"),
    ]
    found = exposed(tmp_path, SEEN, runs=RUNS, owned=OWNED, source_coverage=covered)
    assert found == [("r1", "fw", 20.0, "records"), ("r1", "fw", 30.0, "records")]


def test_a_steady_beat_is_its_own_quiet_time(tmp_path: Path) -> None:
    """Equal gaps are all the quiet time of a sensor that records every third minute."""
    beats = [row for m in range(0, 120, 3) for row in alive("fw", str(_minute(m)), str(_minute(m + 1)))]
    with make_case(tmp_path, [SEEN], source_coverage=beats) as case:
        assert case.sql("SELECT quiet_seconds FROM sensors").scalar() == 120


def test_declared_coverage_joins_recorded_coverage(tmp_path: Path) -> None:
    """What the analyst declares counts where no record is, and once where there are records."""
    declared = {"sensor": "fw", "started_at": at("08:15:00"), "ended_at": at("08:45:00")}
    covered = alive("fw", "08:30:00", "08:50:00")
    assert exposed(
        tmp_path, SEEN, runs=RUNS, owned=OWNED, source_coverage=covered, coverage_declared=[declared]
    ) == [("r1", "fw", 35.0, "declared")]  # fmt: skip


def test_declared_coverage_exposes_a_run_without_addresses(tmp_path: Path) -> None:
    """Of a run that nobody gave addresses to, the analyst's word is all there is."""
    declared = {"sensor": "fw", "started_at": at("08:15:00"), "ended_at": at("08:45:00")}
    assert exposed(tmp_path, runs=RUNS, coverage_declared=[declared]) == [("r1", "fw", 30.0, "declared")]


def test_a_run_that_has_not_ended_is_exposed_as_far_as_the_log_goes(tmp_path: Path) -> None:
    """No end means until now, as the sensor knows it."""
    open_run = {"run_id": "r9", "started_at": at("08:00:00"), "basis": "manifest"}
    leases = [{"ip": A, "owner_kind": "run", "owner_id": "r9", "run_id": "r9"}]
    with make_case(
        tmp_path, [SEEN], leases=leases, source_coverage=alive("fw", "08:00:00", "08:40:00"), runs=None
    ) as case:  # fmt: skip
        assert case.sql("SELECT count(*) FROM exposures").scalar() == 0
        from fwforensics import derive
        from tests.case_builder import frame

        case.append("runs", frame("runs", [open_run]))
        derive.refresh(case, force=True)
        assert case.sql("SELECT seconds FROM exposures").scalar() == 2400.0


def test_no_run_no_exposure(tmp_path: Path) -> None:
    """What a run that was taken back was exposed to goes with it."""
    events = [event("08:00:00", "10.0.0.5 4000", "203.0.113.9 443", "deny")]
    given = {"runs": {"r1": ("07:00", "09:00")}, "owned": {"r1": ["10.0.0.5"]}}
    with make_case(tmp_path, events, **given, source_coverage=alive("fw", "07:00", "09:00")) as case:
        assert case.sql("SELECT count(*) FROM exposures").scalar() == 1
        case.execute("DELETE FROM runs")
        case.execute("DELETE FROM leases")
        derive.refresh(case, force=True)
        assert case.sql("SELECT count(*) FROM exposures").scalar() == 0


def test_any_number_of_threads_gives_the_same_rows(tmp_path: Path) -> None:
    """Enough events for several threads, in conversations of one event and of many."""
    found = []
    with make_case(tmp_path) as case:
        case.execute("""
            INSERT INTO events BY NAME
            SELECT 1 AS source_id, i + 1 AS line_no, 0 AS record_no, 'firewall' AS kind, 'tcp' AS protocol,
                'deny' AS action, TIMESTAMP '2026-03-02 08:00:00' + to_seconds(i // 7) AS ts, 'fw' || (i % 3) AS sensor,
                '10.0.0.' || (i % 4) AS src_ip, i // 9 * 7919 % 40000 + 1024 AS src_port,
                '203.0.113.7' AS dst_ip, 443 AS dst_port
            FROM range(200000) AS r(i)
        """)
        for threads in (1, 4):
            case.use_threads(threads)
            derive.refresh(case, force=True)
            found += case.sql("""
                SELECT count(*) AS n, sum(n_events) AS events, sum(hash(c)) AS rows,
                    (SELECT sum(hash(e)) FROM connection_events AS e) AS members
                FROM connections AS c
            """).rows()
    assert found[0] == found[1]
    assert found[0]["events"] == 200_000 > found[0]["n"]


def test_jobs_are_threads(tmp_path: Path) -> None:
    """Rows are appended by one thread, and the rest is done by as many as were asked for."""
    with writable(tmp_path / "c.duckdb", create=True) as case:
        ingest(case, [str(write_log(tmp_path / "fw.log", 0, 3))], Options(jobs=3))
        assert case.sql("SELECT current_setting('threads')").scalar() == 3
