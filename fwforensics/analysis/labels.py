"""Does it matter which tool? Call times and bouts stay; tools move along the order of calls.

The labels of all calls of a window turn together along their order, which keeps runs of one tool. Statistic and search
are those of the time test. Immune to whatever acts on all tools alike: phases, load, time of day. Blind where any call
will do. Bouts in excess of a thousand are thinned evenly, and of windows with many calls 512 turns are used.

Source: label permutation along a sequence; max-T: Westfall, Young (1993).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fwforensics.analysis.rotation import Placed, lags
from fwforensics.analysis.surrogates import SURROGATES, Drawn, deviance, monte_carlo
from fwforensics.analysis.windows import STEP_S, WIDTHS_S, Calls

Floats = npt.NDArray[np.float64]
MAX_BOUTS, MAX_TURNS = 1_000, 512
#: Bouts may have been cut to the step that they are in.
CUT_S = 1.0


@dataclass(slots=True)
class LabelTest:
    """Result of the label test: the largest statistic, its subject (column of the calls), p and surrogates."""

    n: int
    statistic: float
    subject: int
    drawn: Drawn


def label_test(
    placed: Sequence[Placed], times: Sequence[Floats], bound_s: float, columns: Sequence[int],
    rng: np.random.Generator, surrogates: int = SURROGATES,
) -> LabelTest | None:  # fmt: skip
    """Test whether bouts coincide with particular subjects rather than with calls at large.

    Args:
        placed: bouts by window.
        times: their times by window, seconds since the epoch.
        bound_s: residual clock offset S, in seconds.
        columns: the subjects to compare; not "any call".
        rng: random numbers.
        surrogates: how many at most.

    Returns:
        None where there are no calls or bouts to compare.
    """
    total = sum(map(len, times))
    thin = max(1, int(np.ceil(total / MAX_BOUTS)))
    turned = []
    for part, own in zip(placed, times, strict=True):
        if len(own[::thin]) and len(part.window.calls.times) > 1:
            turned.append(
                _turns(part.window.calls, own[::thin], (lags(bound_s) * STEP_S).astype(np.float64), columns, rng)
            )
    if not turned or not columns:
        return None
    n = sum(len(own[::thin]) for own in times)
    e = np.sum([t.mean(axis=0) for t in turned], axis=0)
    observed = np.sum([t[0] for t in turned], axis=0)
    values = deviance(observed, e, n)
    width, lag, subject = np.unravel_index(int(values.argmax()), values.shape)
    del width, lag
    table_of = _by_rank(e, n)

    def draw(draws: int) -> Floats:
        k = np.zeros((draws, *e.shape), np.int32)
        for turn in turned:
            k += turn[rng.integers(0, len(turn), draws)]
        return table_of(k)

    return LabelTest(n, float(values.max()), columns[int(subject)], monte_carlo(float(values.max()), draw, surrogates))


def _by_rank(e: Floats, n: int) -> _Table:
    return _Table(deviance(np.arange(n + 1), e.reshape(-1, 1), n), e.size)


@dataclass(slots=True)
class _Table:
    """Statistics by number of coincidences, looked up in place of worked out."""

    values: Floats
    cells: int

    def __call__(self, k: npt.NDArray[np.int32]) -> Floats:
        flat = k.reshape(len(k), self.cells)
        return np.asarray(self.values[np.arange(self.cells), flat].max(axis=1))


def _turns(
    calls: Calls, times: Floats, lag_s: Floats, columns: Sequence[int], rng: np.random.Generator
) -> npt.NDArray[np.int32]:
    """Coincidences for each turn of the labels, the true one first: (turns, widths, lags, subjects)."""
    count = len(calls.times)
    turns = np.arange(count)
    if count > MAX_TURNS:
        turns = np.concatenate(([0], rng.choice(np.arange(1, count), MAX_TURNS - 1, replace=False)))
    labels = calls.subjects[:, list(columns)]
    ahead = np.concatenate((np.zeros((1, labels.shape[1])), np.cumsum(np.concatenate((labels, labels)), axis=0)))
    ahead = ahead.astype(np.int32)
    found = np.zeros((len(turns), len(WIDTHS_S), len(lag_s), labels.shape[1]), np.int32)
    for number, width in enumerate(WIDTHS_S):
        for place, lag in enumerate(lag_s):
            low = np.searchsorted(calls.times, times + lag - width, side="right")
            high = np.searchsorted(calls.times, times + lag + CUT_S, side="right")
            some = high > low
            for first, last in zip(low[some], high[some], strict=True):
                found[:, number, place] += ahead[turns + last] > ahead[turns + first]
    return found
