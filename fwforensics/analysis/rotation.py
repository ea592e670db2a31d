"""Are a pattern's bouts aligned with calls? Bouts are moved within their strata; alignment is all that this breaks.

Statistic: K bouts that have a call of a subject in the L seconds before them, at lag τ, against E expected; the
largest signed root deviance over subjects, widths and lags. Surrogates: all bouts of a stratum move by the same
amount, around its end; equal over the machines of a run and, where three runs or more are hit, over all strata of a
run, which keeps the dependence that schedules and cron jobs make. Assumption: given its stratum, a bout without
relation to calls may as well have come at another time of it. Range of p: (0, 1].

Source: shift tests in operational time: Louis et al. (2010), Harris (arXiv 2012.06862); max-T: Westfall, Young (1993).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fwforensics.analysis.surrogates import SURROGATES, Drawn, deviance, monte_carlo
from fwforensics.analysis.windows import STEP_S, WIDTHS_S, Window

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
#: Runs from which on all strata of a run move alike.
LOCKED_RUNS = 3
#: Bouts of one stratum from which on a Fourier transform is faster than shifting.
MANY = 64


@dataclass(frozen=True, slots=True)
class Placed:
    """Bouts of one pattern in one window: their steps there."""

    window: Window
    steps: Integers


@dataclass(slots=True)
class _Stratum:
    group: int
    fold: int
    counts: npt.NDArray[np.int32]
    n: int


@dataclass(slots=True)
class TimeTest:
    """Result of the time test.

    Attributes:
        n: bouts that were tested.
        lags_s: lags that were searched, in seconds.
        k: bouts that coincide, (rows, lags); rows are subjects · widths.
        e: expected, (rows,).
        best: row and lag of the largest statistic.
        statistic: the largest statistic.
        drawn: p and surrogates.
        folds: for each run (or stratum, where there is one run): k of shape (rows, lags), e of shape (rows,), n.
    """

    n: int
    lags_s: Floats
    k: npt.NDArray[np.int64]
    e: Floats
    best: tuple[int, int]
    statistic: float
    drawn: Drawn
    folds: list[tuple[npt.NDArray[np.int64], Floats, int]]


def lags(bound_s: float) -> Integers:
    """Lags in steps: all of them within a minute, every second one beyond."""
    reach = int(bound_s // STEP_S)
    return np.arange(-reach, reach + 1, 1 if bound_s <= 60 else 2, dtype=np.int64)


def time_test(
    placed: Sequence[Placed], bound_s: float, rng: np.random.Generator, surrogates: int = SURROGATES
) -> TimeTest | None:
    """Test whether bouts are aligned with calls.

    Args:
        placed: bouts by window.
        bound_s: residual clock offset S, in seconds: lags within ± S are searched.
        rng: random numbers.
        surrogates: how many at most.

    Returns:
        None where no bout is in a window.
    """
    strata, e_strata = _strata(placed)
    if not strata:
        return None
    shift = lags(bound_s)
    n = sum(s.n for s in strata)
    rows = strata[0].counts.shape[1]
    k, e = np.zeros((rows, len(shift)), np.int64), np.sum(e_strata, axis=0)
    folds: dict[int, tuple[npt.NDArray[np.int64], Floats, int]] = {}
    for stratum, expected in zip(strata, e_strata, strict=True):
        own = stratum.counts[shift % len(stratum.counts)].T.astype(np.int64)
        k += own
        before = folds.get(stratum.fold, (np.zeros_like(k), np.zeros(rows), 0))
        folds[stratum.fold] = (before[0] + own, before[1] + expected, before[2] + stratum.n)
    value = deviance(k, e[:, None], n)
    best = np.unravel_index(int(value.argmax()), value.shape)
    table = deviance(np.arange(n + 1)[None, :], e[:, None], n)
    drawn = monte_carlo(float(value.max()), lambda m: _maxima(strata, shift, table, rng, m), surrogates)
    return TimeTest(
        n,
        (shift * STEP_S).astype(np.float64),
        k,
        e,
        (int(best[0]), int(best[1])),
        float(value.max()),
        drawn,
        [*folds.values()],
    )


def _strata(placed: Sequence[Placed]) -> tuple[list[_Stratum], list[Floats]]:
    """Coincidences of each stratum for every rotation, and what is expected of it."""
    runs = sorted({p.window.run for p in placed if len(p.steps)})
    locked = len(runs) >= LOCKED_RUNS
    found, expected = [], []
    for part in placed:
        window, run = part.window, runs.index(part.window.run) if len(part.steps) else 0
        for number in np.unique(window.place_of[0, part.steps]):
            own = window.strata[number]
            spots = window.place_of[1, part.steps[window.place_of[0, part.steps] == number]]
            presence = window.presence[:, own]
            group = run if locked else run * 100_000 + int(number)
            fold = run if len(runs) > 1 else int(number)
            found.append(_Stratum(group, fold, _rotations(presence, spots), len(spots)))
            expected.append(presence.mean(axis=1) * len(spots))
    return found, expected


def _rotations(presence: npt.NDArray[np.uint8], spots: Integers) -> npt.NDArray[np.int32]:
    """Coincidences for every rotation u of the bouts: shape (steps, rows), so that neighbouring lags lie together."""
    rows, steps = presence.shape
    if len(spots) < MANY:
        twice = np.concatenate((presence, presence), axis=1)
        found = np.zeros((rows, steps), np.int32)
        for spot in spots:
            found += twice[:, spot : spot + steps]
    else:
        weights = np.fft.rfft(np.bincount(spots, minlength=steps))
        found = np.rint(np.fft.irfft(np.fft.rfft(presence) * weights.conj(), steps)).astype(np.int32)
    return np.ascontiguousarray(found.T)


def _maxima(strata: Sequence[_Stratum], shift: Integers, table: Floats, rng: np.random.Generator, draws: int) -> Floats:
    """Largest statistics of surrogates: one turn for each group of strata that move together."""
    groups = sorted({s.group for s in strata})
    turns = dict(zip(groups, rng.random((len(groups), draws)), strict=True))
    rows = strata[0].counts.shape[1]
    k = np.zeros((draws, len(shift), rows), np.int32)
    for stratum in strata:
        steps = len(stratum.counts)
        at = (turns[stratum.group] * steps).astype(np.int64)
        k += stratum.counts[(at[:, None] + shift) % steps]
    return np.asarray(table[np.arange(rows), k.max(axis=1)].max(axis=1))


def row_of(subject: int, width: int) -> int:
    """Row of a subject and a width in the tables of the test."""
    return subject * len(WIDTHS_S) + width
