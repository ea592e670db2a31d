"""Does a pattern occur in runs only? Bouts are rotated on the time in which the sensors were alive; runs stay.

Statistic: bouts in runs. Null: the bouts of all hosts moved by the same amount along that time, around its end; all
rotations are taken, so p is their share that reaches the count, and no random number is drawn. Effect: ratio of the
rates inside and outside. Assumption: but for runs, bouts may as well have come at another time. Only assessed where
more than 5 % of the time that sensors were alive is outside of runs.

Source: rotation (shift) tests: Harris, arXiv 2012.06862.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fwforensics.analysis.circular import rotated_counts
from fwforensics.analysis.setting import Intervals, inside
from fwforensics.analysis.windows import STEP_S

Floats = npt.NDArray[np.float64]
MIN_OUTSIDE = 0.05


@dataclass(frozen=True, slots=True)
class InRun:
    """Bouts in runs, expected ones, p, and the ratio of rates (None where there is none outside)."""

    k: int
    e: float
    n: int
    p: float
    ratio: float | None


def in_run_test(hosts: Sequence[tuple[Floats, Intervals]], alive: Intervals) -> InRun | None:
    """Test whether bouts keep to runs.

    Args:
        hosts: of each place: times of its bouts, and when runs went on there (disjoint, in order).
        alive: when the sensors were alive (disjoint, in order).

    Returns:
        None where it cannot be assessed.
    """
    starts = np.cumsum([0] + [max(1, int((high - low) // STEP_S)) for low, high in alive])
    if not alive:
        return None
    middles = np.concatenate([
        low + (np.arange(starts[i + 1] - starts[i]) + 0.5) * STEP_S for i, (low, _) in enumerate(alive)
    ])  # fmt: skip
    counts, expected, n, outside = np.zeros(len(middles), np.int64), 0.0, 0, []
    for times, runs in hosts:
        at = inside(times, alive)
        own, at = times[at >= 0], at[at >= 0]
        lows = np.array([low for low, _ in alive])
        steps = np.minimum(starts[at] + ((own - lows[at]) // STEP_S).astype(np.int64), starts[at + 1] - 1)
        marked = inside(middles, runs) >= 0
        outside.append(1 - marked.mean())
        if len(steps):
            counts += rotated_counts(steps, marked)
            expected += float(marked.mean()) * len(steps)
            n += len(steps)
    if n == 0 or min(outside, default=0.0) <= MIN_OUTSIDE:
        return None
    k = int(counts[0])
    share = expected / n
    ratio = (k / share) / ((n - k) / (1 - share)) if n > k and 0 < share < 1 else None
    return InRun(k, expected, n, float((counts >= k).mean()), ratio)
