"""The safelist hides, counts and shows; it drops nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fwforensics import hunt as hunting
from fwforensics import safelist
from fwforensics.errors import UsageError
from fwforensics.store import Case, now
from tests.case_builder import copied, event, make_case
from tests.support import fwf

AGENT, BACKUP, DB, POOL, CDN = "10.0.0.5", "10.0.0.6", "10.0.9.45", "203.0.113.9", "198.51.100.20"
RUNS = {"r1": ("08:00:00", "09:00:00"), "r2": ("10:00:00", "11:00:00")}
EVENTS = [
    *(event(f"{h}:10:00", f"{BACKUP} 400{h}", f"{DB} 5432", "deny") for h in ("08", "10")),
    event("08:20:00", f"{AGENT} 4101", f"{DB} 5432", "deny"),
    *(event(f"{h}:30:00", f"{AGENT} 420{h}", f"{POOL} 3333", "deny") for h in ("08", "10")),
    event("08:40:00", f"{AGENT} 4301", f"{CDN} 8081", "deny", dst_name="files.cdn.example.com"),
]
WHY: dict[str, Any] = {"reason": "known", "owner": "ops"}


@pytest.fixture(scope="module")
def hunted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    owned = {"r1": [AGENT, BACKUP], "r2": [AGENT, BACKUP]}
    with make_case(tmp_path_factory.mktemp("hunted"), EVENTS, runs=RUNS, owned=owned) as made:
        hunting.hunt(made)
        return made.path


@pytest.fixture
def case(hunted: Path, tmp_path: Path) -> Iterator[Case]:
    with copied(hunted, tmp_path) as made:
        yield made


def hidden_lines(case: Case) -> set[int]:
    """Lines of the events of the violations that are hidden."""
    rows = case.sql(
        "SELECT DISTINCT line_no FROM violation_events JOIN violations USING (violation_id) "
        "WHERE suppressed_by IS NOT NULL"
    ).rows()
    return {row["line_no"] for row in rows}


@pytest.mark.parametrize(
    ("value", "given", "hides"),
    [
        (DB, {}, {1, 2, 3}),
        (BACKUP, {"side": "client"}, {1, 2}),
        (BACKUP, {"side": "server"}, set()),
        ("203.0.113.0/24", {}, {4, 5}),
        ("10.0.0.0/16", {"side": "client", "port": 5432}, {1, 2, 3}),
        ("cdn.example.com", {}, {6}),
        ("dn.example.com", {}, set()),
        ("3333", {}, {4, 5}),
        ("3333/udp", {}, set()),
        ("denied-internal", {}, {1, 2, 3}),
        (POOL, {"detection": "denied-internal"}, set()),
    ],
)  # fmt: skip
def test_what_an_entry_hides(case: Case, value: str, given: dict[str, Any], hides: set[int]) -> None:
    """By address, network, side, domain with what is below it, port and detection; test says it before it is done."""
    entry = safelist.entry(value, **given, **WHY)
    foretold = safelist.test(case, entry)
    safelist.add(case, entry)
    assert hidden_lines(case) == hides
    assert foretold["would_hide"].sum() == safelist.hidden(case)["violations"]


def test_nothing_is_dropped(case: Case) -> None:
    """What is hidden is still a violation with its events, and comes back with the entry's removal."""
    before = case.sql("SELECT count(*) FROM violations").scalar()
    entry_id = safelist.add(case, safelist.entry(DB, **WHY))
    assert case.sql("SELECT count(*) FROM violations").scalar() == before
    shown = hunting.findings(case)
    assert "5432/tcp" not in set(shown["service"])
    assert "5432/tcp" in set(hunting.findings(case, hidden_too=True)["service"])
    safelist.remove(case, entry_id)
    assert "5432/tcp" in set(hunting.findings(case)["service"])
    assert not hidden_lines(case)


