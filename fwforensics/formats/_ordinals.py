"""Which record of its line a record is, where lines hold several."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

_STATE = "ordinals"


class Ordinals:
    """Counts the records of each line, whatever format reads them, and from batch to batch."""

    def __init__(self, numbers: npt.NDArray[np.uint64], state: dict[str, Any]) -> None:
        self.lines = np.unique(numbers)
        self.next = np.zeros(len(self.lines), np.int64)
        self.state = state
        line, count = state.get(_STATE, (0, 0))  # only the last line of a batch can go on in the next one
        self.next[self.lines == line] = count

    def of(self, numbers: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint32]:
        """The next ordinals of the lines with these numbers; numbers of one line stand together."""
        place = np.searchsorted(self.lines, numbers)
        _, first, count = np.unique(numbers, return_index=True, return_counts=True)
        begin = np.repeat(first, count) if len(first) else first
        rank = np.arange(len(numbers)) - begin
        found = self.next[place] + rank
        self.next += np.bincount(place, minlength=len(self.lines))
        if len(self.lines):
            self.state[_STATE] = int(self.lines[-1]), int(self.next[-1])
        return found.astype(np.uint32)
