"""Windows of a whole investigation, each built once: patterns of one view share them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from fwforensics.analysis.observations import EVERYWHERE, Observations
from fwforensics.analysis.subjects import Subjects, find_subjects, membership
from fwforensics.analysis.windows import Calls, Floats, Phase, Window, build, merged

Intervals = list[tuple[float, float]]


@dataclass(slots=True)
class Setting:
    """Where and when patterns could be seen, and what calls were made there.

    Attributes:
        subjects: what calls are compared by.
        observed: intervals of each view, run and place.
        alive: intervals of each view.
        phases: phases of each run.
        clocks: offset and bound, in seconds, of each view and place.
    """

    subjects: Subjects
    observed: dict[tuple[int, str, str], Intervals]
    alive: dict[int, Intervals]
    phases: dict[str, list[Phase]]
    clocks: dict[tuple[int, str], tuple[float, float]]
    _calls: pl.DataFrame
    _member: np.ndarray = field(repr=False)
    _windows: dict[tuple[int, str, str], Window | None] = field(default_factory=dict)

    @property
    def has_calls(self) -> bool:
        """Is there any trace of calls?"""
        return self._calls.height > 0

    def window(self, view: int, run: str, place: str) -> Window | None:
        """The window of a run on a place; None where it was not observed, or the trace shows no calls."""
        key = (view, run, place)
        if key not in self._windows:
            self._windows[key] = self._build(*key)
        return self._windows[key]

    def _build(self, view: int, run: str, place: str) -> Window | None:
        observed = self.observed.get((view, run, place))
        if not observed:
            return None
        run_id, at = pl.col("run_id"), pl.col("place")
        # On a known machine the calls of all runs count: which run a bout belongs to is another question.
        mine = (
            (run_id == run) | run_id.is_null()
            if place == EVERYWHERE
            else (at == place) | (at.is_null() & (run_id == run))
        )
        near = pl.col("at").is_between(observed[0][0] - 600, observed[-1][1] + 600)
        own = self._calls.filter(mine.fill_null(False) & near)
        if not own.height:
            return None
        calls = Calls(own["at"].to_numpy(), self._member[own["number"].to_numpy()])
        return build(run, observed, calls, self.phases.get(run, []))

    def runs_on(self, view: int, place: str) -> Intervals:
        """When any run was observed on a place; everywhere, where runs do not tell their machines."""
        own = [i for (v, _, p), found in self.observed.items() if v == view and p in (place, EVERYWHERE) for i in found]
        known = [i for (v, _, p), found in self.observed.items() if v == view and p == place for i in found]
        return merged(known or own)


def setting_of(seen: Observations) -> Setting:
    """The setting of an investigation."""
    calls = seen.calls.drop_nulls("at").sort("at", "place", "run_id", "tool", "command_class")
    subjects, marked = find_subjects(calls)
    observed: dict[tuple[int, str, str], Intervals] = defaultdict(list)
    for view, run, place, low, high in seen.observed.select("view", "run_id", "place", "low", "high").iter_rows():
        observed[view, run, place].append((low, high))
    alive: dict[int, Intervals] = defaultdict(list)
    for view, low, high in seen.alive.select("view", "low", "high").iter_rows():
        alive[view].append((low, high))
    phases: dict[str, list[Phase]] = defaultdict(list)
    for run, name, low, high in seen.phases.select("run_id", "name", "low", "high").sort("low", "name").iter_rows():
        phases[run].append(Phase(name, low, high))
    return Setting(
        subjects=subjects,
        observed={k: merged(v) for k, v in observed.items()},
        alive={k: merged(v) for k, v in alive.items()},
        phases=dict(phases),
        clocks={
            (v, p): (o, b) for v, p, o, b in seen.clocks.select("view", "place", "offset_s", "bound_s").iter_rows()
        },
        _calls=marked.select("run_id", "place", "at").with_row_index("number"),
        _member=membership(marked, len(subjects.names)),
    )


def inside(times: Floats, intervals: Intervals) -> np.ndarray:
    """Index of the interval that each time is in, -1 for none; intervals are disjoint and in order."""
    if not intervals:
        return np.full(len(times), -1)
    lows, highs = np.array(intervals).T
    at = np.searchsorted(lows, times, side="right") - 1
    return np.where((at >= 0) & (times < highs[np.maximum(at, 0)]), at, -1)
