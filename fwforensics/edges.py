"""Fingerprints of the first and last lines of a source: which rotations can overlap, without reading them again.

A run of lines is known by the sum of their checksums. Equal runs always have equal sums; unequal ones that do only cost
a comparison.
"""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

#: Lines of one run; what overlaps shares more.
LINES = 8
#: In place of a fingerprint: nothing can overlap here.
NEVER = 0
PIECE = 4 << 20


def runs(data: bytes) -> NDArray[np.uint64]:
    """The fingerprint of every run of `LINES` whole lines, in their order (never 0).

    What follows the last line feed is left.
    """
    sums, at, end = [np.zeros(1, np.uint64)], 0, data.rfind(b"\n") + 1
    while at < end:
        cut = data.rfind(b"\n", at, at + PIECE) + 1 or data.find(b"\n", at + PIECE) + 1
        lines = data[at : cut - 1].split(b"\n")
        sums.append(np.fromiter(map(zlib.crc32, lines), np.uint64, len(lines)))
        at = cut
    total = np.cumsum(np.concatenate(sums))
    return total[LINES:] - total[:-LINES] + 1


def of(head: bytes, tail: bytes, least: int) -> tuple[int | None, int | None]:
    """Fingerprints of the first and last lines of a content.

    Args:
        head: its first bytes.
        tail: its last; the same bytes where they are all.
        least: lines that an overlap has.

    Returns:
        Two fingerprints; None where lines are too long to tell, `NEVER` where there can be no overlap.
    """
    if head == tail and head.count(b"\n") < least:
        return NEVER, NEVER
    first, last = runs(head), runs(tail)
    closing = (int(last[-1]) if len(last) > 1 else None) if tail.endswith(b"\n") else NEVER
    return (int(first[0]) if len(first) else None), closing
