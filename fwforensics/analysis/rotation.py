"""Are a pattern's bouts aligned with calls? Bouts are moved within their strata; alignment is all that this breaks.

Statistic: K bouts that have a call of a subject in the L seconds before them, at lag τ, against E expected; the
largest signed root deviance over subjects, widths and lags. Surrogates: all bouts of a stratum move by the same
amount, around its end; equal over the machines of a run and, where three runs or more are hit, over all strata of a
run, which keeps the dependence that schedules and cron jobs make. Where the clock may be off by more than 10 s, or no
phases are recorded, those of bouts are not known for sure: bouts then move by whole stretches of their phase, as far
from the beginning or from the end of another one; the larger p of both counts.
Assumption: given its stratum (and place), a bout without relation to calls may as well have come at another time of it.
Range of p: (0, 1].

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
#: Numbers of coincidences, of the smallest type that holds all bouts.
Counts = npt.NDArray[np.unsignedinteger]
#: Runs from which on all strata of a run move alike.
LOCKED_RUNS = 3
#: Bouts of one stratum from which on a Fourier transform is faster than shifting.
MANY = 384
#: Clocks that may be off by more than this do not tell phases: bouts move by whole cycles of a schedule.
UNSURE_S = 10.0
#: Stretches of a phase in a stratum from which on they are cycles; fewer are moved within, if so many bounds long.
MIN_CYCLES, LONG = 4, 10
#: Surrogates times lags times rows that are held at a time: what a core's own cache holds.
_CELLS = 500_000


@dataclass(frozen=True, slots=True)
class Placed:
    """Bouts of one pattern in one window: their steps there."""

    window: Window
    steps: Integers


@dataclass(slots=True)
class _Stratum:
    """Bouts of one stratum.

    Attributes:
        group: what moves with it.
        fold: the run that it is counted for.
        counts: coincidences by rotation and row.
        cycles: coincidences where bouts move by whole cycles, by cycle and lags · rows, keeping to the beginnings of
            stretches or to their ends; None where they do not.
        n: number of bouts.
    """

    group: int
    fold: int
    counts: Counts
    cycles: tuple[Counts, Counts] | None
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
    shift = lags(bound_s)
    strata, e_strata = _strata(placed, shift, by_cycles=bound_s > UNSURE_S)
    if not strata:
        return None
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

    def drawn_by(edge: int) -> Drawn:
        turned = _turned(strata, shift, edge)
        return monte_carlo(float(value.max()), lambda m: _maxima(turned, rows, table, rng, m), surrogates)

    drawn = drawn_by(0)
    if any(s.cycles is not None for s in strata):
        # A schedule may bind bouts to either edge; what is shown must not be owed to any.
        drawn = max(drawn, drawn_by(1), key=lambda d: d.p)
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


def _strata(placed: Sequence[Placed], shift: Integers, *, by_cycles: bool) -> tuple[list[_Stratum], list[Floats]]:
    """Coincidences of each stratum for every rotation, and what is expected of it."""
    runs = sorted({p.window.run for p in placed if len(p.steps)})
    locked = len(runs) >= LOCKED_RUNS
    kind = np.min_scalar_type(sum(len(p.steps) for p in placed))
    found, expected = [], []
    for part in placed:
        window, run = part.window, runs.index(part.window.run) if len(part.steps) else 0
        stratum, place = window.place_of[:, part.steps]
        for number in np.unique(stratum):
            own, spots = window.strata[number], place[stratum == number]
            group = run if locked else run * 100_000 + int(number)
            fold = run if len(runs) > 1 else int(number)
            presence = window.presence.T[own]
            unsure = by_cycles or not window.told
            cycles = _cycles(presence, own, spots, shift, kind) if unsure else None
            found.append(_Stratum(group, fold, _rotations(presence, spots, kind), cycles, len(spots)))
            expected.append(window.shares[number] * len(spots))
    return found, expected


def _rotations(presence: npt.NDArray[np.uint8], spots: Integers, kind: np.dtype) -> Counts:
    """Coincidences for every rotation u of the bouts: shape (steps, rows), so that neighbouring lags lie together."""
    steps, rows = presence.shape
    if len(spots) >= MANY:
        weights = np.fft.rfft(np.bincount(spots, minlength=steps))[:, None]
        turned = np.fft.irfft(np.fft.rfft(presence, axis=0) * weights.conj(), steps, axis=0)
        return np.asarray(np.rint(turned).astype(kind))
    found = np.zeros((steps, rows), kind)
    for spot in spots:
        found[: steps - spot] += presence[spot:]
        found[steps - spot :] += presence[:spot]
    return found


def _cycles(
    presence: npt.NDArray[np.uint8], own: Integers, spots: Integers, shift: Integers, kind: np.dtype
) -> tuple[Counts, Counts] | None:
    """Coincidences after moving bouts by whole cycles, as far from the beginning or from the end of another stretch.

    Calls are not spread evenly over a rollout, and bouts that a schedule binds may be anywhere in it once a clock is
    off: what both owe to the cycle stays, and what is left is which calls went before.
    """
    begins = np.flatnonzero(np.diff(own, prepend=own[0] - 2) > 1)
    if len(begins) < MIN_CYCLES and len(own) >= LONG * max(shift[-1], 1):
        return None
    last = np.append(begins[1:], len(own)) - 1
    cycle = np.searchsorted(begins, spots, side="right") - 1
    target = (cycle + np.arange(len(begins))[:, None]) % len(begins)
    after, before, length = spots - begins[cycle], last[cycle] - spots, (last - begins)[target]
    # What is farther than another stretch is long goes to the same part of it.
    part = np.round(after / np.maximum(last - begins, 1)[cycle] * length).astype(np.int64)
    one = begins[target] + np.where(after <= length, after, part)
    other = last[target] - np.where(before <= length, before, length - part)
    return _gathered(presence, one, shift, kind), _gathered(presence, other, shift, kind)


def _gathered(presence: npt.NDArray[np.uint8], moved: Integers, shift: Integers, kind: np.dtype) -> Counts:
    """Coincidences at all lags of bouts at places of shape (cycles, bouts): shape (cycles, lags · rows)."""
    found = np.zeros((len(moved), len(shift), presence.shape[1]), kind)
    for at in moved.T:
        found += presence[(at[:, None] + shift) % len(presence)]
    return found.reshape(len(moved), -1)


@dataclass(slots=True)
class _Turned:
    """Strata of one length that move together, summed: row u of `blocks` holds all lags of rotation u."""

    group: int
    steps: int
    blocks: Counts
    parity: int

    def at(self, turns: Floats) -> Counts:
        """Coincidences of some turns, given as shares of the whole: shape (turns, lags · rows)."""
        start = (turns * self.steps).astype(np.int64)
        return np.asarray(self.blocks[start if self.parity == 0 else start // 2 + (start % 2) * self.parity])


def _turned(strata: Sequence[_Stratum], shift: Integers, edge: int) -> list[_Turned]:
    """Strata of one group and length summed, and laid out so that the lags of a rotation are one piece of memory."""
    summed: dict[tuple[int, int], Counts] = {}
    cycles: dict[tuple[int, int], Counts] = {}
    for stratum in strata:
        own, sums = (stratum.counts, summed) if stratum.cycles is None else (stratum.cycles[edge], cycles)
        key = (stratum.group, len(own))
        sums[key] = sums[key] + own if key in sums else own
    found = [_Turned(group, number, counts, 0) for (group, number), counts in cycles.items()]
    for (group, steps), counts in summed.items():
        around = counts[np.arange(shift[0], steps + shift[-1] + 1) % steps]
        parity = 0
        if len(shift) > 1 and shift[1] - shift[0] == 2:
            # Every second lag: even and odd rotations one after the other.
            parity = (len(around) + 1) // 2
            around = np.concatenate((around[::2], around[1::2]))
        rows, width = counts.shape[1], len(shift) * counts.shape[1]
        blocks = np.lib.stride_tricks.sliding_window_view(around.reshape(-1), width)[::rows]
        found.append(_Turned(group, steps, blocks, parity))
    return found


def _maxima(strata: Sequence[_Turned], rows: int, table: Floats, rng: np.random.Generator, draws: int) -> Floats:
    """Largest statistics of surrogates: one turn for each group of strata that move together."""
    groups = sorted({s.group for s in strata})
    turns = dict(zip(groups, rng.random((len(groups), draws)), strict=True))
    width = strata[0].blocks.shape[1]
    found = np.empty(draws)
    for first in range(0, draws, max(1, _CELLS // width)):
        part = slice(first, first + max(1, _CELLS // width))
        k = strata[0].at(turns[strata[0].group][part])
        for stratum in strata[1:]:
            k += stratum.at(turns[stratum.group][part])
        most = k.reshape(len(k), -1, rows).max(axis=1)
        found[part] = table[np.arange(rows), most].max(axis=1)
    return found


def row_of(subject: int, width: int) -> int:
    """Row of a subject and a width in the tables of the test."""
    return subject * len(WIDTHS_S) + width
