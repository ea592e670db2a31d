"""Evaluate a mapping over many records, and expressions over few values only once a value.

Mappings are pure functions of one record. Words such as a rule's prefix, a verdict or a protocol take few values in
many thousand records, so whatever reads only such fields is worked out for each combination that occurs and handed out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

#: Below this many records the whole is faster than looking for repetitions.
MIN_ROWS = 4096
#: A field with more values than this among `SAMPLE` records is not looked at further.
FEW, SAMPLE = 48, 512
#: Numbering the values of more fields costs more than it saves.
MAX_FIELDS = 3
#: Combinations of values that are worked out at most.
MAX_COMBINATIONS = 1 << 14
#: An expression of fewer steps costs less than handing out its results.
MIN_STEPS = 6

TIMES = ("ts", "ts_end", "started_at", "ended_at")
#: Parts that several expressions of one mapping share are worked out once.
SHARED = pl.QueryOptFlags.none().update(comm_subexpr_elim=True)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is known of a mapping's expressions before any record is seen.

    Attributes:
        columns: the mapping; kept so that its identity stays taken.
        roots: the fields that each column reads.
        fields: all of them.
        single: columns that read one field as it is, or alone of all columns, and that field.
        heavy: columns that are worth being worked out once a value.
    """

    columns: Mapping[str, pl.Expr]
    roots: Mapping[str, frozenset[str]]
    fields: frozenset[str]
    single: Mapping[str, str]
    heavy: frozenset[str]


_PLANS: dict[int, Plan] = {}
_COMPLETED: dict[tuple[int, str], tuple[Mapping[str, pl.Expr], Mapping[str, pl.Expr]]] = {}


def plan(columns: Mapping[str, pl.Expr]) -> Plan:
    """The plan of a mapping, made once."""
    known = _PLANS.get(id(columns))
    if known is None or known.columns is not columns:
        named = {name: e.meta.root_names() for name, e in columns.items()}
        roots = {name: frozenset(fields) for name, fields in named.items()}
        readers = Counter(field for fields in roots.values() for field in fields)
        single = {
            name: fields[0]
            for name, fields in named.items()
            if len(fields) == 1 or (len(roots[name]) == 1 and readers[fields[0]] == 1)
        }
        heavy = frozenset(name for name, e in columns.items() if roots[name] and _steps(e) >= MIN_STEPS)
        known = _PLANS[id(columns)] = Plan(columns, roots, frozenset[str]().union(*roots.values()), single, heavy)
    return known


def completed(columns: Mapping[str, pl.Expr], table: str) -> Mapping[str, pl.Expr]:
    """The mapping with the times that it leaves out, made once."""
    known = _COMPLETED.get((id(columns), table))
    if known is None or known[0] is not columns:
        given = dict(columns)
        for end in TIMES:
            given.setdefault(f"{end}_local", pl.lit(None, pl.Datetime("us")))
            if end in given or f"{end}_local" in columns:
                given.setdefault(end, pl.lit(None, pl.Datetime("us")))
        if table == "events" and "ts" not in given:
            given |= {"ts": pl.col("@ts"), "ts_local": pl.col("@ts_local")}
        known = _COMPLETED[id(columns), table] = (columns, given)
    return known[1]


def _steps(expression: pl.Expr) -> int:
    return str(expression).count("(") - 2 * str(expression).count("col(")


def select(frame: pl.DataFrame, columns: Mapping[str, pl.Expr], names: Sequence[str]) -> pl.DataFrame:
    """The named columns of a mapping over the records of `frame`."""
    if frame.height < MIN_ROWS:
        return frame.select(columns[n].alias(n) for n in names)
    p = plan(columns)
    done: dict[str, pl.Series] = {}
    codes = _Codes(frame)
    for fields in _groups({n: p.roots[n] for n in names if n in p.heavy}, codes):
        which = [n for n in names if n in p.heavy and p.roots[n] <= fields]
        for series in codes.evaluate([columns[n].alias(n) for n in which], fields):
            done[series.name] = series
    rest = [columns[n].alias(n) for n in names if n not in done]
    direct = frame.lazy().select(rest).collect(optimizations=SHARED) if rest else pl.DataFrame()
    return pl.DataFrame([done[n] if n in done else _full(direct[n], frame.height) for n in names])


def _full(column: pl.Series, height: int) -> pl.Series:
    """A constant as a column of the frame's height."""
    return column if len(column) == height else column.new_from_index(0, height)


def _groups(roots: Mapping[str, frozenset[str]], codes: _Codes) -> list[frozenset[str]]:
    """Sets of few-valued fields, widest first; a set inside another one is no group of its own."""
    usable = {fields for fields in roots.values() if all(codes.is_few(f) for f in fields)}
    narrow = [a for a in usable if sum(not codes.is_void(f) for f in a) <= MAX_FIELDS]
    return [a for a in narrow if not any(a < b for b in narrow)]


class _Codes:
    """Numbers in place of values, for the fields that take few."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self.frame = frame
        self._few: dict[str, bool] = {}
        self._codes: dict[str, tuple[npt.NDArray[np.int64], int]] = {}

    def is_few(self, field: str) -> bool:
        """Does a sample of the field show few values?"""
        if field not in self._few:
            column = self.frame[field]
            if self.is_void(field):
                self._few[field] = True
                return True
            step = max(1, self.frame.height // SAMPLE)
            self._few[field] = column.dtype == pl.String and column.gather_every(step).n_unique() <= FEW
        return self._few[field]

    def is_void(self, field: str) -> bool:
        """Has no record a value?"""
        return self.frame[field].null_count() == self.frame.height

    def of(self, field: str) -> tuple[npt.NDArray[np.int64], int]:
        """A number for each record, and how many numbers there are; NULL is the last."""
        if field not in self._codes:
            column = self.frame[field]
            values = column.head(0) if self.is_void(field) else column.unique().drop_nulls()
            if len(values):
                numbers = column.cast(pl.Enum(values)).to_physical().cast(pl.Int64).fill_null(len(values)).to_numpy()
            else:
                numbers = np.zeros(len(column), np.int64)
            self._codes[field] = numbers, len(values) + 1
        return self._codes[field]

    def evaluate(self, expressions: Sequence[pl.Expr], fields: frozenset[str]) -> list[pl.Series]:
        """The expressions, worked out for each combination of the fields' values; empty where there are too many."""
        combined, size = np.zeros(self.frame.height, np.int64), 1
        for field in sorted(fields):
            numbers, count = self.of(field)
            if count == 1:
                continue
            size *= count
            if size > MAX_COMBINATIONS:
                return []
            combined = combined * count + numbers
        first = np.full(size, -1, np.int64)
        first[combined[::-1]] = np.arange(self.frame.height - 1, -1, -1)
        present = np.flatnonzero(first >= 0)
        if len(present) > self.frame.height // 4:
            return []
        place = np.zeros(size, np.uint32)
        place[present] = np.arange(len(present), dtype=np.uint32)
        some = self.frame.select(sorted(fields))[first[present]]
        results = some.lazy().select(expressions).collect(optimizations=SHARED)
        rows = pl.Series(place[combined])
        return [_full(results[c], len(present)).gather(rows) for c in results.columns]
