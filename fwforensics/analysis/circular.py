"""Counts of events in marked time, for every rotation of the events along an axis: one Fourier transform each."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]


def rotated_counts(positions: Integers, marked: npt.NDArray[np.bool_]) -> Integers:
    """How many events lie on marked steps after a rotation by u steps.

    Args:
        positions: step of each event; shape (n,).
        marked: which steps are marked; shape (steps,).

    Returns:
        Counts for u = 0 … steps − 1; shape (steps,).
    """
    steps = len(marked)
    weights = np.fft.rfft(np.bincount(positions, minlength=steps))
    return np.rint(np.fft.irfft(np.fft.rfft(marked.astype(float)) * weights.conj(), steps)).astype(np.int64)
