"""Timesketch: CSV or JSON lines with `message`, `datetime`, `timestamp` (µs) and `timestamp_desc`.

`timeline` is every event and every activity, clocks put right; `violations` is what detections marked and the calls
that it may come from. Tags are detections and patterns; records without a time have no place in a timeline and are
left out.

Reference: https://timesketch.org/guides/user/import-from-json-csv/
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from fwforensics import queries
from fwforensics.exports._exporter import Exporter
from fwforensics.store import Case


def _rows(case: Case, what: str) -> Iterator[pl.DataFrame]:
    return queries.listing_in_batches(case, "export-timesketch", only_violations=what == "violations")


EXPORTER = Exporter(
    name="timesketch",
    title="Timesketch timeline",
    reference="https://timesketch.org/guides/user/import-from-json-csv/",
    suffixes=(".csv", ".jsonl"),
    sources=("timeline", "violations"),
    rows=_rows,
)
