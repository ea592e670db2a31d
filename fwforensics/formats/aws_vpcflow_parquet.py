"""AWS VPC flow logs as Parquet, as they are delivered to S3; fields and their meaning are those of `aws_vpcflow`.

Reference: https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-path.html

Line = row of the file, from 1. The columns are named with `_` for `-`. A file is known by the name that AWS gives it,
or, when it is small, by its columns; any other Parquet goes to `canonical_parquet`, which reads these columns as well.
"""

from __future__ import annotations

from fwforensics.formats._format import Binary, Format
from fwforensics.formats._parquet import MAGIC, Parquet, row_at


def recognise(head: bytes, name: str) -> bool:
    """Parquet with AWS's file name, or with the columns in sight."""
    return head.startswith(MAGIC) and ("vpcflowlogs" in name or (b"srcaddr" in head and b"dstaddr" in head))


FORMAT = Format(
    name="aws_vpcflow_parquet",
    title="AWS VPC flow logs (Parquet)",
    reference="https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-path.html",
    notes="Line = row. Fields as in aws_vpcflow.",
    kind="flow",
    binary=Binary(unit="record", recognise=recognise, decoder=Parquet, unit_at=row_at),
)
