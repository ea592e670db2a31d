"""Token borders of some lines, and the String columns that are built from them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from fwforensics.formats._lines import KEEP_8, NEWLINE, RETURN, Lines, Mask, Positions

LINE = pl.col("line")
ROW = "@row"
#: Values that are compared before all are.
SOME = 16
#: Keys of one shape in token order; None where the token is a bare word or has no name.
Names = list[str | None]


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
    if len(pieces) == 1 and not pieces[0].constants:
        [only] = pieces
        place = {name: i for i, name in reversed(list(enumerate(only.names))) if name is not None}
        columns = [lines.column(k, only.starts[place[k]], only.ends[place[k]]) for k in wanted if k in place]
        return pl.DataFrame([pl.Series(ROW, only.rows), *columns])
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
    a = lines.bytes
    low, high = (int(lines.starts[0]), int(lines.ends[-1])) if len(lines) else (0, 0)
    found = [np.empty(0, np.int64)]
    for at in range(low, high, 1 << 18):  # steps that stay in the processor's cache
        part = a[at : min(at + (1 << 18), high)]
        hit = part < 32
        hit |= part == 92
        if quote is None:
            hit |= part == 34
        found.append(np.flatnonzero(hit) + at)
    hits = np.concatenate(found)
    byte = a[hits]
    inside: Positions = hits[(byte != NEWLINE) & (byte != RETURN)]
    return inside


def positions_to_escape(lines: Lines, quote: str | None, stray: Mask) -> Positions:
    """`special_positions`; quotes count only in lines where some stand around no value."""
    at = special_positions(lines, ord(quote) if quote else None)
    if not quote or not stray.any():
        return at
    every = special_positions(lines, None)
    line = np.searchsorted(lines.starts, every, side="right") - 1
    return np.union1d(at, every[stray[line]])


def constant(lines: Lines, starts: Positions, ends: Positions) -> bytes | None:
    """The text that all of these are, or None."""
    size = int(ends[0] - starts[0])
    step = max(1, len(starts) // SOME)
    for some in (slice(None, None, step), slice(None)):  # most that differ do so among few
        first, last = starts[some], ends[some]
        if ((last - first) != size).any():
            return None
        for offset in range(0, size, 8):
            if offset + 8 > size and offset:
                offset = size - 8  # the last eight bytes once more
            have = lines.load(first + offset)
            if size < 8:
                have &= KEEP_8[size]
            if (have != have[0]).any():
                return None
    return lines.data[int(starts[0]) : int(ends[0])]


def json_texts(
    lines: Lines,
    rows: int,
    fields: Sequence[tuple[str, Positions, Positions]],
    escapes: Positions,
    plain: Callable[[pl.Expr], pl.Expr],
    *,
    with_empty: bool = False,
    constants: Mapping[str, str] | None = None,
) -> pl.Series:
    """JSON objects of named values, one a row; NULL where a row has none.

    Args:
        lines: the buffer.
        rows: how many there are.
        fields: names and borders.
        escapes: positions of bytes that must be escaped.
        plain: what a quoted text means (doubled quotes, backslashes).
        with_empty: empty values are values.
        constants: further values that every row has.
    """
    literals: list[str | pl.Expr] = []
    columns: list[pl.Series] = []
    for name, starts, ends in fields:
        filled = True if with_empty else ends > starts
        if not np.any(filled):
            continue
        key = f',{json.dumps(name)}:"'
        careful = len(escapes) and (np.searchsorted(escapes, ends) > np.searchsorted(escapes, starts)).any()
        same = None if careful else constant(lines, starts, ends)
        if same is not None:
            literals.append(f'{key}{same.decode()}"')
            continue
        columns.append(lines.column(str(len(columns)), starts, ends, null_if_empty=not with_empty))
        value = pl.col(columns[-1].name)
        value = escape_json(plain(value)) if careful else value
        if np.all(filled):
            literals += [key, value, '"']
        else:
            literals.append(pl.concat_str([pl.lit(key), value, pl.lit('"')]).fill_null(""))
    literals += [f",{json.dumps(k)}:{json.dumps(v)}" for k, v in (constants or {}).items()]
    if not literals:
        return pl.Series("extra", [None], pl.String).new_from_index(0, rows)
    if isinstance(literals[0], str):  # a first value in every row: one pass
        joined = _merged(["{" + literals[0][1:], *literals[1:], "}"])
        if not columns:
            text = "{" + "".join(map(str, literals))[1:] + "}"
            return pl.Series("extra", [text], pl.String).new_from_index(0, rows)
        return pl.DataFrame(columns).select(pl.concat_str(joined).alias("extra")).to_series()
    inside = pl.concat_str(_merged(literals))
    whole = pl.concat_str([pl.lit("{"), inside.str.slice(1), pl.lit("}")])
    return pl.DataFrame(columns).select(pl.when(inside != "").then(whole).alias("extra")).to_series()


def _merged(parts: Sequence[str | pl.Expr]) -> list[pl.Expr]:
    """Neighbouring texts as one literal."""
    joined: list[pl.Expr] = []
    run = ""
    for part in parts:
        if isinstance(part, str):
            run += part
            continue
        if run:
            joined.append(pl.lit(run))
            run = ""
        joined.append(part)
    return [*joined, pl.lit(run)] if run else joined


def escape_json(text: pl.Expr) -> pl.Expr:
    """A text as the body of a JSON string."""
    control = {chr(i): f"\\u{i:04x}" for i in range(32)}
    marks = {"\\": "\\\\", '"': '\\"', **control}
    return text.str.replace_many(list(marks), list(marks.values()))
