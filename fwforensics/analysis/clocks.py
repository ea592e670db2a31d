"""How far is a sensor's clock from a trace's? From allowed flows that tool calls must have produced.

Source: the method of pairwise differences: the differences between call times and flow times pile up at the offset,
whatever unrelated flows there are. Flows under suspicion are never anchors: the offset is what they are tested with.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Seconds = npt.NDArray[np.float64]
#: Accepted from this excess on; the largest of 240 sets of unrelated flows was 5.7 around zero. Around 29 whole hours,
#: and with few pairs a bin, more is searched and chance reaches 10: so the tail of the count itself is asked for, too.
MIN_Z = 8.0
MAX_CHANCE = 1e-9
MIN_ANCHORS = 30
#: Offsets up to this many seconds are searched, around zero and around whole hours (a zone that was read wrongly).
REACH_S = 330
HOURS = range(-14, 15)
BACKGROUND_S = 61
#: Bins around the peak that say nothing of how much the others vary.
BURST_BINS = 8
#: What an accepted offset may still be off by, in seconds.
RESIDUAL_S = 10.0
MAX_CALLS, MAX_FLOWS = 2_000, 20_000


@dataclass(frozen=True, slots=True)
class Offset:
    """An estimated offset.

    Attributes:
        offset_s: seconds to add to the sensor's time to have the trace's; includes the time from call to flow (≈ 1 s).
        z: excess of the best bin over its surroundings, in standard deviations of a Poisson background.
        n_anchors: flows that it rests on.
        whole_hours: the hours nearest to it, where it is within the reach of other than zero hours.
    """

    offset_s: float
    z: float
    n_anchors: int
    whole_hours: int


def estimate_offset(calls: Seconds, flows: Seconds) -> Offset | None:
    """The offset between two clocks, or None where the data do not show one.

    Args:
        calls: start times of tool calls, in seconds, by the trace's clock.
        flows: start times of allowed flows of the same host, in seconds, by the sensor's clock.
    """
    calls, flows = _thinned(np.sort(calls), MAX_CALLS), _thinned(np.sort(flows), MAX_FLOWS)
    if len(flows) < MIN_ANCHORS or len(calls) < MIN_ANCHORS:
        return None
    best: Offset | None = None
    for hours in sorted(HOURS, key=abs):
        lag, z, chance = _peak(calls - hours * 3600.0, flows)
        if z >= MIN_Z and chance <= MAX_CHANCE and (best is None or z > best.z):
            best = Offset(hours * 3600.0 + lag, z, len(flows), hours)
        if best is not None and best.whole_hours == 0 and best.z >= 2 * MIN_Z:
            break  # as sure as this, no zone was read wrongly
    return best


def _thinned(times: Seconds, most: int) -> Seconds:
    """Evenly chosen times, at most so many."""
    return times if len(times) <= most else times[np.linspace(0, len(times) - 1, most).astype(np.int64)]


def _peak(calls: Seconds, flows: Seconds) -> tuple[float, float, float]:
    """The lag in ±`REACH_S` at which call − flow piles up most, its z, and its chance among all bins of all hours."""
    # They take as long to load as a short command takes to run.
    from scipy.ndimage import median_filter
    from scipy.special import gammainc

    first = np.searchsorted(flows, calls - REACH_S)
    counts = np.searchsorted(flows, calls + REACH_S) - first
    total = int(counts.sum())
    if total == 0:
        return 0.0, 0.0, 1.0
    within = np.arange(total) - np.repeat(np.cumsum(counts) - counts, counts)
    differences = np.repeat(calls, counts) - flows[np.repeat(first, counts) + within]
    bins = np.bincount(np.floor(differences + REACH_S).astype(np.int64).clip(0, 2 * REACH_S - 1), minlength=2 * REACH_S)
    smooth = np.convolve(bins, np.ones(3), mode="same")
    background = np.maximum(median_filter(smooth, size=BACKGROUND_S, mode="nearest"), 1.0)
    z = (smooth - background) / np.sqrt(background)
    at = int(np.argmax(z))
    # Bursts make counts vary more than independent flows would; the excess is measured in what they do vary by.
    rest = np.delete(smooth - background, np.arange(max(0, at - BURST_BINS), min(len(smooth), at + BURST_BINS + 1)))
    spread = max(1.0, float(np.mean(rest**2) / max(smooth.mean(), 1e-9)))
    tail = gammainc(smooth[at] / spread, background[at] / spread) if smooth[at] > 0 else 1.0
    near = np.abs(differences - (at - REACH_S + 0.5)) <= 2
    chance = min(1.0, float(tail) * 2 * REACH_S * len(HOURS))
    return float(np.median(differences[near])), float(z[at] / np.sqrt(spread)), chance
