"""OCSF events as Parquet, as Amazon Security Lake keeps them; fields and their meaning are those of `ocsf`.

Reference: https://docs.aws.amazon.com/security-lake/latest/userguide/open-cybersecurity-schema-framework.html

Line = row of the file, from 1. Fields in structures bear dotted names in `extra`. A file is known by the name of the
lake's folders, or, when it is small, by its columns; any other Parquet goes to `canonical_parquet`, which reads these
columns as well.
"""

from __future__ import annotations

from fwforensics.formats._format import Binary, Format
from fwforensics.formats._parquet import MAGIC, Parquet, row_at


def recognise(head: bytes, name: str) -> bool:
    """Parquet of a security lake, or with the columns in sight."""
    return head.startswith(MAGIC) and ("security-lake" in name or (b"class_uid" in head and b"src_endpoint" in head))


FORMAT = Format(
    name="ocsf_parquet",
    title="OCSF events (Parquet, Amazon Security Lake)",
    reference="https://docs.aws.amazon.com/security-lake/latest/userguide/open-cybersecurity-schema-framework.html",
    notes="Line = row. Fields as in ocsf. Built from the documentation of the schema; not tried on a recorded file.",
    kind="flow",
    binary=Binary(unit="record", recognise=recognise, decoder=Parquet, unit_at=row_at),
)
