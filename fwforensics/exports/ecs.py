"""Elastic Common Schema: one JSON document a line, as Filebeat, Logstash or the bulk API take it.

`events` is every event, `violations` what detections marked, with detections and patterns as tags. What the schema has
no field for stands in `labels`; where the record lies in the evidence is `log.file.path`, `labels.line_no` and
`labels.sha256`.

Reference: https://www.elastic.co/docs/reference/ecs/ecs-field-reference
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from fwforensics import queries
from fwforensics.exports._exporter import Exporter
from fwforensics.store import Case


def _rows(case: Case, what: str) -> Iterator[pl.DataFrame]:
    return queries.listing_in_batches(case, "export-ecs", only_violations=what == "violations")


EXPORTER = Exporter(
    name="ecs",
    title="Elastic Common Schema documents",
    reference="https://www.elastic.co/docs/reference/ecs/ecs-field-reference",
    suffixes=(".jsonl", ".ndjson", ".json"),
    sources=("events", "violations"),
    rows=_rows,
    lines=True,
)
