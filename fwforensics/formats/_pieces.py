"""Token borders of some lines, and the String columns that are built from them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from fwforensics.formats._lines import Lines, Mask, Positions

LINE = pl.col("line")
ROW = "@row"
#: Keys of one shape in token order; None where the token is a bare word or has no name.
Names = list[str | None]
#: Which bytes JSON text must escape; line ends are none of a line's.
ESCAPED = np.zeros(256, np.bool_)
ESCAPED[[*range(10), 11, 12, *range(14, 32), 34, 92]] = True


@dataclass(slots=True)
class Piece:
    """Some rows with borders for each key, before columns are built."""

    rows: Positions
    names: Names
    starts: Positions
    ends: Positions
    constants: dict[str, str | None] = field(default_factory=dict)


def build_columns(lines: Lines, pieces: Sequence[Piece], wanted: Iterable[str]) -> pl.DataFrame:
    """One String column a wanted key over all pieces, in line order, with `@row`."""
    rows = np.concatenate([p.rows for p in pieces]) if pieces else np.empty(0, np.int64)
    order = np.argsort(rows, kind="stable")
    offset = np.cumsum([0] + [len(p.rows) for p in pieces])
    out = [pl.Series(ROW, rows[order])]
    for key in wanted:
        holders = [(i, p.names.index(key)) for i, p in enumerate(pieces) if key in p.names]
        constant = [p.constants.get(key) for p in pieces]
        if holders:
            starts, ends = np.zeros(len(rows), np.int64), np.zeros(len(rows), np.int64)
            for i, token in holders:
                at = slice(offset[i], offset[i + 1])
                starts[at], ends[at] = pieces[i].starts[token], pieces[i].ends[token]
            out.append(lines.column(key, starts[order], ends[order]))
        elif any(c is not None for c in constant):
            which = np.repeat(np.arange(len(pieces)), np.diff(offset))
            out.append(pl.Series(key, constant, pl.String).gather(which[order]))
    return pl.DataFrame(out)


def with_extra(frame: pl.DataFrame, extras: Sequence[pl.Series], pieces: Sequence[Piece]) -> pl.DataFrame:
    """Add the pieces' `extra` texts to the frame, in its order."""
    if not pieces:
        return frame.with_columns(extra=pl.lit(None, pl.String))
    rows = np.concatenate([p.rows for p in pieces])
    joined = extras[0] if len(extras) == 1 else pl.concat(list(extras), rechunk=False)
    if len(pieces) > 1:
        joined = joined.gather(np.argsort(rows, kind="stable"))
    return frame.with_columns(joined.alias("extra"))


def join_slow(frame: pl.DataFrame, slow: list[tuple[int, dict[str, str | None]]]) -> pl.DataFrame:
    """Put rows of the slow path between the others."""
    if not slow:
        return frame
    keys = dict.fromkeys(k for _, record in slow for k in record)
    columns: dict[str, Any] = {k: pl.Series(k, [r.get(k) for _, r in slow], pl.String) for k in keys}
    extra = pl.DataFrame({ROW: pl.Series([row for row, _ in slow], dtype=pl.Int64), **columns})
    return pl.concat([frame, extra], how="diagonal").sort(ROW)


def bad_rows(rows: Positions | list[int], reason: str) -> pl.DataFrame:
    """Rows that could not be taken apart, all for one reason."""
    return pl.DataFrame({ROW: pl.Series(np.asarray(rows, np.int64)), "reason": [reason] * len(rows)})


def special_positions(lines: Lines, quote: int | None) -> Positions:
    """Positions of bytes that JSON text must escape, ascending; `quote`: quotes stand only around values."""
    low, high = (int(lines.starts[0]), int(lines.ends[-1])) if len(lines) else (0, 0)
    part = lines.bytes[low:high]
    hit = ESCAPED[part]
    if quote is not None:
        hit &= part != 34
    return np.flatnonzero(hit) + low


def special(lines: Lines, quote: int | None) -> Mask | None:
    """Lines with bytes that JSON text must escape; None where the whole buffer has none."""
    at = special_positions(lines, quote)
    if not len(at):
        return None
    return np.searchsorted(at, lines.ends) > np.searchsorted(at, lines.starts)


def escape_json(text: pl.Expr) -> pl.Expr:
    """A text as the body of a JSON string."""
    control = {chr(i): f"\\u{i:04x}" for i in range(32)}
    marks = {"\\": "\\\\", '"': '\\"', **control}
    return text.str.replace_many(list(marks), list(marks.values()))
