"""Our own tables read back, and Parquet."""

from __future__ import annotations

import io
from datetime import datetime

import polars as pl
import pytest

from fwforensics.formats._finish import finish
from fwforensics.formats._format import Context
from fwforensics.formats._parquet import Parquet, row_at
from fwforensics.schema import TABLES
from tests.formats.support import parse_text, rows

EVENT = {
    "ts": datetime(2026, 11, 24, 0, 48, 20, 500000),  # noqa: DTZ001
    "kind": "firewall", "action": "deny", "protocol": "tcp", "src_ip": "10.0.0.1", "src_port": 40000,
    "dst_ip": "2001:db8::1", "dst_port": 443,
    "bytes": 60, "bytes_out": 60, "duration": 1.5, "rule": 'a,"b" c', "repeat_count": 3,
    "extra": '{"ttl":"64","note":"x \\"y\\""}',
}  # fmt: skip


def exported(kind: str) -> bytes:
    """One event as `fwf export` writes it."""
    columns = TABLES["events"].columns
    frame = pl.DataFrame({c.name: pl.Series([EVENT.get(c.name)], dtype=c.dtype) for c in columns})
    out = io.BytesIO()
    if kind == "parquet":
        frame.write_parquet(out)
        return out.getvalue()
    frame = frame.with_columns(pl.col("ts").dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ"))
    frame.write_csv(out) if kind == "csv" else frame.write_ndjson(out)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_an_export_comes_back_as_it_was(kind: str) -> None:
    """All columns but provenance survive, extra included."""
    (row,) = rows(exported(kind))
    assert {k: v for k, v in row.items() if k != "line_no"} == EVENT


def test_an_export_to_parquet_comes_back_as_it_was() -> None:
    """Likewise; the row itself is the evidence."""
    content = exported("parquet")
    (decoded,) = Parquet(Context()).feed(1, io.BytesIO(content))
    (row,) = finish(decoded.frames["events"], "events").to_dicts()
    assert {k: v for k, v in row.items() if v is not None and k not in ("line_no", "record_no")} == EVENT
    assert (decoded.units, decoded.parsed) == (1, 1)
    assert b"2001:db8::1" in (row_at(io.BytesIO(content), 1) or b"")


def test_traces_are_activity_under_their_usual_names() -> None:
    """A tool makes a tool call, an episode without one an episode, a manifest's line a run."""
    call, episode, run = rows(
        '{"run_id":"r","episode_id":"e","tool_name":"bash","start":"2026-11-24T01:48:20+01:00","sandbox_ip":"172.17.0.2",'
        '"exit_code":1}\n'
        '{"run_id":"r","episode_id":"e","start_ts":1795481300,"end_ts":1795481301}\n'
        '{"run_id":"r","start":"2026-11-24T00:48:20Z","hosts":["a","b"]}\n',
        "activity",
    )
    assert (call["kind"], call["tool"], call["ip"], call["status"]) == ("tool_call", "bash", "172.17.0.2", "1")
    assert call["started_at"] == episode["started_at"] == run["started_at"] == datetime(2026, 11, 24, 0, 48, 20)  # noqa: DTZ001
    assert (episode["kind"], run["kind"], run["extra"]) == ("episode", "run", '{"hosts":["a","b"]}')


def test_words_that_no_list_knows_go_to_extra() -> None:
    """They are no error, and no column holds them."""
    (event,) = rows("ts,src_ip,dst_ip,action\n2026-11-24T00:48:20Z,10.0.0.1,10.0.0.2,quarantine\n")
    (activity,) = rows('{"run_id":"r","start":"2026-11-24T00:48:20Z","kind":"daemon"}\n', "activity")
    assert (event.get("action"), event["extra"]) == (None, '{"action":"quarantine"}')
    assert (activity.get("kind"), activity["extra"]) == (None, '{"kind":"daemon"}')


@pytest.mark.parametrize(
    ("text", "table"),
    [
        ("ip,owner_kind,owner_id\n10.0.0.1,pod,p\n", "leases"),
        ("orig_src_ip,new_src_ip\n10.0.0.1,192.0.2.1\n", "translations"),
        ("ts,gpu,utilization\n2026-11-24T00:48:20Z,0,99\n", "gpu_samples"),
    ],
)
def test_the_columns_say_which_table(text: str, table: str) -> None:
    """One row, in that table and no other."""
    batch = parse_text(text)
    assert list(batch.frames) == [table]
    assert batch.parsed == 1


@pytest.mark.parametrize("content", [b"PAR1 and no more", b"PAR1" + bytes(64) + b"PAR1"])
def test_damaged_parquet_is_a_reject(content: bytes) -> None:
    """It raises nothing."""
    (decoded,) = Parquet(Context()).feed(1, io.BytesIO(content))
    assert decoded.rejects is not None
    assert (decoded.units, decoded.rejects.height) == (1, 1)
