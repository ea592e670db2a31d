"""How much of a pattern goes with calls beyond chance, and how much would have been seen.

Share beyond chance: f = (K − E) / (n − E), range (−∞, 1]. It is cross-fitted: what counts as coinciding (subject,
width, lag) is chosen for each run on the other runs, so that the search does not flatter it. Interval: bootstrap of
runs, or the exact binomial one of K out of n where that is wider: runs resampled know no chance that hit none of them.
Smallest share that would have been seen: the least K with D(K, E) at the 95 % point of the surrogates' maxima, as f.
Assumption: runs are alike; delays longer than the widest window are not counted.

Source: cross-fitting: Chernozhukov et al., Econometrics Journal 21 (2018) C1; Efron, Tibshirani (1993).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fwforensics.analysis.recurrence import exact_interval
from fwforensics.analysis.surrogates import deviance

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
BOOTSTRAPS = 999
CONFIDENCE = 0.95
SEEN_LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Share:
    """Share beyond chance and its 95 % interval; the interval is None where there are fewer than three runs."""

    value: float
    low: float | None
    high: float | None


def cross_fitted(folds: Sequence[tuple[Counts, Floats, int]], rng: np.random.Generator) -> Share | None:
    """The share beyond chance.

    Args:
        folds: for each run, bouts that coincide by row and lag (rows, lags), expected ones (rows,), and bouts n.
        rng: random numbers of the bootstrap.

    Returns:
        None where there are fewer than two runs to choose on, or nothing is left to explain.
    """
    if len(folds) < 2:
        return None
    k, e = np.sum([f[0] for f in folds], axis=0), np.sum([f[1] for f in folds], axis=0)
    n = sum(f[2] for f in folds)
    parts = np.array([_held_out(fold, k, e, n) for fold in folds])
    hits, expected, total = parts.sum(axis=0)
    if total <= expected:
        return None
    value = float((hits - expected) / (total - expected))
    if len(folds) < 3:
        return Share(value, None, None)
    drawn = parts[rng.integers(0, len(parts), (BOOTSTRAPS, len(parts)))].sum(axis=1)
    room = np.maximum(drawn[:, 2] - drawn[:, 1], 1e-9)
    low, high = np.quantile((drawn[:, 0] - drawn[:, 1]) / room, ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2))
    least, most = (
        float((limit[0] * total - expected) / (total - expected))
        for limit in exact_interval(np.array([hits]), np.array([total]), CONFIDENCE)
    )
    return Share(value, min(float(low), least), max(float(high), most))


def _held_out(fold: tuple[Counts, Floats, int], k: Counts, e: Floats, n: int) -> tuple[float, float, float]:
    """What one run shows of the choice that all others make."""
    own_k, own_e, own_n = fold
    values = deviance(k - own_k, (e - own_e)[:, None], n - own_n)
    row, lag = np.unravel_index(int(values.argmax()), values.shape)
    return float(own_k[row, lag]), float(own_e[row]), float(own_n)


def smallest_share(expected: float, n: int, maxima: Floats) -> float | None:
    """The least share that would have been seen of something with this expectation; None where not even all would."""
    if not len(maxima) or n <= expected:
        return None
    k = np.arange(n + 1)
    enough = np.flatnonzero(deviance(k, expected, n) >= np.quantile(maxima, SEEN_LEVEL))
    return float((k[enough[0]] - expected) / (n - expected)) if len(enough) else None


def naive(k: float, e: float, n: int) -> float:
    """(K − E) / (n − E) of the choice that was made on the same data: too high, for comparison only."""
    return float((k - e) / max(n - e, 1e-9))
