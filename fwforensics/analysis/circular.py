"""Counts of events in marked time, for every rotation of the events along an axis.

Marked time is a few stretches: each event and stretch is a stretch of rotations, so that only edges are counted.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
#: Events times edges that are held at a time.
_PAIRS = 1_000_000


def rotated_counts(positions: Integers, marked: npt.NDArray[np.bool_]) -> Integers:
    """How many events lie on marked steps after a rotation by u steps.

    Args:
        positions: step of each event; shape (n,).
        marked: which steps are marked; shape (steps,).

    Returns:
        Counts for u = 0 … steps − 1; shape (steps,).
    """
    steps = len(marked)
    changes = np.diff(marked.astype(np.int8), prepend=marked[-1:].astype(np.int8))
    # From rotation u − 1 to u an event crosses the edge that is at its position + u, if one is.
    crossed = np.zeros(steps, np.int64)
    for change in (1, -1):
        edges = np.flatnonzero(changes == change)
        at_once = max(1, _PAIRS // max(1, len(positions)))
        for first in range(0, len(edges), at_once):
            pairs = edges[first : first + at_once, None] - positions
            crossed += change * np.bincount((pairs % steps).ravel(), minlength=steps)
    crossed[0] = np.count_nonzero(marked[positions])
    return np.cumsum(crossed)
