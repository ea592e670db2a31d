"""ECS and OCSF: what is special about reading a schema back."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl

from fwforensics.samples import CHECKOUT
from tests.formats.support import rows
from tests.support import ask, take

ECS = {
    "@timestamp": "2026-05-03T10:00:00Z", "ecs": {"version": "8.11.0"}, "event": {"action": "denied"},
    "source": {"ip": "10.0.0.1", "geo": {"city": "x"}}, "destination": {"ip": "203.0.113.1"},
}  # fmt: skip


def test_ecs_nested_and_dotted_keys_in_one_file() -> None:
    """Whichever form a record has, its fields are found."""
    dotted = {**ECS, "source.ip": "10.0.0.2", "destination.ip": "203.0.113.2"}
    del dotted["source"], dotted["destination"]
    found = rows("\n".join(json.dumps(r) for r in (ECS, dotted, {"_source": ECS})))
    assert [r["src_ip"] for r in found] == ["10.0.0.1", "10.0.0.2", "10.0.0.1"]
    assert {r["action"] for r in found} == {"deny"}


def test_ocsf_parquet_is_read_as_its_json(tmp_path: Path) -> None:
    """The same events in structures of columns give the same rows, whatever the file is called."""
    sample = CHECKOUT / "ocsf" / "basic.log"
    records = [json.loads(line) for line in sample.read_text().splitlines()[:5]]
    pl.from_dicts(records, infer_schema_length=None).write_parquet(tmp_path / "lake.parquet")
    (tmp_path / "x.log").write_text("".join(json.dumps(r) + "\n" for r in records))
    take(tmp_path / "c.duckdb", tmp_path / "lake.parquet", tmp_path / "x.log")
    columns = "source_id, line_no, * EXCLUDE (source_id, line_no, extra)"
    found = ask(tmp_path / "c.duckdb", f"SELECT {columns} FROM events ORDER BY ALL")
    first, second = found[:5], found[5:]
    assert [{**r, "source_id": 0} for r in first] == [{**r, "source_id": 0} for r in second]
    assert {s["format"] for s in ask(tmp_path / "c.duckdb", "SELECT format FROM sources")} == {"ocsf", "ocsf_parquet"}
