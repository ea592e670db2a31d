"""The same content is taken once, whatever its name, compression, growth or rotation."""

from __future__ import annotations

import bz2
import gzip
import os
from pathlib import Path

import pytest

from tests.support import MTIME, ask, fwf, iptables_line, one, take, write_log

EVENTS = "SELECT count(*) FROM events"
BALANCED = "SELECT count(*) FROM sources WHERE lines <> parsed + rejects + ignored"


def test_same_content_under_another_name_and_compression_is_skipped(tmp_path: Path) -> None:
    """A copy, compressed or renamed, adds no source and no row."""
    log = write_log(tmp_path / "fw.log", 0, 300)
    (tmp_path / "copy.gz").write_bytes(gzip.compress(log.read_bytes()))
    (tmp_path / "other.bz2").write_bytes(bz2.compress(log.read_bytes()))
    case = tmp_path / "c.duckdb"
    report = take(case, log, tmp_path / "copy.gz", tmp_path / "other.bz2")
    assert [s.status for s in report.sources] == ["new", "duplicate", "duplicate"]
    assert (one(case, EVENTS), one(case, "SELECT count(*) FROM sources")) == (300, 1)


def test_other_options_for_the_same_content_are_refused_with_the_remedy(tmp_path: Path) -> None:
    """Reading the same bytes differently is exit code 2, and --replace does it."""
    log, case = write_log(tmp_path / "fw.log", 0, 50), tmp_path / "c.duckdb"
    take(case, log)
    refused = take(case, log, tz="Europe/Berlin")
    assert refused.exit_code == 2
    assert "--replace" in refused.sources[0].remedy
    take(case, log, tz="Europe/Berlin", replace=True)
    assert ask(case, "SELECT count(*) AS n, min(ts)::VARCHAR AS first FROM events") == [
        {"n": 50, "first": "2026-02-28 23:00:00"}
    ]
    assert one(case, "SELECT count(*) FROM sources") == 1


def test_grown_file_is_continued(tmp_path: Path) -> None:
    """Only the new lines of a grown file are parsed; the old ones are accounted for."""
    log, case = write_log(tmp_path / "fw.log", 0, 400), tmp_path / "c.duckdb"
    take(case, log)
    write_log(log, 0, 1000)
    report = take(case, log)
    assert report.sources[0].status == "continued"
    assert one(case, EVENTS) == 1000
    assert one(case, "SELECT count(DISTINCT (ts, src_ip, src_port)) FROM events") == 1000
    assert ask(case, "SELECT parsed, ignored FROM sources WHERE source_id = 2") == [{"parsed": 600, "ignored": 400}]
    assert one(case, BALANCED) == 0


