"""Does it matter which tool? Call times and bouts stay; tools move along the order of calls.

The labels of all calls of a window turn together along their order, which keeps runs of one tool. Statistic and search
are those of the time test; what is expected is the mean over all turns. Immune to whatever acts on all tools alike:
phases, load, time of day. Blind where any call will do. Bouts in excess of 400 (of about 160, where lags of five
minutes are searched) are thinned evenly.

Source: label permutation along a sequence; max-T: Westfall, Young (1993).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fwforensics.analysis.rotation import Placed, lags
from fwforensics.analysis.surrogates import SURROGATES, Drawn, deviance, monte_carlo
from fwforensics.analysis.tally import WORD, Tally, Words, counts, packed, reach
from fwforensics.analysis.windows import STEP_S, WIDTHS_S, Calls, Window

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
#: Bouts at most, and bouts times widths times lags.
MAX_BOUTS, MAX_WORK = 400, 40_000
#: Bouts may have been cut to the step that they are in.
CUT_S = 1.0


@dataclass(slots=True)
class LabelTest:
    """Result of the label test: the largest statistic, its subject (column of the calls), p and surrogates.

    The maxima in `drawn` are 1 for surrogates that reach the statistic and 0 for others.
    """

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
    lag_s = (lags(bound_s) * STEP_S).astype(np.float64)
    total = sum(map(len, times))
    most = min(MAX_BOUTS, MAX_WORK // (len(lag_s) * len(WIDTHS_S)))
    kept = [own[:: max(1, int(np.ceil(total / most)))] for own in times]
    asked = [
        _asked(part.window, own, lag_s, tuple(columns))
        for part, own in zip(placed, kept, strict=True)
        if len(own) and len(part.window.calls.times) > 1
    ]
    if not asked or not columns:
        return None
    n = sum(map(len, kept))
    e = np.sum([a.expected for a in asked], axis=0)
    observed = _counted(asked, [np.zeros(1, np.int64)] * len(asked))
    sizes = [min(WORD, len(columns) - first) for first in range(0, len(columns), WORD)]
    k = np.concatenate([counts(d, size)[0] for d, size in zip(observed, sizes, strict=True)], axis=1)
    values = deviance(k, e, n)
    statistic, subject = float(values.max()), columns[int(values.argmax()) % len(columns)]
    limits = _least(e, n, statistic)

    def draw(draws: int) -> Floats:
        found = _counted(asked, [rng.integers(0, a.calls, draws) for a in asked])
        words = (reach(d, limits[:, at * WORD : (at + 1) * WORD]) for at, d in enumerate(found))
        return np.asarray(np.any([w.any(axis=1) for w in words], axis=0), np.float64)

    return LabelTest(n, statistic, subject, monte_carlo(1.0, draw, surrogates))


def _least(e: Floats, n: int, statistic: float) -> Integers:
    """The least k of each cell whose statistic is as large; n + 1 where none is."""
    low, high = np.zeros(e.shape, np.int64), np.full(e.shape, n + 1)
    while (low < high).any():
        middle = (low + high) // 2
        enough = (deviance(middle, e, n) >= statistic - 1e-9) | (low >= high)
        low, high = np.where(enough, low, middle + 1), np.where(enough, np.minimum(middle, high), high)
    return high


@dataclass(frozen=True, slots=True)
class _Labels:
    """Subjects of the calls of one window, so that those of any stretch of calls are two look-ups.

    Attributes:
        sets: for each word of subjects, unions of 1, 2, 4 … labels from each call on; the first level is empty sets.
        level: length of a level.
        shares: of stretches of m calls, the share that hold each subject; shape (m, subjects).
    """

    sets: list[Words]
    level: int
    shares: Floats


@dataclass(frozen=True, slots=True)
class _Asked:
    """The stretches of calls before the bouts of one window, for every width and lag.

    Attributes:
        sets: as in `_Labels`.
        first, second: two stretches that cover each, as indices into `sets`; shape (bouts, widths · lags).
        calls: number of calls, and of turns.
        expected: mean number of bouts with each subject over all turns; shape (widths · lags, subjects).
    """

    sets: list[Words]
    first: Integers
    second: Integers
    calls: int
    expected: Floats


def _labels(calls: Calls, columns: tuple[int, ...]) -> _Labels:
    """Prepare the calls of one window."""
    labels, count = calls.subjects[:, list(columns)], len(calls.times)
    until = np.searchsorted(calls.times, calls.times + max(WIDTHS_S) + CUT_S, side="right")
    longest = int((until - np.arange(count)).max())
    around = np.arange(2 * count + longest) % count
    sets = []
    for first in range(0, len(columns), WORD):
        own = packed(labels[:, first : first + WORD])[around]
        levels = [np.zeros_like(own), own]
        for power in range(longest.bit_length() - 1):
            levels.append(levels[-1] | np.roll(levels[-1], -(1 << power)))
        sets.append(np.concatenate(levels))
    shares = np.zeros((longest + 1, len(columns)))
    for column in range(len(columns)):
        spots = np.flatnonzero(labels[:, column])
        if len(spots):
            ahead = np.append(spots, spots[0] + count)[np.searchsorted(spots, np.arange(count))] - np.arange(count)
            held = np.bincount(np.minimum(ahead, longest), minlength=longest + 1)[:longest]
            shares[1:, column] = np.cumsum(held) / count
    return _Labels(sets, len(around), shares)


def _asked(window: Window, times: Floats, lag_s: Floats, columns: tuple[int, ...]) -> _Asked:
    """Stretches of calls before the bouts of one window."""
    labels = window.prepared.get(columns)
    if labels is None:
        labels = window.prepared[columns] = _labels(window.calls, columns)
    calls = window.calls.times
    until = times[:, None, None] + lag_s
    low = np.searchsorted(calls, until - np.array(WIDTHS_S)[:, None], side="right").reshape(len(times), -1)
    high = np.searchsorted(calls, until + CUT_S, side="right")
    length = np.repeat(high, len(WIDTHS_S), axis=1).reshape(len(times), -1) - low
    power = np.frexp(np.maximum(length, 1))[1].astype(np.int64) - 1
    level = np.where(length > 0, power + 1, 0) * labels.level
    second = level + low + np.where(length > 0, length - (1 << power), 0)
    return _Asked(labels.sets, level + low, second, len(calls), labels.shares[length].sum(axis=0))


def _counted(asked: Sequence[_Asked], turns: Sequence[Integers]) -> list[list[Words]]:
    """Bouts with each subject after turns of the labels: for each word of subjects, digits of shape (turns, cells)."""
    tallies = [Tally() for _ in asked[0].sets]
    for own, turn in zip(asked, turns, strict=True):
        for first, second in zip(own.first, own.second, strict=True):
            one, two = turn[:, None] + first, turn[:, None] + second
            for tally, sets in zip(tallies, own.sets, strict=True):
                tally.add(sets.take(one, mode="clip") | sets.take(two, mode="clip"))
    return [tally.digits() for tally in tallies]
