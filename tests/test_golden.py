"""Every sample gives exactly the rows that its golden file says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fwforensics.formats import formats
from tests.golden import dump, expected_path, read, samples
from tests.support import one, take


@pytest.mark.parametrize("sample", samples(), ids=lambda p: f"{p.parent.name}/{p.name}")
def test_sample_gives_its_golden_rows(sample: Path, tmp_path: Path) -> None:
    """A sample is recognised by itself and gives the rows that were read before they were committed."""
    expected = expected_path(sample)
    assert expected.exists(), f"write it with: python -m tests.golden --update {sample.parent.name}"
    found = [json.loads(line) for line in dump(read(sample, tmp_path)).splitlines()]
    assert found == [json.loads(line) for line in expected.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("sample", samples(), ids=lambda p: f"{p.parent.name}/{p.name}")
def test_sample_is_its_own_format_and_no_other(sample: Path) -> None:
    """Most lines of a sample are claimed by the format that it is a sample of."""
    head = json.loads(expected_path(sample).read_text(encoding="utf-8").splitlines()[0])
    assert head["format"] in (sample.parent.name, f"{sample.parent.name}_parquet")
    assert head["lines"] == head["parsed"] + head["rejects"] + head["ignored"]


def test_rows_of_every_format_can_be_derived_from(tmp_path: Path) -> None:
    """One sample of each format in one case: connections and all else that is made of rows can be made of theirs."""
    first = {s.parent.name: s for s in reversed(samples())}
    report = take(tmp_path / "case.duckdb", *first.values())
    assert not [s for s in report.sources if s.status == "error"]
    assert {s.format for s in report.sources} >= set(first) & set(formats())
    assert one(tmp_path / "case.duckdb", "SELECT count(*) > 0 FROM connections")