def test_grown_file_that_had_ended_inside_a_line(tmp_path: Path) -> None:
    """A line that was half written at first is read whole, once."""
    log, case = tmp_path / "fw.log", tmp_path / "c.duckdb"
    whole = "".join(iptables_line(n) + "\n" for n in range(300)).encode()
    log.write_bytes(whole[: len(whole) // 2])
    os.utime(log, (MTIME, MTIME))
    take(case, log)
    log.write_bytes(whole)
    os.utime(log, (MTIME, MTIME))
    take(case, log)
    assert one(case, EVENTS) == 300
    assert one(case, "SELECT count(*) FROM rejects") == 0
    assert one(case, BALANCED) == 0


@pytest.mark.parametrize("names", [("fw.log", "fw.log.1.gz"), ("fw.log.1", "fw.log"), ("fw.log-20260301", "fw.log")])
@pytest.mark.parametrize("newer_first", [True, False])
def test_overlapping_rotations_count_once(tmp_path: Path, names: tuple[str, str], newer_first: bool) -> None:
    """The block that ends one rotation and begins the other is taken from one of them."""
    case = tmp_path / "c.duckdb"
    newer, older = names if names[0] == "fw.log" else names[::-1]
    write_log(tmp_path / "plain", 0, 700)
    content = (tmp_path / "plain").read_bytes()
    (tmp_path / older).write_bytes(gzip.compress(content) if older.endswith("gz") else content)
    (tmp_path / "plain").unlink()
    write_log(tmp_path / newer, 500, 1200)
    for path in (tmp_path / newer, tmp_path / older):
        os.utime(path, (MTIME, MTIME))
    order = [newer, older] if newer_first else [older, newer]
    for name in order:
        take(case, tmp_path / name)
    assert one(case, EVENTS) == 1200
    assert one(case, "SELECT sum(lines) FROM ignored WHERE reason LIKE 'already in source%'") == 200
    assert one(case, BALANCED) == 0


def test_a_short_overlap_or_an_unrelated_file_stays(tmp_path: Path) -> None:
    """Fewer than 100 equal lines, and equal lines in files of other names, are true repeats."""
    case = tmp_path / "c.duckdb"
    write_log(tmp_path / "fw.log.1", 0, 300)
    write_log(tmp_path / "fw.log", 250, 600)
    write_log(tmp_path / "other.log", 150, 450)
    take(case, tmp_path / "fw.log.1", tmp_path / "fw.log", tmp_path / "other.log")
    assert one(case, EVENTS) == 300 + 350 + 300


def test_equal_lines_inside_one_file_stay(tmp_path: Path) -> None:
    """A line that stands there twice happened twice."""
    log = tmp_path / "fw.log"
    log.write_text((iptables_line(1) + "\n") * 7)
    os.utime(log, (MTIME, MTIME))
    take(tmp_path / "c.duckdb", log)
    assert one(tmp_path / "c.duckdb", EVENTS) == 7


def test_sources_remove_takes_everything_with_it(tmp_path: Path) -> None:
    """After a source is removed, the same content can be read again as if it had never been there."""
    from fwforensics import derive, removal
    from fwforensics.store import Case

    log, case = write_log(tmp_path / "fw.log", 0, 50), tmp_path / "c.duckdb"
    take(case, log)
    with Case(case) as opened:
        with opened.transaction():
            removal.remove_rows(opened, 1)
        derive.refresh(opened)
    for table in ("events", "sources", "rejects", "ignored", "connections", "connection_events", "source_coverage"):
        assert one(case, f"SELECT count(*) FROM {table}") == 0, table
    assert take(case, log).sources[0].status == "new"
    assert one(case, EVENTS) == 50


def test_replace_of_a_grown_file_reads_all_of_it_once(tmp_path: Path) -> None:
    """--replace takes the place of the whole chain that a file grew through."""
    log, case = write_log(tmp_path / "fw.log", 0, 100), tmp_path / "c.duckdb"
    take(case, log)
    write_log(log, 0, 200)
    take(case, log)
    take(case, log, replace=True)
    assert one(case, EVENTS) == 200
    assert one(case, "SELECT count(DISTINCT (ts, src_ip, src_port)) FROM events") == 200
    assert one(case, "SELECT count(*) FROM source_skips") == 0


def test_a_source_that_another_leans_on_is_not_removed_alone(tmp_path: Path) -> None:
    """Removing the first part of a grown file would lose it for good: the error says what to remove together."""
    log, case = write_log(tmp_path / "fw.log", 0, 100), tmp_path / "c.duckdb"
    take(case, log)
    write_log(log, 0, 200)
    take(case, log)
    refused = fwf("sources", "remove", "1", "--case", case)
    assert refused.returncode == 2
    assert b"fwf sources remove 1 2" in refused.stderr
    assert fwf("sources", "remove", "1", "2", "--case", case).returncode == 0
    take(case, log)
    assert one(case, EVENTS) == 200


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_grown_text_with_a_byte_order_mark(tmp_path: Path, encoding: str) -> None:
    """Places in decoded text are not places in the file."""
    log, case = tmp_path / "fw.log", tmp_path / "c.duckdb"
    for last in (150, 400):
        log.write_bytes("".join(iptables_line(n) + "\r\n" for n in range(last)).encode(encoding))
        os.utime(log, (MTIME, MTIME))
        take(case, log)
    assert one(case, "SELECT count(DISTINCT (ts, src_ip, src_port)) FROM events WHERE ts IS NOT NULL") == 400
    assert one(case, EVENTS) == 400
    assert one(case, BALANCED) == 0


def test_stdin_twice_is_taken_once(tmp_path: Path) -> None:
    """Stdin is known by its content like any other source."""
    case = tmp_path / "c.duckdb"
    text = "".join(iptables_line(n) + "\n" for n in range(200)).encode()
    for _ in range(2):
        assert fwf("ingest", "-", "--case", case, stdin=text).returncode == 0
    log = tmp_path / "fw.log"
    log.write_bytes(text)
    assert take(case, log).sources[0].status == "duplicate"
    assert one(case, EVENTS) == 200


def test_grown_and_doubled_binary_sources_count_once(tmp_path: Path) -> None:
    """A capture that grew is read anew in its place; two equal files of datagrams are one."""
    from tests.formats import flow_builder as flows

    sample = (Path(flows.__file__).parent.parent.parent / "sample_logs" / "netflow" / "v9.dat").read_bytes()
    folder, case = tmp_path / "dumps", tmp_path / "c.duckdb"
    folder.mkdir()
    for name in ("a.dat", "b.dat"):
        (folder / name).write_bytes(sample)
    take(case, folder)
    first = one(case, EVENTS)
    assert first == 3
    (folder / "a.dat").write_bytes(sample + sample)
    (folder / "b.dat").unlink()
    take(case, folder)
    assert one(case, EVENTS) == 6
    assert one(case, "SELECT count(*) FROM sources") == 1


def test_a_continuation_that_also_overlaps_another_rotation(tmp_path: Path) -> None:
    """Both what came before and what follows are left to the sources that have them."""
    case = tmp_path / "c.duckdb"
    for name, first, last in (("fw.log", 150, 450), ("fw.log-20261123", 0, 100), ("fw.log.1", 0, 300)):
        write_log(tmp_path / name, first, last)
        take(case, tmp_path / name)
    assert one(case, EVENTS) == 450
    assert one(case, BALANCED) == 0


def test_year_counts_on_in_a_grown_file(tmp_path: Path) -> None:
    """A New Year between two ingests of one file is seen."""
    log, case = tmp_path / "fw.log", tmp_path / "c.duckdb"
    line = "{} gw1 kernel: DROP IN=a OUT=b SRC=10.0.0.1 DST=192.0.2.1 LEN=60 TTL=63 PROTO=TCP SPT=1 DPT=2 SYN \n"
    log.write_text("".join(line.format(f"Dec 31 23:{m}:00") for m in range(10, 60)))
    take(case, log, year=2024)
    with log.open("a") as f:
        f.write(line.format("Jan  1 00:00:01"))
    take(case, log, year=2024)
    assert one(case, "SELECT max(ts)::VARCHAR FROM events") == "2025-01-01 00:00:01"


def test_a_cut_file_that_is_whole_later(tmp_path: Path) -> None:
    """The half line and the note of the damage go when the whole file comes."""
    log, case = tmp_path / "fw.log.gz", tmp_path / "c.duckdb"
    text = "".join(iptables_line(n) + "\n" for n in range(3000)).encode()
    whole = gzip.compress(text)
    for data in (whole[: len(whole) // 2], whole):
        log.write_bytes(data)
        os.utime(log, (MTIME, MTIME))
        take(case, log)
    assert one(case, EVENTS) == 3000
    assert one(case, "SELECT count(*) FROM rejects") == 0
    assert one(case, BALANCED) == 0


def test_files_named_by_address_are_different_sensors() -> None:
    """`10.0.0.1` and `10.0.0.2` are no rotations of `10`."""
    from fwforensics.overlap import rotation_stem

    assert rotation_stem("10.0.0.1") == "10.0.0.1"
    assert rotation_stem("10.0.0.1.log.2.gz") == "10.0.0.1.log"
    assert rotation_stem("fw.log-20260101.gz") == "fw.log"


def test_only_rotations_that_can_overlap_are_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many siblings, only those whose first or last lines stand in the new one are opened a second time."""
    from fwforensics import overlap

    opened: list[int] = []
    again = overlap._again

    def counted(earlier: overlap._Earlier) -> object:
        opened.append(earlier.source_id)
        return again(earlier)

    monkeypatch.setattr(overlap, "_again", counted)
    case = tmp_path / "c.duckdb"
    for number, first in enumerate((0, 700, 1400, 2100, 2500), 1):  # the last two share 200 lines
        write_log(tmp_path / f"fw.log.{6 - number}", first, first + 600)
        take(case, tmp_path / f"fw.log.{6 - number}")
    assert opened == [4]
    assert one(case, EVENTS) == 600 * 5 - 200


def test_fingerprints_stand_for_whole_lines_at_both_ends() -> None:
    """Runs of lines, wherever they stand; a half line at the end rules an overlap out, short content too."""
    from fwforensics import edges

    lines = [b"%d\n" % n for n in range(300)]
    opening, closing = edges.of(b"".join(lines), b"".join(lines), 100)
    assert opening in edges.runs(b"".join(lines[-2:] + lines[:8]))
    assert opening not in edges.runs(b"".join(lines[:7]))
    assert closing in edges.runs(b"".join(lines[100:]))
    assert closing not in edges.runs(b"".join(lines[:-1]))
    assert edges.of(b"".join(lines), b"".join(lines) + b"x", 100)[1] == edges.NEVER
    assert edges.of(b"a\n" * 99, b"a\n" * 99, 100) == (edges.NEVER, edges.NEVER)
    assert edges.of(b"x" * 64, b"x" * 64 + b"\n", 100) == (None, None)
    monsters = b"".join(b"%d" % n * (1 << 20) + b"\n" for n in range(20))
    assert len(edges.runs(monsters)) == 13


def test_a_damaged_file_is_no_copy_of_what_could_be_read_of_it(tmp_path: Path) -> None:
    """What is left of it is in the case already; that the rest is lost is told, once, and counted."""
    case, log = tmp_path / "c.duckdb", write_log(tmp_path / "a.log", 0, 200)
    take(case, log)
    whole = gzip.compress(log.read_bytes(), mtime=0)
    cut = tmp_path / "other.gz"
    cut.write_bytes(whole[:-8])  # all of the data, without the trailer that proves it
    [report] = take(case, cut).sources
    assert (report.status, report.rejects, report.ignored) == ("continued", 1, 200)
    assert "lost" in report.message
    assert [s.status for s in take(case, cut).sources] == ["duplicate"]
    assert one(case, EVENTS) == 200
    assert one(case, BALANCED) == 0
