"""Does it keep to a time of day? Tested by days, not by events, against the time that was observed at all.

Definition: for each day D with at least 6 h of observation, U_D = Σ (e^{iθ} − m_D) over its attempts, θ the time of day
as an angle and m_D the mean of e^{iθ} over the observed time of that day. Hotelling's T² on (Re U, Im U):
(D−2)/(2(D−1))·T² ~ F(2, D−2). Strength |ΣU|/n, range [0, 2).
Diurnal: at least 4 days, and p ≤ .01 with strength ≥ .3 (below 20 attempts ≥ .5), or p ≤ .05 with strength ≥ .5 and at
least 20 attempts.
Assumption: days are independent; one burst is one day and cannot make a time of day.

Source: Hotelling (1931); times relative to exposure, so that runs at certain hours are no preference.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import fdtrc

Floats = npt.NDArray[np.float64]
DAY_S = 86_400.0
MIN_DAYS, MIN_DAY_S = 4, 6 * 3600.0
_STEP_S = 300.0


@dataclass(frozen=True, slots=True)
class TimeOfDay:
    """Test for a time of day.

    Attributes:
        p: of Hotelling's T²; None where fewer than four days were observed.
        strength: |ΣU| / n.
        days: days with at least six hours of observation.
        hour: hour of day (UTC) that it prefers.
        holds: is it strong and sure enough to be called diurnal?
    """

    p: float | None
    strength: float
    days: int
    hour: float
    holds: bool


def time_of_day(times: Floats, starts: Floats, ends: Floats) -> TimeOfDay:
    """Test attempts for a time of day.

    Args:
        times: attempts, in seconds since the epoch (UTC); shape (n,).
        starts: beginnings of observation, same unit, of disjoint intervals; shape (w,).
        ends: ends of observation.
    """
    clock, observed = _observed(starts, ends)
    days, day_of = np.unique(np.floor(clock / DAY_S), return_inverse=True)
    seconds = np.bincount(day_of, observed, len(days))
    turned = np.exp(2j * np.pi * (clock % DAY_S) / DAY_S) * observed
    mean = (np.bincount(day_of, turned.real, len(days)) + 1j * np.bincount(day_of, turned.imag, len(days))) / seconds
    enough = seconds >= MIN_DAY_S
    at = np.searchsorted(days, np.floor(times / DAY_S))
    known = (at < len(days)) & (days[np.minimum(at, len(days) - 1)] == np.floor(times / DAY_S))
    known &= enough[np.minimum(at, len(days) - 1)]
    events = np.exp(2j * np.pi * (times[known] % DAY_S) / DAY_S)
    deviation = events - mean[at[known]]
    sums = np.zeros(len(days), complex)
    np.add.at(sums, at[known], deviation)
    u = sums[enough]
    return _tested(u, int(known.sum()), events)


def _observed(starts: Floats, ends: Floats) -> tuple[Floats, Floats]:
    """Steps of observed time: middle and length of each, none across midnight."""
    if not len(starts):
        return np.zeros(1), np.full(1, 1e-9)
    pieces = []
    for low, high in zip(starts, ends, strict=True):
        edges = np.unique(np.concatenate(([low, high], np.arange(np.ceil(low / _STEP_S) * _STEP_S, high, _STEP_S))))
        pieces.append(np.stack(((edges[1:] + edges[:-1]) / 2, np.diff(edges))))
    middle, length = np.concatenate(pieces, axis=1)
    return middle, np.maximum(length, 1e-9)


def _tested(u: npt.NDArray[np.complex128], n: int, events: npt.NDArray[np.complex128]) -> TimeOfDay:
    days = len(u)
    strength = float(abs(u.sum()) / n) if n else 0.0
    hour = float(np.angle(events.sum()) / (2 * np.pi) * 24 % 24) if n else 0.0
    if days < MIN_DAYS or n == 0:
        return TimeOfDay(None, strength, days, hour, holds=False)
    both = np.stack((u.real, u.imag))
    covariance = np.cov(both)
    try:
        t2 = float(days * both.mean(axis=1) @ np.linalg.solve(covariance, both.mean(axis=1)))
    except np.linalg.LinAlgError:
        return TimeOfDay(1.0, strength, days, hour, holds=False)
    p = float(fdtrc(2, days - 2, (days - 2) / (2 * (days - 1)) * t2))
    strong = strength >= 0.5
    sure = (p <= 0.01 and (strong or (strength >= 0.3 and n >= 20))) or (p <= 0.05 and strong and n >= 20)
    return TimeOfDay(p, strength, days, hour, holds=sure)
