"""Fields by a regular expression with named groups, the same for all lines or made from a header line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl

from fwforensics.formats._exports import join_fields
from fwforensics.formats._format import Context, Fields, Layout
from fwforensics.formats._lines import Lines
from fwforensics.formats._pieces import LINE, ROW, bad_rows, escape_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """Fields that one expression names.

    Attributes:
        regex: with a named group for each field; a group `head` is what stands before the record (`@head`). At least
            one group must match a text in each record.
        null: texts that mean "no value".
        keep: names that go to `extra` even where a column takes them.
    """

    regex: str
    null: tuple[str, ...] = ("",)
    keep: tuple[str, ...] = ()

    def fields(self, lines: Lines, wanted: set[str], context: Context) -> Fields:
        """See `Layout`."""
        del context
        groups = lines.text.to_frame().select(LINE.str.extract_groups(self.regex).alias("g")).unnest("g")
        hit = groups.select(pl.any_horizontal(pl.all().is_not_null()).alias("hit"))["hit"]
        rows = hit.arg_true().cast(pl.Int64)
        frame = groups.filter(hit).with_columns(
            pl.when(~pl.col(c).is_in(["", *self.null])).then(pl.col(c)) for c in groups.columns
        )
        rest = [c for c in frame.columns if (c not in wanted or c in self.keep) and c != "head"]
        frame = frame.with_columns(rows.alias(ROW), as_json(rest).alias("extra")).rename(
            {"head": "@head"}, strict=False
        )
        bad = np.flatnonzero(~hit.to_numpy())
        return Fields(
            frame.select(c for c in frame.columns if c in {*wanted, ROW, "extra", "@head"}),
            bad_rows(bad, "not the fields of a known record") if len(bad) else None,
        )


@dataclass(frozen=True, slots=True)
class Patterns:
    """Fields that the first of several expressions names that fits the line."""

    patterns: tuple[Pattern, ...]

    def fields(self, lines: Lines, wanted: set[str], context: Context) -> Fields:
        """See `Layout`."""
        rows = np.arange(len(lines))
        parts = []
        for pattern in self.patterns:
            part = pattern.fields(lines.take(rows), wanted, context)
            left = None if part.bad is None else part.bad[ROW].to_numpy()
            parts.append((Fields(part.frame), rows))
            rows = rows[left] if left is not None else rows[:0]
            if not len(rows):
                break
        done = join_fields(parts)
        done.bad = bad_rows(rows, "not the fields of a known record") if len(rows) else None
        return done


def as_json(names: list[str]) -> pl.Expr:
    """A JSON object of the columns that have a value; NULL where none has."""
    if not names:
        return pl.lit(None, pl.String)
    pairs = [pl.concat_str([pl.lit(f'"{c}":"'), escape_json(pl.col(c)), pl.lit('"')]) for c in names]
    body = pl.concat_str(pairs, separator=",", ignore_nulls=True)
    return pl.when(body != "").then(pl.concat_str([pl.lit("{"), body, pl.lit("}")]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Headed:
    """Lines below header lines, each block by a layout of its own.

    Attributes:
        header: which lines are headers.
        layout: from a header's text to the layout of the lines below it, or to the reason why these are no traffic.
        default: the layout of lines that no header precedes.
        reads_json: some of these lines are JSON objects.
    """

    header: pl.Expr
    layout: Callable[[str], Layout | str]
    default: Layout
    reads_json: bool = False

    def fields(self, lines: Lines, wanted: set[str], context: Context) -> Fields:
        """See `Layout`. The header seen last is remembered for the next batch."""
        text = lines.text
        is_header = text.to_frame().select(self.header.fill_null(False).alias("h")).to_series().to_numpy()
        heads = np.flatnonzero(is_header)
        block = np.cumsum(is_header)
        texts: list[str | None] = [context.state.get("header"), *(text[int(i)] for i in heads)]
        context.state["header"] = texts[-1]
        parts = [(_no_traffic(len(heads), "header"), heads)]
        for head in dict.fromkeys(texts):
            which = [i for i, t in enumerate(texts) if t == head]
            rows = np.flatnonzero(~is_header & np.isin(block, which))
            if len(rows):
                parts.append((self._below(head, lines.take(rows), wanted, context), rows))
        return join_fields(parts)

    def _below(self, head: str | None, lines: Lines, wanted: set[str], context: Context) -> Fields:
        """The lines below one header."""
        layout = self.default if head is None else self.layout(head)
        if isinstance(layout, str):
            return _no_traffic(len(lines), layout)
        return layout.fields(lines, wanted, context)


def _no_traffic(count: int, reason: str) -> Fields:
    """So many lines without a record."""
    return Fields(pl.DataFrame(schema={ROW: pl.Int64}), skipped=bad_rows(np.arange(count), reason))
