"""Zones and years: what is assumed is recorded, and New Year and 29 February come out right."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support import ask, one, take

LINE = "{} gw1 kernel: DROP IN=a OUT=b SRC=10.0.0.1 DST=192.0.2.1 LEN=60 TTL=63 PROTO=TCP SPT=1 DPT=2 SYN \n"


def case_of(tmp_path: Path, stamps: list[str], modified: datetime, **options: object) -> Path:
    """Ingest one line a stamp from a file of that age."""
    log, case = tmp_path / "fw.log", tmp_path / "c.duckdb"
    log.write_text("".join(LINE.format(s) for s in stamps))
    os.utime(log, (modified.timestamp(),) * 2)
    take(case, log, **options)
    return case


def times(case: Path) -> list[str]:
    """Times of the events in line order."""
    return [r["t"] for r in ask(case, "SELECT ts::VARCHAR AS t FROM events ORDER BY line_no")]


def test_new_year_by_the_age_of_the_file(tmp_path: Path) -> None:
    """December before a January file is last year's."""
    case = case_of(tmp_path, ["Dec 31 23:59:58", "Jan  1 00:00:01"], datetime(2026, 1, 1, 0, 5, tzinfo=UTC))
    assert times(case) == ["2025-12-31 23:59:58", "2026-01-01 00:00:01"]
    assert one(case, "SELECT year_basis || ' ' || tz_basis FROM sources") == "mtime default"


def test_new_year_counted_on_from_the_option(tmp_path: Path) -> None:
    """--year is that of the first record."""
    stamps = ["Dec 30 10:00:00", "Dec 31 23:59:58", "Jan  1 00:00:01", "Feb 29 12:00:00"]
    case = case_of(tmp_path, stamps, datetime(2026, 6, 1, tzinfo=UTC), year=2023)
    assert times(case) == ["2023-12-30 10:00:00", "2023-12-31 23:59:58", "2024-01-01 00:00:01", "2024-02-29 12:00:00"]
    assert one(case, "SELECT year_basis FROM sources") == "option"


def test_leap_day_is_the_last_one_there_was(tmp_path: Path) -> None:
    """29 February of a file from 2026 was in 2024."""
    assert times(case_of(tmp_path, ["Feb 29 10:00:00"], datetime(2026, 5, 1, tzinfo=UTC))) == ["2024-02-29 10:00:00"]


def test_zone_and_the_hours_that_summer_time_skips_and_repeats(tmp_path: Path) -> None:
    """Local times are read in --tz; a skipped hour keeps the offset before it, a repeated one is its first."""
    stamps = ["2026-03-29 01:59:59", "2026-03-29 02:30:00", "2026-03-29 03:00:00", "2026-10-25 02:30:00"]
    case = case_of(tmp_path, stamps, datetime(2026, 11, 1, tzinfo=UTC), tz="Europe/Berlin")
    assert times(case) == ["2026-03-29 00:59:59", "2026-03-29 01:30:00", "2026-03-29 01:00:00", "2026-10-25 00:30:00"]
    assert one(case, "SELECT tz || ' ' || tz_basis FROM sources") == "Europe/Berlin option"


def test_a_zone_in_the_record_wins(tmp_path: Path) -> None:
    """--tz touches no time that has a zone."""
    case = case_of(tmp_path, ["2026-03-01T12:00:00+05:30"], datetime(2026, 11, 1, tzinfo=UTC), tz="Europe/Berlin")
    assert times(case) == ["2026-03-01 06:30:00"]
    assert one(case, "SELECT tz_basis || ' ' || year_basis FROM sources") == "explicit explicit"


@pytest.mark.parametrize("stamp", ["Feb 30 10:00:00", "Foo 12 10:00:00", "2026-13-01T00:00:00Z", "Jan  1 25:00:00"])
def test_a_time_that_never_was_is_null(tmp_path: Path, stamp: str) -> None:
    """An impossible time is no time; the record stays."""
    case = case_of(tmp_path, [stamp], datetime(2026, 11, 1, tzinfo=UTC))
    assert ask(case, "SELECT ts, src_ip FROM events") == [{"ts": None, "src_ip": "10.0.0.1"}]
