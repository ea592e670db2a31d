"""Fields that several tools write under several names, as one name each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from fwforensics.formats._format import Context, Fields, Layout
from fwforensics.formats._lines import Lines
from fwforensics.formats._pieces import ROW


@dataclass(frozen=True, slots=True)
class Spelled:
    """The fields of another layout, of which the first spelling that a line has gives the field.

    Attributes:
        layout: takes the lines apart.
        names: field → its spellings, the most telling first; a field that is not named has its own name only.
    """

    layout: Layout
    names: Mapping[str, tuple[str, ...]]
    reads_json = True

    def fields(self, lines: Lines, wanted: set[str], context: Context) -> Fields:
        """See `Layout`."""
        given = {field: self.names.get(field, (field,)) for field in wanted}
        part = self.layout.fields(lines, {s for spellings in given.values() for s in spellings}, context)
        have = set(part.frame.columns)
        fields = [
            pl.coalesce(present).alias(field)
            for field, spellings in given.items()
            if (present := [s for s in spellings if s in have])
        ]
        kept = [c for c in part.frame.columns if c == ROW or c == "extra" or (c.startswith("@") and c not in given)]
        return Fields(part.frame.select(*kept, *fields), part.bad, part.skipped)
