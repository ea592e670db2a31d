"""Translations told by beginnings and ends, as the intervals in which un-NAT looks them up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fwforensics import queries
from tests.case_builder import at, make_case

ENDS = {
    "source_id": 1, "record_no": 0, "sensor": "gw", "protocol": "tcp",
    "orig_src_ip": "172.17.0.2", "orig_src_port": 5000, "orig_dst_ip": "203.0.113.9", "orig_dst_port": 443,
    "new_src_ip": "192.0.2.1", "new_src_port": 40001, "new_dst_ip": "203.0.113.9", "new_dst_port": 443,
}  # fmt: skip


def intervals(folder: Path, *told: tuple[str | None, str | None, dict[str, Any]]) -> list[tuple[str, str, str]]:
    """Source, beginning and end of each mapping made of these records."""
    rows = [
        {**ENDS, "line_no": n, "started_at": at(start) if start else None, "ended_at": at(end) if end else None, **more}
        for n, (start, end, more) in enumerate(told, 1)
    ]
    case = make_case(folder, translations=rows)
    queries.run_build(case, "mappings")
    found = case.sql("SELECT orig_src_ip, low, high FROM mappings ORDER BY low NULLS FIRST, high NULLS LAST").rows()
    return [(r["orig_src_ip"], *(str(r[k])[11:19] if r[k] else "" for k in ("low", "high"))) for r in found]


OTHER = {"orig_src_ip": "172.17.0.3"}


def test_a_beginning_and_its_end_are_one_mapping(tmp_path: Path) -> None:
    """Two uses of the same ends are two mappings."""
    found = intervals(
        tmp_path,
        ("01:00:00", None, {}), (None, "01:01:00", {}), ("02:00:00", None, {}), (None, "02:01:00", {}),
    )  # fmt: skip
    assert found == [("172.17.0.2", "01:00:00", "01:01:00"), ("172.17.0.2", "02:00:00", "02:01:00")]


def test_a_start_worked_out_of_a_duration_does_not_cut_the_mapping_in_two(tmp_path: Path) -> None:
    """It may be late by as much as the end is; a much later one is another use."""
    assert intervals(tmp_path, ("01:00:00", None, {}), ("01:00:40", "01:01:40", {})) == [
        ("172.17.0.2", "01:00:00", "01:01:40")
    ]


def test_an_end_without_its_beginning_reaches_back_to_the_use_before(tmp_path: Path) -> None:
    """The device gives translated ends to one at a time, so that a look-up in between has one answer."""
    found = intervals(tmp_path, (None, "01:01:00", {}), (None, "02:01:00", OTHER), (None, "03:01:00", {}))
    assert found == [
        ("172.17.0.2", "", "01:01:00"), ("172.17.0.3", "01:01:00", "02:01:00"), ("172.17.0.2", "02:01:00", "03:01:00"),
    ]  # fmt: skip


def test_a_beginning_without_its_end_reaches_to_the_next_use(tmp_path: Path) -> None:
    """The last one stays open."""
    found = intervals(tmp_path, ("01:00:00", None, {}), ("02:00:00", None, OTHER))
    assert found == [("172.17.0.2", "01:00:00", "02:00:00"), ("172.17.0.3", "02:00:00", "")]


def test_what_has_no_ports_and_what_has_no_time_bounds_nothing(tmp_path: Path) -> None:
    """Several may share an address at a time; a snapshot says nothing of when."""
    portless = {"orig_src_port": None, "new_src_port": None, "protocol": "icmp"}
    found = intervals(tmp_path, (None, "01:01:00", portless), (None, "02:01:00", portless | OTHER), (None, None, OTHER))
    assert found == [("172.17.0.2", "", "01:01:00"), ("172.17.0.3", "", "02:01:00"), ("172.17.0.3", "", "")]
