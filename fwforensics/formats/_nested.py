"""JSON objects that hold many records: arrays in arrays, whose innermost elements are the records."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from fwforensics.formats._format import Context, Fields, Layout
from fwforensics.formats._json import Json
from fwforensics.formats._lines import Lines, Positions
from fwforensics.formats._pieces import ROW, bad_rows
from fwforensics.formats._tokens import BLANKS, split_json


@dataclass(frozen=True, slots=True)
class Nested:
    """Texts of delimited values, deep within an object; each is a record with the fields of all objects around it.

    Attributes:
        path: the keys that lead there, outermost first. Each holds an object or an array of objects, the last one an
            array of texts.
        text: how each text falls apart.
        layout: how the line itself falls apart.
    """

    path: tuple[str, ...]
    text: Layout
    layout: Layout = field(default_factory=Json)
    reads_json = True

    def fields(self, lines: Lines, wanted: set[str], context: Context) -> Fields:
        """See `Layout`."""
        found = self.layout.fields(lines, wanted | {self.path[0]}, context)
        frame = found.frame
        bad = [] if found.bad is None else [found.bad]
        for key, follows in zip(self.path, (*self.path[1:], None), strict=True):
            holders = frame.with_columns(pl.lit(None, pl.String).alias(key)) if key not in frame.columns else frame
            which, parts = elements(Lines.of_texts(holders[key]))
            if follows is None:
                inner = self.text.fields(_unquoted(parts), wanted, context)
            else:
                inner = Json().fields(parts, wanted | {follows}, context)
            if inner.bad is not None:
                rows = holders[ROW].gather(which[inner.bad[ROW].to_numpy()])
                bad.append(inner.bad.with_columns(rows.alias(ROW)).unique(ROW, maintain_order=True))
            kept = inner.frame[ROW].to_numpy()
            frame = _joined(holders.drop(key)[which[kept]], inner.frame.drop(ROW))
        spoilt = pl.concat(bad).unique(ROW, keep="first", maintain_order=True).sort(ROW) if bad else None
        if spoilt is not None:
            sound = ~frame[ROW].is_in(spoilt[ROW].implode())
            frame, kept = frame.filter(sound), kept[sound.to_numpy()]
        texts = _unquoted(parts).take(kept)
        texts.numbers = lines.numbers[frame[ROW].to_numpy()]
        return Fields(frame, spoilt, _without(lines, frame, spoilt), texts)


def elements(texts: Lines) -> tuple[Positions, Lines]:
    """The elements of JSON arrays, each with the position of its array; what is no array is its own element."""
    tokens = split_json(texts, b"[]")
    size = texts.ends - texts.starts
    is_array = (texts.bytes[texts.starts] == ord("[")) & (size >= 2) & ~tokens.odd
    count = np.where(is_array, tokens.count, (size > 0).astype(np.int64))
    which = np.repeat(np.arange(len(texts)), count)
    rank = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
    begin, end = np.where(is_array, tokens.begin, texts.starts), np.where(is_array, tokens.end, texts.ends)
    cuts = np.append(tokens.cuts, 0)
    at = tokens.first[which] + rank
    last = len(tokens.cuts)
    starts = np.where(rank == 0, begin[which], cuts[np.minimum(at - 1, last)] + 1)
    ends = np.where(rank == count[which] - 1, end[which], cuts[np.minimum(at, last)])
    starts, ends = _trimmed(texts, starts, ends)
    full = ends > starts
    numbers = texts.numbers[which[full]]
    return which[full], Lines(texts.data, starts[full], ends[full], numbers)


def _trimmed(texts: Lines, starts: Positions, ends: Positions) -> tuple[Positions, Positions]:
    """Borders without the blanks inside them."""
    a = texts.bytes
    while (more := (starts < ends) & np.isin(a[starts], BLANKS)).any():
        starts = starts + more
    while (more := (starts < ends) & np.isin(a[np.maximum(ends - 1, 0)], BLANKS)).any():
        ends = ends - more
    return starts, ends


def _unquoted(texts: Lines) -> Lines:
    """The insides of strings."""
    a = texts.bytes
    quoted = (texts.ends - texts.starts >= 2) & (a[texts.starts] == ord('"'))
    return Lines(texts.data, texts.starts + quoted, texts.ends - quoted, texts.numbers)


def _joined(outer: pl.DataFrame, inner: pl.DataFrame) -> pl.DataFrame:
    """Fields of an object and of what stands in it, which goes before; the rest of both in `extra`."""
    both = [c for c in inner.columns if c in outer.columns and c != "extra"]
    out = outer.drop(*both, "extra").hstack(inner.drop("extra"))
    out = out.with_columns(pl.coalesce(inner[c], outer[c]).alias(c) for c in both)
    rest = pl.DataFrame({"a": outer["extra"], "b": inner["extra"]}).select(
        pl.when(pl.col("a").is_null()).then(pl.col("b"))
        .when(pl.col("b").is_null()).then(pl.col("a"))
        .otherwise(pl.concat_str([pl.col("a").str.head(-1), pl.lit(","), pl.col("b").str.slice(1)]))
    )  # fmt: skip
    return out.with_columns(rest.to_series().alias("extra"))


def _without(lines: Lines, frame: pl.DataFrame, bad: pl.DataFrame | None) -> pl.DataFrame | None:
    """Lines that hold no record."""
    none = np.ones(len(lines), np.bool_)
    none[frame[ROW].to_numpy()] = False
    if bad is not None:
        none[bad[ROW].to_numpy()] = False
    return bad_rows(np.flatnonzero(none), "no flows in it") if none.any() else None
