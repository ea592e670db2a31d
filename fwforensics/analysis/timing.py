"""What kind of timing does a pattern have? An ordered decision; a class needs a small p and an effect.

one-off → periodic → persistent → diurnal → bursty → irregular. Below 8 attempts, unless one-off, persistent or
periodic, the class is undetermined: too few to tell. What was tested is reported whatever the class.

Attempts in the same unit of the clock count once on one host; their intervals get ± half a unit of noise for the tests
that look at spectra, and no period below 8 units is reported. Only intervals inside one window of observation count:
none goes across the edge of a run or a gap in the log.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from fwforensics.analysis.burstiness import MIN_ATTEMPTS, Burstiness, burstiness
from fwforensics.analysis.diurnal import DAY_S, TimeOfDay, time_of_day
from fwforensics.analysis.periodicity import MAX_P, MIN_INTERVALS, Period, find_period, trimmed_cv
from fwforensics.analysis.seeds import generator

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
ONE_OFF_S = 15 * 60.0
BIN_S, PERSISTENT_SHARE = 15 * 60.0, 0.8
#: Windows of fewer bins say nothing of occupancy: one attempt fills them.
MIN_BINS = 4
#: Attempts closer than this are one cluster, where clusters are tested in place of attempts.
CLUSTER_S = 10.0
#: Retries that back off wait at most so many times as long as before.
BACKOFF = 2.5
MIN_UNITS = 8
#: Periods of this length are a time of day, not a clock.
DIURNAL_PERIOD_S = (20 * 3600.0, 28 * 3600.0)
LONGEST_STREAMS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """The attempts of one pattern, and when it could have been seen.

    Attributes:
        times: seconds since the epoch; shape (n,), sorted.
        stream: number of the host (or machine) of each; shape (n,).
        window: index of the window of observation of each, -1 for none; shape (n,).
        starts: beginnings of the windows, seconds since the epoch; shape (w,).
        ends: their ends.
        bouts: number of bouts.
        limited: does its rule hit a logging limit?
    """

    times: Floats
    stream: Integers
    window: Integers
    starts: Floats
    ends: Floats
    bouts: int
    limited: bool = False


@dataclass(slots=True)
class Timing:
    """The timing class and all that it was decided on.

    Attributes:
        word: the class.
        statistic: value of the statistic that decided.
        basis: which statistic, in words.
        p_periodic, p_diurnal, p_burst: p values; None where a test could not be made.
        period_s: period, where periodic.
        b: Kim and Jo's B_n.
        occupancy: share of 15-minute bins of its windows that hold an attempt.
        n: attempts that were looked at, each second once.
    """

    word: str
    statistic: float | None = None
    basis: str = ""
    p_periodic: float | None = None
    p_diurnal: float | None = None
    p_burst: float | None = None
    period_s: float | None = None
    b: float | None = None
    occupancy: float | None = None
    n: int = 0
    notes: list[str] = field(default_factory=list)


def classify(attempts: Attempts, seed: int) -> Timing:
    """The timing class of one pattern; `seed` is the pattern's own."""
    unit = resolution(attempts.times)
    seen = _once(attempts, unit)
    found = Timing("undetermined", n=len(seen.times))
    inside = seen.window >= 0
    period, intervals = _period(seen, unit, generator(seed, "dither"))
    found.occupancy = _occupancy(seen)
    day = time_of_day(seen.times[inside], seen.starts, seen.ends)
    burst = _bursts(seen, inside, generator(seed, "bursts"))
    found.p_periodic = period.p if period else None
    found.p_diurnal = day.p
    if burst is not None:
        found.p_burst, found.b = burst.p, burst.b
    if day.p is None:
        found.notes.append(f"time of day not assessable: {day.days} days with 6 h of observation, 4 needed")
    _decide(found, seen, period, day, burst)
    if found.word == "irregular" and intervals < MIN_ATTEMPTS - 1:
        found.word, found.basis = "undetermined", f"{intervals} intervals inside windows, {MIN_ATTEMPTS - 1} needed"
    return found


def resolution(times: Floats) -> float:
    """The unit that all times are multiples of: a minute, a second, a millisecond or finer."""
    for unit in (60.0, 1.0, 0.001):
        if np.all(np.abs(times / unit - np.round(times / unit)) < 1e-4 / unit):
            return unit
    return 1e-6


