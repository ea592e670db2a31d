"""Small cases made by hand: rows as dictionaries, times as hours of one day."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from fwforensics import derive
from fwforensics.blank import writable
from fwforensics.schema import TABLES
from fwforensics.store import Case

DAY = "2026-03-02"


def at(clock: str) -> datetime:
    """A time of the one day, or a full time."""
    return datetime.fromisoformat(clock if "-" in clock else f"{DAY} {clock}")


def frame(table: str, rows: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    """Rows of a table with its types; only the columns that the rows have."""
    rows = list(rows)
    names = {name for row in rows for name in row}
    assert names <= set(TABLES[table].names), names - set(TABLES[table].names)
    schema = {k: v for k, v in TABLES[table].dtypes.items() if k in names}
    return pl.DataFrame([{k: row.get(k) for k in schema} for row in rows], schema=schema, orient="row")


def event(clock: str, src: str, dst: str, action: str | None = None, **more: Any) -> dict[str, Any]:
    """One event; ends are `address` or `address port`."""
    (src_ip, _, src_port), (dst_ip, _, dst_port) = src.partition(" "), dst.partition(" ")
    row: dict[str, Any] = {
        "ts": at(clock), "kind": "firewall", "sensor": "fw", "action": action, "protocol": "tcp",
        "src_ip": src_ip, "src_port": int(src_port) if src_port else None,
        "dst_ip": dst_ip, "dst_port": int(dst_port) if dst_port else None,
        "source_id": 1, "record_no": 0, "n_lines": 1, "repeat_count": 1,
    }  # fmt: skip
    if "ts_end" in more:
        more["ts_end"] = at(more["ts_end"])
    return row | more


def alive(sensor: str, start: str, end: str, *, only_events: bool = False, **more: Any) -> list[dict[str, Any]]:
    """Two records a minute from `start` up to `end`; none of them an event, unless all are."""
    minutes = int((at(end) - at(start)).total_seconds() // 60)
    return [
        {"source_id": 1, "sensor": sensor, "bucket": at(start) + timedelta(minutes=m), "records": 2,
         "events": 2 if only_events else 0, "lost": 0} | more
        for m in range(minutes)
    ]  # fmt: skip


def copied(path: Path, folder: Path) -> Case:
    """A copy of a case, to be changed."""
    case = Case(shutil.copy(path, folder / "case.duckdb"))
    case.execute("SET threads = 1")
    return case


def make_case(
    folder: Path,
    events: Sequence[Mapping[str, Any]] = (),
    *,
    runs: Mapping[str, tuple[str, str]] | None = None,
    owned: Mapping[str, Sequence[str]] | None = None,
    **tables: Sequence[Mapping[str, Any]],
) -> Case:
    """A case with these rows, brought up to date; `owned` says which addresses a run has all the time."""
    case = writable(folder / "case.duckdb", create=True)
    case.execute("SET threads = 1")
    case.append("sources", frame("sources", [{"source_id": 1, "path": "fw.log", "sha256": "0" * 64}]))
    numbered = [{"line_no": n, **row} for n, row in enumerate(events, 1)]
    if numbered:
        case.append("events", frame("events", numbered))
    spans = [
        {"run_id": run, "started_at": at(start), "ended_at": at(end), "basis": "manifest"}
        for run, (start, end) in (runs or {}).items()
    ]
    leases = [
        {"ip": ip, "owner_kind": "run", "owner_id": run, "run_id": run}
        for run, addresses in (owned or {}).items()
        for ip in addresses
    ]
    for table, rows in {"runs": spans, "leases": leases, **tables}.items():
        if rows:
            case.append(table, frame(table, rows))
    derive.refresh(case, force=True)
    return case
