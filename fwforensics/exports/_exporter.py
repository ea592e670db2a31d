"""What an export is: a name, who reads it, and how a case becomes one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import polars as pl

from fwforensics.store import Case

Rows = Callable[[Case, str], Iterator[pl.DataFrame]]
Document = Callable[[Case], dict[str, object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exporter:
    """One kind of export.

    Attributes:
        name: the module's name, which is what `--as` takes.
        title: who reads it, in words.
        reference: where the other side documents it.
        suffixes: endings that a file of this kind may have.
        sources: tables and views that it can be made of, the usual one first.
        rows: a batch of rows at a time, the first of them without rows; for kinds that are tables or lines.
        document: one JSON object; for kinds that are that.
        lines: `rows` has one column, `document`, of JSON texts: a line each.
    """

    name: str
    title: str
    reference: str
    suffixes: tuple[str, ...]
    sources: tuple[str, ...]
    rows: Rows | None = None
    document: Document | None = None
    lines: bool = False
