"""JSON documents are cut into records, whatever their layout and however the blocks fall."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fwforensics.evidence import raw_lines
from fwforensics.formats import _documents
from fwforensics.formats._documents import Documents, is_document
from fwforensics.store import Case
from tests.support import ask, take

TEXT = st.text(st.sampled_from('ab"\\{}[],: \\né€'), max_size=8)
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
RECORDS = st.lists(st.dictionaries(TEXT, VALUE, max_size=4), min_size=1, max_size=5)


def cut(content: bytes, size: int) -> list[tuple[int, str]]:
    """Line numbers and texts of the records, read in blocks of `size` bytes; what is no JSON comes last."""
    documents, found = Documents(), []
    blocks = [content[i : i + size] for i in range(0, len(content), size)]
    for number, block in enumerate([*blocks, b""]):
        result = documents.feed(block, final=number == len(blocks))
        if result.long is not None:
            found.append((result.long.line, f"long {result.long.size}"))
        if result.lines is not None:
            found += zip(result.lines.numbers.tolist(), result.lines.text.to_list(), strict=True)
        if result.rest is not None:
            found.append((result.rest_line, (result.rest + b"".join(blocks[number + 1 :])).decode()))
            break
    return found


@settings(max_examples=30, deadline=None)
@given(
    records=RECORDS,
    wrapper=st.sampled_from(["array", "records", "logEvents", "one by one"]),
    indent=st.sampled_from([None, 1, 4]),
    size=st.integers(1, 40),
)
def test_records_come_out_as_they_went_in(
    records: list[dict[str, Any]], wrapper: str, indent: int | None, size: int
) -> None:
    """Arrays, wrapped arrays and objects one behind the other, on one line or pretty-printed, in blocks of any size."""
    if wrapper == "one by one":
        text = "\n".join(json.dumps(r, ensure_ascii=False, indent=indent) for r in records)
    else:
        document = (
            records if wrapper == "array" else {"owner": "1", "filters": ["a"], wrapper: records, "next": {"b": {}}}
        )
        text = json.dumps(document, ensure_ascii=False, indent=indent)
    assert [json.loads(found) for _, found in cut(text.encode(), size)] == records


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_records_are_numbered_by_the_line_they_begin_on(size: int) -> None:
    """Elements that are no objects are records, too, so that nothing is lost."""
    found = cut(b'[\n {"a":1}, {"b":2},\n "loose",\n {"c":\n3}\n]\n', size)
    assert found == [(2, '{"a":1}'), (2, '{"b":2}'), (3, '"loose"'), (4, '{"c":3}')]


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_what_is_no_json_is_handed_back(size: int) -> None:
    """A log that goes on with lines is read on as lines, from the right number on."""
    assert cut(b'[{"a":1}]\nMar  1 sshd: "x\n{"b":2}\n', size) == [(1, '{"a":1}'), (2, 'Mar  1 sshd: "x\n{"b":2}\n')]


@pytest.mark.parametrize("size", [5, 64, 1000])
def test_a_record_that_is_too_long_is_passed_over(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is counted with its size, and what follows is read."""
    monkeypatch.setattr(_documents, "MAX_RECORD", 50)
    long = b'{"a":"' + b'x}"'.replace(b'"', b'\\"') * 100 + b'"}'
    found = cut(b'{"records":[{"b":1},\n' + long + b',\n{"c":2}]}', size)
    assert found[0] == (1, '{"b":1}') and found[-1] == (3, '{"c":2}')
    assert size == 1000 or found[1] == (2, f"long {len(long)}")


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b'{"a":1}\n{"a":2}\n', False),
        (b'{"a":1}{"a":2}', True),
        (b'{"a":{"records":[1]}}\n', False),
        (b'{"records": [\n', True),
        (b'{\n  "a": 1\n}', True),
        (b'[{"a":1}]', True),
        (b"[ 12.5] IN=eth0 OUT=", False),
        (b"", False),
    ],
)
def test_lines_stay_lines(head: bytes, expected: bool) -> None:
    """JSON lines and everything else are no documents."""
    assert is_document(head) is expected


def test_rows_of_one_line_are_told_apart_and_proved(tmp_path: Path) -> None:
    """A blob of one line gives rows with ordinals of their own, and its records can be read back."""
    flows = [f"{1772359201 + n},10.0.0.4,203.0.113.9,{40000 + n},443,T,O,A,B,,,," for n in range(50)]
    groups = [{"rule": "r", "flows": [{"mac": "0", "flowTuples": flows[n : n + 10]}]} for n in range(0, 50, 10)]
    category = "NetworkSecurityGroupFlowEvent"
    records = [{"category": category, "properties": {"Version": 2, "flows": [group]}} for group in groups]
    blob = tmp_path / "PT1H.json"
    blob.write_text(json.dumps({"records": records}))
    case = tmp_path / "case.duckdb"
    report = take(case, blob)
    assert (report.sources[0].lines, report.sources[0].parsed, report.sources[0].rejects) == (50, 50, 0)
    rows = ask(case, "SELECT line_no, record_no, src_port FROM events ORDER BY record_no")
    assert [(r["line_no"], r["record_no"], r["src_port"]) for r in rows] == [(1, n, 40000 + n) for n in range(50)]
    with Case(case, read_only=True) as opened:
        [line] = raw_lines(opened, [(1, 1)])
    assert line.raw.split("\n")[0] == json.dumps(records[0])