def _once(attempts: Attempts, unit: float) -> Attempts:
    """Each host's attempts in the same unit of time, or in the same second, count once."""
    step = max(unit, 1.0)
    keys = np.stack((attempts.stream.astype(float), attempts.window.astype(float), np.floor(attempts.times / step)))
    _, first = np.unique(keys, axis=1, return_index=True)
    kept = np.sort(first)
    return Attempts(
        times=attempts.times[kept], stream=attempts.stream[kept], window=attempts.window[kept],
        starts=attempts.starts, ends=attempts.ends, bouts=attempts.bouts, limited=attempts.limited,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stream:
    """Intervals of one host: inside windows, and all of them."""

    inside: Floats
    steps: Floats


def _streams(seen: Attempts, gap: float = 0.0) -> list[Stream]:
    """Intervals of each host, in order; with `gap`, between the onsets of clusters."""
    order = np.lexsort((seen.times, seen.stream))
    times, window, stream = seen.times[order], seen.window[order], seen.stream[order]
    if gap:
        onset = np.concatenate(([True], ~_joined(np.diff(times), stream[1:] == stream[:-1], gap)))
        times, window, stream = times[onset], window[onset], stream[onset]
    steps, own = np.diff(times), stream[1:] == stream[:-1]
    same = own & (window[1:] == window[:-1]) & (window[1:] >= 0)
    found = (Stream(steps[same & (stream[1:] == s)], steps[own & (stream[1:] == s)]) for s in np.unique(stream))
    return [f for f in found if len(f.inside)]


def _joined(steps: Floats, own: npt.NDArray[np.bool_], gap: float) -> npt.NDArray[np.bool_]:
    """Which attempts belong to the cluster before: after a short step, or steps that grow from a short one.

    Retries after 16, 32, 64 … seconds would else be beats: all are multiples of the shortest.
    """
    short = own & (steps <= gap)
    grown = np.concatenate(([False], steps[1:] <= BACKOFF * steps[:-1])) & own
    at = np.arange(len(steps))
    broken = np.maximum.accumulate(np.where(short | grown, -1, at))
    return np.asarray(np.maximum.accumulate(np.where(short, at, -1)) > broken)


def _pooled(streams: list[Stream]) -> Stream:
    return Stream(np.concatenate([s.inside for s in streams]), np.concatenate([s.steps for s in streams]))


def _period(seen: Attempts, unit: float, rng: np.random.Generator) -> tuple[Period | None, int]:
    """The clearest period of all hosts together and of the longest streams (Bonferroni); and how many intervals."""
    streams = _streams(seen)
    if not streams:
        return None, 0
    pooled = _pooled(streams)
    if _is_clustered(pooled.inside, unit):
        clusters = _streams(seen, CLUSTER_S)
        if sum(len(s.inside) for s in clusters) < MIN_INTERVALS:
            return None, len(pooled.inside)
        streams, pooled = clusters, _pooled(clusters)
    tested = [pooled]
    if len(streams) > 1:
        tested += sorted(streams, key=lambda s: len(s.inside), reverse=True)[:LONGEST_STREAMS]
    found = []
    for stream in tested:
        period = find_period(
            *(np.abs(x + rng.uniform(-0.5, 0.5, len(x)) * unit) for x in (stream.inside, stream.steps))
        )
        if period is not None and np.median(stream.inside) >= MIN_UNITS * unit:
            found.append(replace(period, strong=period.strong and period.cv <= 1))
    if not found:
        return None, len(pooled.inside)
    best = min(found, key=lambda f: (not f.strong, f.p))
    return replace(best, p=min(1.0, best.p * len(tested))), len(pooled.inside)


def _is_clustered(intervals: Floats, unit: float) -> bool:
    """Are short intervals so many that they would fit any period?"""
    return len(intervals) >= MIN_INTERVALS and (
        float(np.median(intervals)) < MIN_UNITS * unit or float(trimmed_cv(intervals)) > 1
    )


def _occupancy(seen: Attempts) -> float | None:
    """Share of 15-minute bins with an attempt, of the windows of an hour or more that the pattern was seen in."""
    hit = np.unique(seen.window[seen.window >= 0])
    hit = hit[seen.ends[hit] - seen.starts[hit] >= MIN_BINS * BIN_S]
    if not len(hit):
        return None
    bins = np.maximum(1, np.floor((seen.ends - seen.starts) / BIN_S)).astype(int)
    inside = np.isin(seen.window, hit)
    at = np.minimum(
        ((seen.times - seen.starts[seen.window]) / BIN_S)[inside].astype(int), bins[seen.window[inside]] - 1
    )
    filled = len(np.unique(np.stack((seen.window[inside], at)), axis=1).T)
    return float(filled / bins[hit].sum())


def _bursts(seen: Attempts, inside: npt.NDArray[np.bool_], rng: np.random.Generator) -> Burstiness | None:
    if inside.sum() < MIN_ATTEMPTS:
        return None
    both, own = np.unique(np.stack((seen.window[inside], seen.stream[inside])), axis=1, return_inverse=True)
    return burstiness(seen.times[inside], np.asarray(own).ravel(), seen.starts[both[0]], seen.ends[both[0]], rng)


def _decide(found: Timing, seen: Attempts, period: Period | None, day: TimeOfDay, burst: Burstiness | None) -> None:
    """The ordered decision."""
    brief = float(np.ptp(seen.times)) <= ONE_OFF_S
    # A beat faster than the pause that ends a bout is one bout for hours, and no one-off.
    if brief or (seen.bouts == 1 and len(seen.times) < MIN_ATTEMPTS):
        found.word, found.basis = "one-off", "all attempts within 15 minutes" if brief else "one bout"
    elif period is not None and period.p <= MAX_P and period.strong:
        low, high = DIURNAL_PERIOD_S
        found.word = "diurnal" if low <= period.period_s <= high else "periodic"
        found.statistic, found.basis, found.period_s = period.value, period.statistic, period.period_s
    elif _persists(found, seen):
        found.word, found.statistic, found.basis = "persistent", found.occupancy, "share of 15-minute bins"
    elif len(seen.times) < MIN_ATTEMPTS:
        found.basis = f"{len(seen.times)} attempts, {MIN_ATTEMPTS} needed"
    elif day.holds:
        found.word, found.statistic, found.basis = "diurnal", day.strength, f"time of day, around {day.hour:.0f} h UTC"
        found.period_s = DAY_S
    elif burst is not None and burst.holds and not seen.limited:
        found.word, found.statistic, found.basis = "bursty", burst.b, "B_n"
    else:
        found.word, found.statistic, found.basis = "irregular", found.b, "no test shows a pattern in time"


def _persists(found: Timing, seen: Attempts) -> bool:
    return (
        not seen.limited
        and found.occupancy is not None
        and found.occupancy >= PERSISTENT_SHARE
        and float(np.ptp(seen.times)) >= 4 * BIN_S
    )
