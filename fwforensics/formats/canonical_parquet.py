"""Parquet whose columns bear the names of our own tables: exports, and anything mapped to them by hand.

What `canonical` says of CSV and JSON lines holds here too: which columns make which table, the other names that are
known, what goes to `extra`.

Reference: docs/schema.md

Line = row of the file, from 1. Time: timestamps without zone are UTC. A file with other columns is one reject that
names them. Not covered: encrypted files.
"""

from __future__ import annotations

from fwforensics.formats._format import Binary, Format
from fwforensics.formats._parquet import MAGIC, Parquet, row_at


def recognise(head: bytes, _name: str) -> bool:
    """Parquet; the columns, which stand at the end of the file, decide later."""
    return head.startswith(MAGIC)


FORMAT = Format(
    name="canonical_parquet",
    title="Our own tables as Parquet",
    reference="docs/schema.md",
    notes="Columns named as in events, activity, leases, translations or gpu_samples; others go to extra.",
    kind="firewall",
    priority=95,
    binary=Binary(unit="record", recognise=recognise, decoder=Parquet, unit_at=row_at),
)
