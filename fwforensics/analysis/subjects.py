"""What calls are compared by: any call at all, each tool, and within a tool each class of commands.

Subjects that few calls belong to are pooled to "other", and only so many are told apart: each is one more test.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

ANY, OTHER = "any call", "other"
#: A subject has at least so many calls, or it is pooled.
MIN_CALLS = 6
MAX_TOOLS, MAX_CLASSES = 40, 24


@dataclass(frozen=True, slots=True)
class Subjects:
    """The subjects of a trace.

    Attributes:
        names: name of each, `ANY` first; classes of commands are written `tool: class`.
        parents: index of what each is a part of; -1 for `ANY` itself.
    """

    names: tuple[str, ...]
    parents: tuple[int, ...]

    def related(self, one: int, other: int) -> bool:
        """Is one of them the other, or a part of it? Everything is a part of `ANY`, which says nothing."""
        return one == other or self.parents[one] == other > 0 or self.parents[other] == one > 0


def find_subjects(calls: pl.DataFrame) -> tuple[Subjects, pl.DataFrame]:
    """The subjects of all calls, and which two each call belongs to beside `ANY`.

    Args:
        calls: `tool`, `command_class`, either NULL where unknown.

    Returns:
        The subjects, and `calls` with `of_tool`, `of_class`: index of the subject, -1 for none.
    """
    tools = _frequent(calls.select(name=pl.col("tool")), MAX_TOOLS)
    named = calls.with_columns(
        of_tool=pl.when(pl.col("tool").is_in(tools)).then("tool").when(pl.col("tool").is_not_null()).then(pl.lit(OTHER))
    )
    pair = pl.format("{}: {}", "tool", "command_class")
    classes = _frequent(named.filter(pl.col("tool").is_in(tools)).select(name=pair), MAX_CLASSES)
    # A tool all of whose calls are of one class is that class; it would be tested twice.
    sizes = dict(named.select(n=pair).drop_nulls().group_by("n").len().iter_rows())
    totals = dict(named.select(n="tool").drop_nulls().group_by("n").len().iter_rows())
    classes = [c for c in classes if sizes[c] < totals[c.partition(": ")[0]]]
    rest = [OTHER] if named["of_tool"].eq_missing(OTHER).any() else []
    names = (ANY, *tools, *rest, *classes)
    number = {name: at for at, name in enumerate(names)}
    parents = (-1, *(0 for _ in (*tools, *rest)), *(number[c.partition(": ")[0]] for c in classes))
    marked = named.with_columns(
        pl.col("of_tool").replace_strict(number, default=-1, return_dtype=pl.Int64).fill_null(-1),
        of_class=pair.replace_strict({c: number[c] for c in classes}, default=-1, return_dtype=pl.Int64).fill_null(-1),
    )
    return Subjects(names, parents), marked


def _frequent(names: pl.DataFrame, most: int) -> list[str]:
    """The most frequent names, as far as they are frequent enough, in order of the alphabet."""
    counted = names.drop_nulls().group_by("name").len().filter(pl.col("len") >= MIN_CALLS)
    return sorted(counted.sort("len", "name", descending=[True, False]).head(most)["name"].to_list())


def membership(marked: pl.DataFrame, count: int) -> npt.NDArray[np.bool_]:
    """Which of `count` subjects each call belongs to; shape (calls, count)."""
    found = np.zeros((marked.height, count), bool)
    found[:, 0] = True
    for column in ("of_tool", "of_class"):
        index = marked[column].to_numpy()
        known = np.flatnonzero(index >= 0)
        found[known, index[known]] = True
    return found
