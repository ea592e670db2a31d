"""Does it come in bursts? Spacings inside blocks of six hours, against attempts that fall anywhere in their block.

Definition: windows of observation are cut to blocks of at most 6 h, so that time of day and drifts are no bursts;
spacings between attempts, both edges of the block included, in units of the block's mean spacing. Statistic: their
standard deviation. Null: as many attempts in each block, uniform; 199 draws, p = (1 + draws at least as large) / 200.
Effect: B_n = (√(n+1)·r − √(n−1)) / ((√(n+1) − 2)·r + √(n−1)), r = σ/μ and n spacings + 1; range [−1, 1], 0 for Poisson.
Bursty: p ≤ .01, B_n ≥ .25, and at least 8 attempts.

Source: Goh, Barabási, EPL 81 (2008) 48002; Kim, Jo, PRE 94 (2016) 032311.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
BLOCK_S = 6 * 3600.0
DRAWS = 199
MAX_P, MIN_EFFECT, MIN_ATTEMPTS = 0.01, 0.25, 8
#: Beyond this many attempts a draw is of blocks, not of all of them: the answer is known long before.
MAX_ATTEMPTS = 5_000
#: Spacings that are held at a time.
_AT_ONCE = 100_000


@dataclass(frozen=True, slots=True)
class Burstiness:
    """Test for bursts: p, and Kim and Jo's B_n of the spacings."""

    p: float
    b: float
    holds: bool


def burstiness(
    times: Floats, window: Integers, starts: Floats, ends: Floats, rng: np.random.Generator
) -> Burstiness | None:
    """Test attempts for bursts.

    Args:
        times: attempts, in seconds; shape (n,).
        window: index of the window of observation of each; shape (n,).
        starts: beginnings of the windows; shape (w,).
        ends: their ends.
        rng: random numbers.

    Returns:
        None where there are fewer than three attempts inside windows.
    """
    pieces = np.maximum(1, np.ceil((ends - starts) / BLOCK_S))
    length = (ends - starts)[window] / pieces[window]
    part = np.clip(np.floor((times - starts[window]) / length), 0, pieces[window] - 1)
    place = np.clip((times - starts[window]) / length - part, 0.0, 1.0)
    _, block = np.unique(np.stack((window, part.astype(np.int64))), axis=1, return_inverse=True)
    block = np.asarray(block).ravel()
    kept = block < np.searchsorted(np.cumsum(np.bincount(block)), MAX_ATTEMPTS) + 1
    block, place = block[kept], place[kept]
    if len(place) < 3:
        return None
    counts = np.bincount(block)
    order = np.lexsort((place, block))
    observed = _spacings(place[order], block[order], counts)
    spread = observed.std()
    r, n = float(spread / observed.mean()), len(observed) + 1
    b = float((np.sqrt(n + 1) * r - np.sqrt(n - 1)) / ((np.sqrt(n + 1) - 2) * r + np.sqrt(n - 1)))
    larger = int((_drawn(counts, rng) >= spread).sum())
    p = (1 + larger) / (DRAWS + 1)
    return Burstiness(p, b, bool(p <= MAX_P and b >= MIN_EFFECT and len(times) >= MIN_ATTEMPTS))


def _spacings(place: Floats, block: Integers, counts: Integers) -> Floats:
    """Spacings with both edges, in units of the block's mean; sorted by block and place."""
    first = np.concatenate(([0], np.cumsum(counts)[:-1]))
    padded = np.zeros(len(place) + 2 * len(counts))
    spot = np.arange(len(place)) + 2 * block + 1
    padded[spot] = place
    padded[first + 2 * np.arange(len(counts)) + counts + 1] = 1.0
    steps = np.diff(padded)
    inside = np.ones(len(steps), bool)
    inside[(first + 2 * np.arange(len(counts)) - 1)[1:]] = False
    return np.asarray(steps[inside] * np.repeat(counts + 1, counts + 1))


def _drawn(counts: Integers, rng: np.random.Generator) -> Floats:
    """Standard deviations of the spacings of uniform attempts: exponentials divided by their sum; shape (draws,)."""
    first, size = np.concatenate(([0], np.cumsum(counts + 1)[:-1])), int((counts + 1).sum())
    found: list[float] = []
    while len(found) < DRAWS:
        steps = rng.exponential(1.0, (min(DRAWS - len(found), max(1, _AT_ONCE // size)), size))
        scale = (counts + 1) / np.add.reduceat(steps, first, axis=1)
        found += (steps * np.repeat(scale, counts + 1, axis=1)).std(axis=1).tolist()
    return np.array(found)
