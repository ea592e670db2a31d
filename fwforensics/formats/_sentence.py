"""A sentence whose fields are known by their place, with `key="value"` pairs behind it."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from fwforensics.formats._format import Context, Fields, Layout
from fwforensics.formats._lines import Lines
from fwforensics.formats._messages import Messages
from fwforensics.formats._pieces import ROW, escape_json

TAIL = "tail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """What `messages` reads, and what `pairs` reads out of its group `tail`.

    Attributes:
        messages: patterns of the sentences; the group `tail` is what follows the last field known by its place.
        pairs: how the tail falls apart. A tail without any pair stays in `extra` as it is.

    A field of the sentence wins over a pair of the same name.
    """

    messages: Messages
    pairs: Layout

    def fields(self, lines: Lines, wanted: set[str], context: Context) -> Fields:
        """See `Layout`."""
        given = self.messages.fields(lines, wanted | {TAIL}, context)
        if TAIL not in given.frame.columns or not given.frame[TAIL].is_not_null().any():
            return given
        frame = given.frame.with_row_index("@place").with_columns(pl.col("@place").cast(pl.Int64))
        some = frame.filter(pl.col(TAIL).is_not_null())
        tails = self.pairs.fields(Lines.of_texts(some[TAIL]), wanted, context).frame
        tails = tails.rename({c: f"{c}@tail" for c in tails.columns if c != ROW})
        places = some["@place"].gather(tails[ROW].cast(pl.UInt32))
        joined = frame.join(tails.drop(ROW).with_columns(places), on="@place", how="left", maintain_order="left")
        unread = ~pl.col("@place").is_in(places.implode()) & pl.col(TAIL).is_not_null()
        given.frame = _merged(joined.with_columns(unread.alias("@unread")), wanted)
        return given


def _merged(frame: pl.DataFrame, wanted: set[str]) -> pl.DataFrame:
    """One column a name, and one JSON object of what nobody wants."""
    columns = {}
    for name in sorted(wanted - {"@head"}):
        held = [pl.col(c) for c in (name, f"{name}@tail") if c in frame.columns]
        if held:
            columns[name] = pl.coalesce(held)
    text = pl.concat_str([pl.lit('{"tail":"'), escape_json(pl.col(TAIL)), pl.lit('"}')])
    rest = pl.coalesce(pl.when("@unread").then(text), pl.col("extra@tail"))
    both = pl.concat_str([pl.col("extra").str.head(-1), pl.lit(","), rest.str.tail(-1)])
    extra = pl.coalesce(pl.when(pl.col("extra").is_not_null() & rest.is_not_null()).then(both), pl.col("extra"), rest)
    kept = [
        c for c in frame.columns if c.startswith("@") and c not in columns and not c.startswith(("@place", "@unread"))
    ]
    return frame.select(*(c for c in kept if not c.endswith("@tail")), extra.alias("extra"), **columns)
