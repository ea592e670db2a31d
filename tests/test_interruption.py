"""Killed at any moment, the case opens, and the same command finishes the job with the same rows."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from fwforensics.errors import CaseError
from fwforensics.store import Case
from tests.support import fwf, fwf_process, one, write_log

DIGEST = """
SELECT
    (SELECT count(*) || ':' || sum(hash(source_id, line_no, ts, sensor, src_ip, dst_ip, src_port, extra)) FROM events)
    || '/' || (SELECT count(*) || ':' || sum(hash(connection_id, client_ip, server_ip, first_ts)) FROM connections)
    || '/' || (SELECT string_agg(source_id || ':' || lines || ':' || sha256, ',' ORDER BY source_id) FROM sources)
"""


def start(evidence: Path, case: Path) -> subprocess.Popen[bytes]:
    """Begin an ingest in a process of its own."""
    command = [sys.executable, "-m", "fwforensics", "ingest", str(evidence), "--case", str(case)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with sources of different sizes."""
    folder = tmp_path_factory.mktemp("evidence")
    for number, size in enumerate((2000, 15000, 500, 20000, 10)):
        write_log(folder / f"dev{number}.log", number * 100_000, number * 100_000 + size)
    return folder


@pytest.fixture(scope="module")
def undisturbed(evidence: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, float]:
    """What an undisturbed run gives, and how long it takes."""
    case = tmp_path_factory.mktemp("reference") / "c.duckdb"
    began = time.monotonic()
    assert start(evidence, case).wait() == 0
    return one(case, DIGEST), time.monotonic() - began


@pytest.mark.parametrize("seed", range(3))
def test_kill_and_repeat_gives_the_rows_of_an_undisturbed_run(
    evidence: Path, undisturbed: tuple[str, float], tmp_path: Path, seed: int
) -> None:
    """Kill -9 at random moments, several times over, leaves nothing behind but what was committed."""
    expected, seconds = undisturbed
    case = tmp_path / "c.duckdb"
    dice = random.Random(seed)
    for _ in range(3):
        process = start(evidence, case)
        time.sleep(dice.uniform(0.1, 0.95) * seconds)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert start(evidence, case).wait() == 0
    assert one(case, DIGEST) == expected


def test_interrupt_exits_130_and_keeps_the_case(evidence: Path, tmp_path: Path) -> None:
    """Ctrl-C is exit code 130, and the case opens."""
    case = tmp_path / "c.duckdb"
    process = start(evidence, case)
    while not case.exists():
        time.sleep(0.05)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    code = process.wait()
    assert code in (0, 130)
    assert fwf("info", "--case", case).returncode == 0


def test_a_case_that_was_interrupted_before_it_had_views_gets_them(tmp_path: Path) -> None:
    """The tables are there and the canned queries are not: whatever looks at it first completes it."""
    from fwforensics.store import Case

    Case(tmp_path / "c.duckdb", create=True).close()
    done = fwf("info", "--case", tmp_path / "c.duckdb")
    assert done.returncode == 0, done.stderr
    assert fwf("sql", "FROM top_talkers()", "--case", tmp_path / "c.duckdb").returncode == 0


def test_second_writer_is_told_so(tmp_path: Path) -> None:
    """A process that comes second gets one clear sentence with the case's name, and no stack trace."""
    from fwforensics.store import Case

    case = tmp_path / "c.duckdb"
    log = write_log(tmp_path / "fw.log", 0, 10)
    with Case(case, create=True):
        for command in (("ingest", log), ("info",), ("sql", "SELECT 1")):
            result = fwf_process(*command, "--case", case)
            assert result.returncode == 1
            text = result.stderr.decode()
            assert "the case is open in process" in text
            assert str(case) in text
            assert "Traceback" not in text


def test_a_case_whose_making_was_interrupted_is_made(tmp_path: Path) -> None:
    """A database file without tables is no foreign file, but a case that was killed while it was made."""
    import duckdb

    case = tmp_path / "c.duckdb"
    duckdb.connect(str(case)).close()
    log = write_log(tmp_path / "fw.log", 0, 10)
    assert fwf("ingest", log, "--case", case).returncode == 0
    assert fwf("query", "denied-pairs", "--case", case).returncode == 0


def test_a_case_without_a_table_is_made_by_whoever_looks_at_it(tmp_path: Path) -> None:
    """An interruption before the first table leaves an empty database: it is a case of nothing, not a foreign file."""
    case = tmp_path / "c.duckdb"
    duckdb.connect(str(case)).close()
    shown = fwf("info", "--case", case)
    assert shown.returncode == 0, shown.stderr
    duckdb.connect(str(tmp_path / "d.duckdb")).close()
    with pytest.raises(CaseError, match="interrupted"):
        Case(tmp_path / "d.duckdb", read_only=True)
