"""Does a pattern coincide with calls, and with which? The time test, the label test, and what both say of an effect.

A tool is named only where both tests pass and agree. Bouts so many, or so dense, that every moment has one are tested
by their onsets. What cannot be assessed says why; nothing here is ever a cause.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from fwforensics.analysis.effect import Share, cross_fitted, smallest_share
from fwforensics.analysis.labels import LabelTest, label_test
from fwforensics.analysis.rotation import Placed, TimeTest, row_of, time_test
from fwforensics.analysis.seeds import generator
from fwforensics.analysis.setting import Setting
from fwforensics.analysis.surrogates import SURROGATES, deviance
from fwforensics.analysis.windows import STEP_S, WIDTHS_S, Floats

#: Bouts from which on their onsets are tested, and the pause before an onset.
MANY_BOUTS, ONSET_S = 20_000, 15 * 60.0
OCCUPIED = 0.8
#: Share of time with a call from which on "any call" carries no information.
SATURATED = 0.95
#: The width whose expectation the smallest visible share is told for.
TYPICAL_WIDTH = 1


@dataclass(frozen=True, slots=True)
class Tested:
    """One subject's line in `associations`: bouts that coincide, expected ones, p adjusted for the search."""

    subject: str
    k: int
    e: float
    p: float


@dataclass(slots=True)
class Association:
    """What the tests show of one pattern.

    Attributes:
        reason: why nothing could be tested; empty where something was.
        n: bouts that were tested.
        subject: subject of the strongest coincidence in time; `agrees`: the label test names the same, or a part of it.
        named: subject that the label test shows, where it agrees.
        k, e: bouts that coincide with the reported subject, and expected ones.
        window_s, lag_s: width and lag at which they do.
        p_time, p_label: p values; the latter None where there are no subjects to compare.
        bound_s: how far lags were searched.
        coverage: share of observed time with any call in the reported width before it.
        after: bouts with such a call in the same width after them.
    """

    reason: str = ""
    n: int = 0
    subject: str = ""
    named: str | None = None
    agrees: bool = False
    k: int = 0
    e: float = 0.0
    window_s: float | None = None
    lag_s: float | None = None
    p_time: float | None = None
    p_label: float | None = None
    share: Share | None = None
    mde: float | None = None
    surrogates: int = 0
    bound_s: float = 0.0
    coverage: float = 0.0
    after: int = 0
    onsets: bool = False
    tested: list[Tested] = field(default_factory=list)


def associate(
    bouts: pl.DataFrame, view: int, setting: Setting, seed: int, *,
    bound_s: float, occupancy: float | None, surrogates: int = SURROGATES,
) -> Association:  # fmt: skip
    """Test one pattern.

    Args:
        bouts: `run_id`, `place`, `at` (seconds, by the sensor's clock) of each bout.
        view: the pattern's view.
        setting: windows, calls and clocks.
        seed: the pattern's own.
        bound_s: how far an unknown clock may be off.
        occupancy: share of 15-minute bins with an attempt.
        surrogates: how many at most.
    """
    if not setting.has_calls:
        return Association(reason="no trace of tool calls")
    onsets = bouts.height > MANY_BOUTS or (occupancy is not None and occupancy >= OCCUPIED)
    if onsets:
        bouts = _onsets(bouts)
    placed, times, bound = _placed(bouts, view, setting, bound_s)
    n = sum(len(p.steps) for p in placed)
    if n == 0:
        reason = (
            "no bout lies in a run"
            if bouts["run_id"].null_count() == bouts.height
            else "no trace of calls for its runs and hosts"
        )
        return Association(reason=reason, onsets=onsets, bound_s=bound)
    tested = time_test(placed, bound, generator(seed, "time"), surrogates)
    if tested is None or not tested.e.any():
        return Association(reason="no calls while it could be seen", n=n, onsets=onsets, bound_s=bound)
    columns = list(range(1, len(setting.subjects.names)))
    labelled = (
        label_test(placed, times, bound, columns, generator(seed, "label"), surrogates) if len(columns) > 1 else None
    )
    return _told(tested, labelled, placed, setting, seed, Association(n=n, onsets=onsets, bound_s=bound))


