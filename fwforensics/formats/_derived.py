"""Values that several columns of a mapping need, worked out once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import polars as pl

from fwforensics.formats._format import Context, Fields, Layout
from fwforensics.formats._json import Json
from fwforensics.formats._lines import Lines


@dataclass(frozen=True, slots=True)
class Derived:
    """A layout whose frames have further columns.

    Attributes:
        layout: the layout.
        columns: name, which begins with `@`, → expression over the layout's fields.
    """

    layout: Layout
    columns: Mapping[str, pl.Expr]

    @property
    def reads_json(self) -> bool:
        """Does the layout take JSON objects as they are?"""
        return isinstance(self.layout, Json) or bool(getattr(self.layout, "reads_json", False))

    def fields(self, lines: Lines, wanted: set[str], context: Context) -> Fields:
        """See `Layout`."""
        sources = {name for e in self.columns.values() for name in e.meta.root_names()}
        found = self.layout.fields(lines, (wanted | sources) - self.columns.keys(), context)
        missing = [pl.lit(None, pl.String).alias(k) for k in sorted(sources) if k not in found.frame.columns]
        frame = found.frame.with_columns(missing) if missing else found.frame
        return replace(found, frame=frame.with_columns(e.alias(k) for k, e in self.columns.items()))
