"""What Google Cloud's network logs share: entries of Cloud Logging as JSON, and the same fields as columns of a CSV.

Logs Explorer names columns by their path (`jsonPayload.connection.src_ip`), BigQuery by path with underscores or by the
last name alone. BigQuery's JSON payloads have numbers with decimals (`443.0`) and times that end in UTC.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import polars as pl

from fwforensics.formats._exports import Export, csv_names
from fwforensics.formats._fields import instant, text

CONNECTION = {
    end: f"jsonPayload.connection.{end}" for end in ("src_ip", "src_port", "dest_ip", "dest_port", "protocol")
}
ENTRY = ("timestamp", "receiveTimestamp", "logName", "insertId", "resource.labels.subnetwork_name")
#: A line of column names, with all that it may be written with.
COLUMN_NAMES = r'^[\x{feff}]?"?[A-Za-z_][\w. ]*"?(?:,"?[\w. ]*"?){4,}\s*$'


def names(paths: Sequence[str]) -> Callable[[str], list[str]]:
    """From a CSV header to paths, whichever way its columns are called."""
    known = {form.lower(): path for path in paths for form in _forms(path)}

    def of(header: str) -> list[str]:
        return [known.get(name.lower(), name) for name in csv_names(header)]

    return of


def _forms(path: str) -> list[str]:
    """The ways in which a path is written."""
    inner = path.removeprefix("jsonPayload.")
    return [
        form for p in (path, inner, path.rpartition(".")[2]) for form in (p, p.replace(".", "_"), p.replace(".", "__"))
    ]


def entries(header: pl.Expr, paths: Sequence[str]) -> Export:
    """Entries as JSON objects or CSV rows, whose columns are these paths."""
    return Export(header, names=names([*CONNECTION.values(), *ENTRY, *paths]))


def whole(key: str, dtype: type[pl.DataType] | pl.DataType = pl.UInt64) -> pl.Expr:
    """A whole number, which may be written with decimals."""
    return pl.col(key).str.strip_suffix(".0").cast(dtype, strict=False)


#: The ends of an entry's connection.
ENDS = {
    "protocol": pl.col(CONNECTION["protocol"]).str.strip_suffix(".0"),
    "src_ip": pl.col(CONNECTION["src_ip"]),
    "src_port": whole(CONNECTION["src_port"], pl.UInt16),
    "dst_ip": pl.col(CONNECTION["dest_ip"]),
    "dst_port": whole(CONNECTION["dest_port"], pl.UInt16),
}
LOGGED = instant("timestamp", "receiveTimestamp")
SUBNETWORK = text("resource.labels.subnetwork_name")
