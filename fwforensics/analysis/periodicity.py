"""Is there a clock behind it? Three statistics of the intervals between attempts, each strong at another kind of clock.

Definitions, for intervals d_1 … d_n in seconds (n at most 200):

* `cv`: coefficient of variation of the intervals without the largest 10 % (beats that were missed). Range [0, ∞); low
  is regular. Strong up to 0.45.
* `concentration`: max over T of mean cos(2π d/T) − 1/(1 + (2π d̄/T)²), T from 0.4 to 1.6 medians; the subtrahend is
  what exponential intervals give. Range [−1, 1]. Strong from 0.5 on. Survives drift: sleep loops, missed beats.
* `phase`: max over f of |Σ exp(2πi f t)| / n (Schuster, Rayleigh), t the running sum of the intervals, f from 1/(2.5
  medians) to 1/(0.4 medians) in half natural steps. Range [0, 1]. Strong from 0.55 on. Survives further events: cron.
  Pauses of more than 10 medians are left out: they would add frequencies without end, and a clock goes on behind them.

p: against exponential intervals of the same number and the same search, from a table made once by Monte Carlo
(`benchmarks/periodic_null.py`), log-linear beyond it. The search is relative to the median, so the table has no scale.
Assumption: under the null, intervals are independent and exponential; rests of bursts are kept out by asking for a
coefficient of variation of at most 1.

Source: Schuster (1898); Heard, Rubin-Delanchy, Lawson, IEEE JISIC 2014; Hu et al. (BAYWATCH), DSN 2016.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
MIN_INTERVALS, MAX_INTERVALS = 4, 200
#: Effects that a period needs beside a small p: a real spectral peak is not yet a clock.
STRONG_CV, STRONG_CONCENTRATION, STRONG_PHASE = 0.45, 0.5, 0.55
MAX_P = 1e-3
TRIMMED = 0.1
STATISTICS = ("cv", "concentration", "phase")
_SHORTEST, _LONGEST, _LONGEST_PHASE = 0.4, 1.6, 2.5
_PERIODS = 160
#: Periods times intervals that are held at a time.
_AT_ONCE = 200_000
_PAUSE = 10.0


@dataclass(frozen=True, slots=True)
class Period:
    """What the intervals of one stream show.

    Attributes:
        p: smallest p of the three statistics, times three (Bonferroni).
        period_s: period of the statistic that showed it, in seconds.
        statistic: its name.
        value: its value.
        strong: is the effect as strong as a clock's?
        cv: trimmed coefficient of variation.
    """

    p: float
    period_s: float
    statistic: str
    value: float
    strong: bool
    cv: float


def trimmed_cv(intervals: Floats) -> Floats:
    """Coefficient of variation without the largest tenth; intervals of shape (…, n)."""
    kept = np.sort(intervals, axis=-1)[..., : max(2, int(np.ceil(intervals.shape[-1] * (1 - TRIMMED))))]
    return np.asarray(kept.std(axis=-1) / np.maximum(kept.mean(axis=-1), 1e-12))


def concentration(intervals: Floats) -> tuple[Floats, Floats]:
    """The largest concentration of the intervals around multiples of a period, and that period; shape (…, n) → (…)."""
    median, mean = np.median(intervals, axis=-1), intervals.mean(axis=-1)
    best, period = np.full(median.shape, -np.inf), np.zeros(median.shape)
    ratios = np.geomspace(_SHORTEST, _LONGEST, _PERIODS)
    for some in np.array_split(ratios, min(_PERIODS, -(-_PERIODS * intervals.size // _AT_ONCE))):
        tried = some.reshape(-1, *(1 for _ in median.shape)) * median
        omega = 2 * np.pi / tried
        value = np.cos(omega[..., None] * intervals).mean(axis=-1) - 1 / (1 + (omega * mean) ** 2)
        top = value.argmax(axis=0)[None]
        reached = np.take_along_axis(value, top, axis=0)[0]
        period = np.where(reached > best, np.take_along_axis(tried, top, axis=0)[0], period)
        best = np.maximum(reached, best)
    return best, period


def phase_concentration(intervals: Floats) -> tuple[float, float]:
    """The largest share of events at one phase of a period, and that period, for one stream of shape (n,)."""
    median = float(np.median(intervals))
    times = np.concatenate(([0.0], np.cumsum(intervals[intervals <= _PAUSE * median])))
    low, high, step = 1 / (_LONGEST_PHASE * median), 1 / (_SHORTEST * median), 1 / (2 * times[-1])
    count = int(np.floor((high - low) / step)) + 1
    # Powers of one rotation instead of an exponential for each frequency and event.
    turn, now = np.exp(2j * np.pi * step * times), np.exp(2j * np.pi * low * times)
    strengths = np.empty(count)
    for at in range(count):
        strengths[at] = abs(now.sum())
        now *= turn
    top = int(strengths.argmax())
    return float(strengths[top] / len(times)), 1 / (low + top * step)


@cache
def _null() -> dict[str, tuple[Floats, Floats, Floats]]:
    """Of each statistic: numbers of intervals, levels p, and the value that is reached with that p."""
    text = (files("fwforensics.analysis") / "periodic_null.csv").read_text(encoding="ascii")
    rows = [line.split(",") for line in text.splitlines()[1:]]
    tables = {}
    for name in STATISTICS:
        own = [(float(n), float(p), float(v)) for s, n, p, v in rows if s == name]
        sizes, levels = np.unique([r[0] for r in own]), np.unique([r[1] for r in own])[::-1]
        values = {(n, p): v for n, p, v in own}
        tables[name] = (sizes, levels, np.array([[values[n, p] for p in levels] for n in sizes]))
    return tables


def tail(statistic: str, n: int, value: float) -> float:
    """How often exponential intervals reach this value, by the table; log-linear beyond its last level."""
    sizes, levels, values = _null()[statistic]
    at = np.clip(np.interp(np.log(n), np.log(sizes), np.arange(len(sizes))), 0, len(sizes) - 1)
    low = int(at)
    high = min(low + 1, len(sizes) - 1)
    own = values[low] + (at - low) * (values[high] - values[low])
    sign = -1.0 if statistic == "cv" else 1.0
    reached, logs = sign * own, np.log(levels)
    if sign * value <= reached[-1]:
        return float(np.exp(np.interp(sign * value, reached, logs)))
    slope = (logs[-1] - logs[-4]) / max(reached[-1] - reached[-4], 1e-9)
    return float(np.exp(max(logs[-1] + slope * (sign * value - reached[-1]), -50.0)))


def find_period(intervals: Floats, steps: Floats | None = None) -> Period | None:
    """The clearest period of one stream of intervals, or None where there are too few.

    Args:
        intervals: seconds between consecutive attempts inside windows of observation, in order; shape (n,).
        steps: the same with those across edges of windows, which the phase statistic may use; the same if not given.
    """
    d, all_steps = _middle(intervals), _middle(intervals if steps is None else steps)
    if len(d) < MIN_INTERVALS or np.median(d) <= 0:
        return None
    cv = float(trimmed_cv(d))
    gathered, period = (float(x) for x in concentration(d))
    phase, phase_period = phase_concentration(all_steps)
    median = float(np.median(d))
    found = [
        (tail("cv", len(d), cv), median, "cv", cv, cv <= STRONG_CV),
        (tail("concentration", len(d), gathered), period, "concentration", gathered, gathered >= STRONG_CONCENTRATION),
        (tail("phase", len(all_steps), phase), phase_period, "phase", phase, phase >= STRONG_PHASE),
    ]
    # A strong effect goes before a small p: without one there is no clock.
    p, at, name, value, strong = min(found, key=lambda f: (not (f[4] and f[0] * len(found) <= MAX_P), f[0]))
    return Period(min(1.0, p * len(found)), at, name, value, strong, cv)


def _middle(intervals: Floats) -> Floats:
    """At most 200 consecutive ones, from the middle."""
    start = max(0, (len(intervals) - MAX_INTERVALS) // 2)
    return np.asarray(intervals, float)[start : start + MAX_INTERVALS]
