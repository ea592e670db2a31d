"""Bouts around calls: a histogram of delays with the band that chance alone would fill, for the eye.

Both are counted in steps of 5 s over each run. What chance would give is the same histogram after the bouts of each
run were turned around the run's time by a random step (circular shift): their own spacing and the spacing of the calls
stay, what ties the two does not. The band is pointwise, 95 %, of 399 shifts. The test that a verdict rests on is
another one (`surrogates`, `labels`): it holds phases fixed and pays for its search.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
STEP_S = 5.0
#: Delays that are shown: before the call, after the call.
BEFORE_S, AFTER_S = 60.0, 120.0
SHIFTS = 399
BAND = (0.025, 0.975)
#: Runs of more steps than this (about a month) are left out: nobody looks at them through this window.
MOST_STEPS = 1 << 19


@dataclass(frozen=True, slots=True)
class RunTimes:
    """One run: its begin and end, starts of its calls, and its bouts by the trace's clock; seconds since the epoch."""

    low: float
    high: float
    calls: Floats
    bouts: Floats


@dataclass(frozen=True, slots=True)
class Around:
    """The histogram.

    Attributes:
        delays: lower edge of each class, seconds from the call to the bout; classes are 5 s wide.
        pairs: pairs of a call and a bout in each class.
        low: lower end of the band of chance.
        high: upper end.
        mean: what chance gives on average.
        n_bouts: bouts that were looked at.
        n_calls: calls.
        n_runs: runs that have both.
    """

    delays: list[float]
    pairs: list[int]
    low: list[float]
    high: list[float]
    mean: list[float]
    n_bouts: int
    n_calls: int
    n_runs: int


def around(runs: Iterable[RunTimes], rng: np.random.Generator) -> Around | None:
    """The histogram of all runs together; None where no run has both calls and bouts."""
    offsets = np.arange(-int(BEFORE_S / STEP_S), int(AFTER_S / STEP_S))
    pairs = np.zeros(len(offsets))
    shifted = np.zeros((SHIFTS, len(offsets)))
    bouts = calls = seen = 0
    for run in runs:
        correlation = _correlation(run)
        if correlation is None:
            continue
        size = len(correlation)
        pairs += correlation[offsets % size]
        turns = rng.integers(0, size, SHIFTS)
        shifted += correlation[(offsets[None, :] + turns[:, None]) % size]
        bouts, calls, seen = bouts + len(run.bouts), calls + len(run.calls), seen + 1
    if not seen:
        return None
    low, high = np.quantile(shifted, BAND, axis=0)
    mean = shifted.mean(axis=0)
    return Around(
        (offsets * STEP_S).tolist(), np.rint(pairs).astype(int).tolist(), _rounded(low), _rounded(high), _rounded(mean),
        bouts, calls, seen,
    )  # fmt: skip


def _rounded(values: Floats) -> list[float]:
    return [round(float(v), 3) for v in values]


def _correlation(run: RunTimes) -> Floats | None:
    """For each step of delay, how many pairs of call and bout have it, around the circle of the run's time."""
    steps = int(np.ceil((run.high - run.low) / STEP_S))
    if not len(run.calls) or not len(run.bouts) or not (BEFORE_S + AFTER_S) / STEP_S < steps <= MOST_STEPS:
        return None
    called, bouts = (_counts(times, run.low, steps) for times in (run.calls, run.bouts))
    if not called.any() or not bouts.any():
        return None
    found: Floats = np.fft.irfft(np.fft.rfft(bouts) * np.conj(np.fft.rfft(called)), n=steps)
    return np.rint(found)


def _counts(times: Floats, low: float, steps: int) -> Floats:
    at = np.floor((times - low) / STEP_S).astype(np.int64)
    inside = at[(at >= 0) & (at < steps)]
    return np.bincount(inside, minlength=steps).astype(np.float64)