def _onsets(bouts: pl.DataFrame) -> pl.DataFrame:
    """Bouts after a pause of more than 15 minutes on their place."""
    ordered = bouts.sort("place", "at")
    return ordered.filter((pl.col("at").diff().over("place") > ONSET_S).fill_null(True))


def _placed(
    bouts: pl.DataFrame, view: int, setting: Setting, bound_s: float
) -> tuple[list[Placed], list[Floats], float]:
    """Bouts in their windows, by the trace's clock; their times; how far the least known of their clocks may be off."""
    placed, times, bound = [], [], 0.0
    known = bouts.drop_nulls("run_id").sort("run_id", "place", "at")
    for (run, place), own in known.group_by("run_id", "place", maintain_order=True):
        window = setting.window(view, str(run), str(place))
        if window is None:
            continue
        offset, own_bound = setting.clocks.get((view, str(place)), (0.0, bound_s))
        at = own["at"].to_numpy() + offset
        steps = window.step_of(at)
        if (steps >= 0).any():
            placed.append(Placed(window, steps[steps >= 0]))
            times.append(at[steps >= 0])
            bound = max(bound, own_bound)
    return placed, times, bound


def _told(
    tested: TimeTest, labelled: LabelTest | None, placed: list[Placed], setting: Setting, seed: int, found: Association
) -> Association:
    """Everything that is reported of one pattern."""
    names, widths = setting.subjects.names, len(WIDTHS_S)
    row, lag = tested.best
    found.p_time, found.surrogates = tested.drawn.p, tested.drawn.surrogates
    found.subject = names[row // widths]
    if labelled is not None:
        found.p_label = labelled.drawn.p
        found.surrogates = max(found.surrogates, labelled.drawn.surrogates)
        found.agrees = setting.subjects.related(row // widths, labelled.subject)
        if found.agrees:
            found.named = names[labelled.subject]
            row, lag = _best_of(tested, labelled.subject)
    found.k, found.e = int(tested.k[row, lag]), float(tested.e[row])
    found.window_s, found.lag_s = WIDTHS_S[row % widths], float(tested.lags_s[lag])
    found.share = cross_fitted(tested.folds, generator(seed, "share"))
    typical = np.median([tested.e[row_of(s, TYPICAL_WIDTH)] for s in range(1, len(names))] or [tested.e[TYPICAL_WIDTH]])
    found.mde = smallest_share(float(typical), tested.n, tested.drawn.maxima)
    found.coverage = float(tested.e[row % widths] / tested.n)
    found.after = _after(placed, row, int(tested.lags_s[lag] // STEP_S))
    found.tested = [_line(tested, s, name) for s, name in enumerate(names)]
    return found


def _values(tested: TimeTest, subject: int) -> Floats:
    rows = slice(row_of(subject, 0), row_of(subject + 1, 0))
    return deviance(tested.k[rows], tested.e[rows, None], tested.n)


def _best_of(tested: TimeTest, subject: int) -> tuple[int, int]:
    """Row and lag at which one subject coincides most."""
    values = _values(tested, subject)
    width, lag = np.unravel_index(int(values.argmax()), values.shape)
    return row_of(subject, int(width)), int(lag)


def _line(tested: TimeTest, subject: int, name: str) -> Tested:
    row, lag = _best_of(tested, subject)
    return Tested(
        name,
        int(tested.k[row, lag]),
        float(tested.e[row]),
        tested.drawn.exceeded(float(_values(tested, subject).max())),
    )


def _after(placed: list[Placed], row: int, lag: int) -> int:
    """Bouts with a call of the same kind in the same width after them: such calls may be what the bout led to."""
    width = int(WIDTHS_S[row % len(WIDTHS_S)] / STEP_S)
    found = 0
    for part in placed:
        at = np.minimum(part.steps + lag + width + 1, part.window.presence.shape[1] - 1)
        found += int(part.window.presence[row, at].sum())
    return found
