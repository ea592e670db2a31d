"""Mapping files: foreign records into canonical columns."""

from __future__ import annotations

from pathlib import Path

import pytest

from fwforensics.errors import UsageError
from fwforensics.formats._cells import cells
from fwforensics.formats._mapped import mapped_format
from tests.support import ask, fwf, take

CSV = """
layout = "csv"
delimiter = ";"
[columns]
run_id = "training run"
tool = "fn"
command = ["cmd", "args"]
started_at = { field = "begin", format = "%d.%m.%Y %H:%M:%S" }
status = { field = "rc", words = { "0" = "ok" } }
host = { value = "train1" }
"""


def _take(tmp_path: Path, mapping: str, text: str, **options: object) -> Path:
    (tmp_path / "in.txt").write_text(text)
    take(tmp_path / "c.duckdb", tmp_path / "in.txt", mapping=("m.toml", mapping), **options)
    return tmp_path / "c.duckdb"


def test_a_csv_of_other_columns_is_activity(tmp_path: Path) -> None:
    """Own names, delimiter, time format and words; what is not mapped goes to extra."""
    text = (
        "training run;fn;cmd;args;begin;rc;note\n"
        'r1;bash;"ls; pwd";;01.03.2026 08:00:00;0;x\nr1;py;;print(1);01.03.2026 08:00:05;7;y\nr1;cut\n'
    )
    case = _take(tmp_path, CSV, text, tz="Europe/Berlin")
    query = "SELECT run_id, kind, command, host, status, started_at::VARCHAR AS s, extra->>'note' AS n FROM activity"
    rows = ask(case, f"{query} ORDER BY line_no")
    common = {"run_id": "r1", "kind": "tool_call", "host": "train1"}
    assert rows[:2] == [
        common | {"command": "ls; pwd", "status": "ok", "s": "2026-03-01 07:00:00", "n": "x"},
        common | {"command": "print(1)", "status": "7", "s": "2026-03-01 07:00:05", "n": "y"},
    ]
    assert ask(case, "SELECT lines = parsed + rejects + ignored AS ok FROM sources") == [{"ok": True}]


def test_json_with_nested_fields_is_events(tmp_path: Path) -> None:
    """A dotted name goes into an object."""
    mapping = """
table = "events"
[columns]
ts = "at"
src_ip = "net.src"
dst_ip = "net.dst"
dst_port = "net.dport"
action = { field = "v", words = { "BLOCK" = "deny" } }
"""
    net = '{"src": "10.0.0.1", "dst": "203.0.113.9", "dport": 22}'
    text = '{"at": "2026-03-01T08:00:00Z", "net": ' + net + ', "v": "BLOCK"}\n{"at": 1}\n'
    case = _take(tmp_path, mapping, text)
    (row,) = ask(case, "SELECT ts::VARCHAR AS t, src_ip, dst_ip, dst_port, action FROM events")
    assert list(row.values()) == ["2026-03-01 08:00:00", "10.0.0.1", "203.0.113.9", 22, "deny"]
    assert ask(case, "SELECT rejects FROM sources") == [{"rejects": 1}]


def test_a_pattern_with_named_groups(tmp_path: Path) -> None:
    """Lines that do not match are rejects."""
    mapping = """
layout = "regex"
pattern = '^(?P<t>\\S+) (?P<who>\\w+) ran (?P<what>.*)$'
[columns]
started_at = "t"
sandbox_id = "who"
command = "what"
"""
    case = _take(tmp_path, mapping, "2026-03-01T08:00:00Z sb1 ran nc -l 4444\nnonsense\n")
    assert ask(case, "SELECT sandbox_id, command FROM activity") == [{"sandbox_id": "sb1", "command": "nc -l 4444"}]
    assert ask(case, "SELECT reason FROM rejects") == [{"reason": "does not match the pattern"}]


@pytest.mark.parametrize(
    "mapping",
    [
        "= 1",
        'table = "runs"\n[columns]\na = "b"',
        "table = 'events'",
        "[columns]\nnot_a_column = 'x'",
        "layout = 'xml'\n[columns]\ntool = 'x'",
        "layout = 'regex'\npattern = '('\n[columns]\ntool = 'x'",
        "layout = 'regex'\npattern = '(?P<y>.)'\n[columns]\ntool = 'x'",
        "[columns]\ntool = 7",
        "layout = 'csv'\ndelimiter = '--'\n[columns]\ntool = 'x'",
    ],
)
def test_what_is_no_mapping_says_why(mapping: str) -> None:
    """A usage error with the file's name, never a traceback."""
    with pytest.raises(UsageError) as error:
        mapped_format(mapping, "m.toml")
    assert error.value.where == "m.toml"


def test_the_command_takes_a_mapping_file(tmp_path: Path) -> None:
    """`--map FILE`; a file that is not there is exit 2."""
    (tmp_path / "m.toml").write_text(CSV)
    (tmp_path / "in.csv").write_text("training run;fn;cmd;begin;rc\nr1;bash;ls;01.03.2026 08:00:00;0\n")
    case = tmp_path / "c.duckdb"
    assert fwf("ingest", tmp_path / "in.csv", "--map", tmp_path / "m.toml", "--case", case).returncode == 0
    assert ask(case, "SELECT tool FROM activity") == [{"tool": "bash"}]
    assert fwf("ingest", tmp_path / "in.csv", "--map", tmp_path / "none.toml", "--case", case).returncode == 2


@pytest.mark.parametrize("line", ["i\rp,owner", "", "x" * 200_000 + ",y", '"a,b'])
def test_no_line_is_too_odd_to_be_a_header(line: str) -> None:
    """What is no CSV has no cells, or one; it stops nobody."""
    assert len(cells(line)) <= 2