def test_statistics_are_without_what_is_hidden(case: Case) -> None:
    """A new hunt makes two patterns: the rest, with runs of its own, and what is hidden."""
    safelist.add(case, safelist.entry(BACKUP, side="client", **WHY))
    assert safelist.hidden(case)["mixed"] == 1
    outcome = hunting.hunt(case)
    (visible,) = outcome.patterns.filter(service="5432/tcp").to_dicts()
    assert (visible["runs_hit"], visible["hosts"], visible["n_suppressed"]) == (1, [AGENT], 2)
    (hidden,) = hunting.findings(case, hidden_too=True).filter(service="5432/tcp", runs_hit=2).to_dicts()
    assert hidden["hosts"] == [BACKUP]
    assert dict(outcome.hidden) == {"violations": 2, "patterns": 1, "mixed": 0}


def test_ids_do_not_change_by_what_is_hidden_elsewhere(case: Case) -> None:
    """A pattern keeps its name when an entry hides a part of it."""
    before = set(hunting.findings(case)["pattern_id"])
    safelist.add(case, safelist.entry(BACKUP, side="client", **WHY))
    assert set(hunting.hunt(case).patterns["pattern_id"]) == before


def test_an_expired_entry_hides_nothing(case: Case) -> None:
    """Neither when it is added late, nor when it expires after a hunt."""
    safelist.add(case, safelist.entry(DB, expires_at=now() - timedelta(days=1), **WHY))
    assert not hidden_lines(case)
    safelist.add(case, safelist.entry(DB, expires_at=now() + timedelta(days=1), **WHY))
    assert hidden_lines(case) == {1, 2, 3}
    case.execute("UPDATE safelist SET expires_at = ?", [datetime(2020, 1, 1)])  # noqa: DTZ001 (UTC, as the case holds it)
    assert "5432/tcp" in set(hunting.findings(case)["service"])
    assert safelist.hidden(case)["violations"] == 0
    assert not hunting.hunt(case).hidden["violations"]


def test_changes_are_audited(case: Case) -> None:
    """Who accepted what, and why, and who took it back."""
    safelist.remove(case, safelist.add(case, safelist.entry(POOL, **WHY)))
    rows = case.sql("SELECT command, arguments FROM audit WHERE command LIKE 'safelist%' ORDER BY logged_at").rows()
    assert [r["command"] for r in rows] == ["safelist add", "safelist remove"]
    assert POOL in rows[0]["arguments"] and "known" in rows[0]["arguments"]


@pytest.mark.parametrize(
    ("value", "given"),
    [
        ("99999", {}),
        ("nowhere", {}),
        ("10.0.0.1", {"side": "left"}),
        ("3333", {"side": "client"}),
        ("10.0.0.1", {"kind": "x"}),
    ],
)
def test_what_cannot_be_accepted(value: str, given: dict[str, Any]) -> None:
    """A wrong port, an unknown detection, side or kind is said."""
    with pytest.raises(UsageError):
        safelist.entry(value, **given, **WHY)


def test_the_command(tmp_path: Path) -> None:
    """Reason and owner are asked for; hidden rows are counted in every format and shown on demand."""
    with make_case(tmp_path, EVENTS, runs=RUNS) as made:
        hunting.hunt(made)
    at = ["--case", tmp_path / "case.duckdb"]
    assert fwf("safelist", "add", DB, *at).returncode == 2
    tested = fwf("safelist", "test", DB, *at, "--json")
    assert tested.returncode == 0 and b'"would_hide": 3' in tested.stdout
    added = fwf("safelist", "add", DB, "--reason", "backup", "--owner", "dba", "--expires", "2099-01-01", *at)
    assert added.returncode == 0 and b"hides 3 violations" in added.stderr
    listed = fwf("safelist", *at, "--json")
    assert b'"owner": "dba"' in listed.stdout and b'"violations": 3' in listed.stdout
    hunted = fwf("hunt", *at, "--json")
    assert b"hidden by the safelist: 3 violations" in hunted.stderr and b"5432/tcp" not in hunted.stdout
    shown = fwf("hunt", "--show-suppressed", *at, "--json")
    assert b"5432/tcp" in shown.stdout and b'"suppressed_by": "S-' in shown.stdout
