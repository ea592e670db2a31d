"""Windows of observation of one run on one machine: steps of time, phases, and strata within which bouts may be moved.

A window is the run's time as far as its sensors were alive, in steps of 5 s. Its steps are sorted by phase and each
phase is laid end to end (operational time: this takes the shared schedule of rollouts and updates out of the
comparison), then cut to strata of about two hours, within which slow trends are kept. Without recorded phases, active
and idle are worked out of the pauses between calls.

Source: Louis, Gerstein, Grün, Diesmann, Front. Comput. Neurosci. 4 (2010) 127.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
STEP_S = 5.0
STRATUM_S = 2 * 3600.0
#: Widths L of the window before a bout in which the start of a call counts.
WIDTHS_S = (5.0, 15.0, 45.0, 120.0)
IDLE_S, IDLE_MEDIANS = 120.0, 5.0
UNNAMED = "no phase"


@dataclass(frozen=True, slots=True)
class Phase:
    """A phase of a run, from `low` to `high` seconds since the epoch."""

    name: str
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Calls:
    """Starts of calls in one place, sorted, and which subjects (tools, classes of commands) each belongs to.

    Attributes:
        times: seconds since the epoch by the trace's clock; shape (n,).
        subjects: shape (n, s), one column a subject.
    """

    times: Floats
    subjects: Flags


@dataclass(slots=True)
class Window:
    """One window, ready for tests.

    Attributes:
        run: run.
        low: beginning of its first step, seconds since the epoch.
        seen: which of its steps were observed.
        strata: steps of each stratum, in order; pieces of one phase have one length (± 1).
        place_of: for each step its stratum and its place in it; -1 where it was not observed.
        calls: calls of the machine.
        presence: was there a start of a call of each subject in the last L seconds, (subjects · widths, steps); all
            rows of a step lie together.
        told: are phases recorded, not worked out of the pauses?
        shares: of each stratum, the share of its steps that are so, (strata, subjects · widths).
        prepared: what the label test made of the calls, by subjects.
    """

    run: str
    low: float
    seen: Flags
    strata: list[Integers]
    place_of: Integers
    calls: Calls
    presence: npt.NDArray[np.uint8] = field(repr=False)
    shares: Floats = field(repr=False)
    told: bool = True
    prepared: dict[tuple[int, ...], Any] = field(default_factory=dict, repr=False)

    def step_of(self, times: Floats) -> Integers:
        """The step of each time; -1 outside of the window or where it was not observed."""
        at = np.floor((times - self.low) / STEP_S).astype(np.int64)
        known = (at >= 0) & (at < len(self.seen))
        return np.where(known & self.seen[np.clip(at, 0, len(self.seen) - 1)], at, -1)


def merged(intervals: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """Intervals that overlap or touch, as one each, in order."""
    found: list[tuple[float, float]] = []
    for low, high in sorted(intervals):
        if found and low <= found[-1][1]:
            found[-1] = (found[-1][0], max(high, found[-1][1]))
        elif high > low:
            found.append((low, high))
    return found


def build(run: str, observed: Sequence[tuple[float, float]], calls: Calls, phases: Sequence[Phase]) -> Window:
    """A window: intervals in which a run was observed (disjoint, in order), calls of the place, phases of the run."""
    low = np.floor(observed[0][0] / STEP_S) * STEP_S
    steps = int(np.ceil((observed[-1][1] - low) / STEP_S))
    middle = low + (np.arange(steps) + 0.5) * STEP_S
    seen = np.zeros(steps, bool)
    for start, end in observed:
        seen[int((start - low) // STEP_S) : int(np.ceil((end - low) / STEP_S))] = True
    code = _phase_codes(middle, phases) if phases else _activity_codes(middle, calls.times)
    strata: list[Integers] = []
    for phase in np.unique(code[seen]):
        own = np.flatnonzero(seen & (code == phase))
        strata += np.array_split(own, max(1, round(len(own) * STEP_S / STRATUM_S)))
    place_of = np.full((2, steps), -1, np.int64)
    for number, own in enumerate(strata):
        place_of[0, own], place_of[1, own] = number, np.arange(len(own))
    presence = _presence(calls, float(low), steps)
    shares = np.array([presence.T[own].mean(axis=0) for own in strata])
    return Window(run, float(low), seen, strata, place_of, calls, presence, shares, bool(phases))


def phase_codes(middle: Floats, phases: Sequence[Phase]) -> tuple[Integers, list[str]]:
    """The phase of each time, as a number into the list of names; the phase that began last where several go on."""
    names = [UNNAMED, *sorted({p.name for p in phases})]
    return _phase_codes(middle, phases), names


def _phase_codes(middle: Floats, phases: Sequence[Phase]) -> Integers:
    number = {name: at + 1 for at, name in enumerate(sorted({p.name for p in phases}))}
    code = np.zeros(len(middle), np.int64)
    for phase in sorted(phases, key=lambda p: p.low):
        first, last = np.searchsorted(middle, (phase.low, phase.high))
        code[first:last] = number[phase.name]
    return code


def _activity_codes(middle: Floats, times: Floats) -> Integers:
    """1 where calls go on, 0 in pauses longer than 120 s and five medians, from the last call to the next.

    A margin would put time without calls among the active: what keeps to rollouts would then look aligned with calls.
    """
    if len(times) < 2:
        return np.zeros(len(middle), np.int64)
    gaps = np.diff(times)
    longest = max(IDLE_S, IDLE_MEDIANS * float(np.median(gaps)))
    code = np.ones(len(middle), np.int64)
    edges = np.concatenate(([-np.inf], times, [np.inf]))
    for at in np.flatnonzero(np.diff(edges) > longest):
        first, last = np.searchsorted(middle, (edges[at], edges[at + 1]))
        code[first:last] = 0
    return code


def _presence(calls: Calls, low: float, steps: int) -> npt.NDArray[np.uint8]:
    """Row s · len(WIDTHS_S) + w: did a call of subject s begin in the WIDTHS_S[w] seconds before the step's end?"""
    reach = int(max(WIDTHS_S) / STEP_S)
    at = np.floor((calls.times - low) / STEP_S).astype(np.int64) + reach
    inside = (at >= 0) & (at < steps + reach)
    found = np.zeros((calls.subjects.shape[1] * len(WIDTHS_S), steps), np.uint8)
    for subject in range(calls.subjects.shape[1]):
        own = at[inside & calls.subjects[:, subject]]
        ahead = np.concatenate(([0], np.cumsum(np.bincount(own, minlength=steps + reach))))
        for number, width in enumerate(WIDTHS_S):
            back = int(width / STEP_S)
            end = np.arange(steps) + reach + 1
            found[subject * len(WIDTHS_S) + number] = ahead[end] > ahead[end - back - 1]
    return np.ascontiguousarray(found.T).T
