"""How many of many sets hold each of up to 64 members, for thousands of tallies at a time.

A set is a word of as many bits as there may be members. Counts are kept by binary digits, one word a digit: adding
three words takes five operations for all members at once (carry-save addition), and whether counts reach their limits
is decided digit by digit.

Source: Harley–Seal population counts: Warren, Hacker's Delight, 2nd ed. (2012), §5.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.unsignedinteger]
Counts = npt.NDArray[np.int64]
WORD = 64


class Tally:
    """A tally of sets: all arrays that are added have one shape."""

    def __init__(self) -> None:
        self._pending: list[list[Words]] = []

    def add(self, sets: Words, digit: int = 0) -> None:
        """Add sets, each worth 2^digit."""
        if digit == len(self._pending):
            self._pending.append([])
        own = self._pending[digit]
        own.append(sets)
        if len(own) == 3:
            one, two, three = own
            either = one ^ two
            self._pending[digit] = [either ^ three]
            self.add((one & two) | (either & three), digit + 1)

    def digits(self) -> list[Words]:
        """Binary digits of the counts, the lowest first; nothing may be added any more."""
        digit = 0
        while digit < len(self._pending):
            if len(self._pending[digit]) == 2:
                one, two = self._pending[digit]
                self._pending[digit] = [one ^ two]
                self.add(one & two, digit + 1)
            digit += 1
        return [own[0] for own in self._pending]


def packed(members: npt.NDArray[np.bool_]) -> Words:
    """Words of sets, of the smallest type that has room; shape (…, up to 64) → (…)."""
    width = members.shape[-1]
    words = members.astype(np.uint64) @ (np.uint64(1) << np.arange(width, dtype=np.uint64))
    return np.asarray(words.astype(np.min_scalar_type((1 << width) - 1)))


def counts(digits: list[Words], members: int) -> Counts:
    """Counts of each member; shape (…) → (…, members)."""
    places = np.arange(members, dtype=np.uint64)
    bits = ((d[..., None].astype(np.uint64) >> places) & np.uint64(1) for d in digits)
    return np.asarray(sum((b.astype(np.int64) << i for i, b in enumerate(bits)), np.int64(0)))


def reach(digits: list[Words], limits: Counts) -> Words:
    """The members whose count is at least their limit.

    Args:
        digits: of the counts; shape (…, cells) each.
        limits: shape (cells, members).
    """
    none = np.zeros_like(digits[0])
    more, equal = none.copy(), ~none
    for place in reversed(range(max(len(digits), int(limits.max()).bit_length()))):
        limit = packed(((limits >> place) & 1).astype(bool))
        own = digits[place] if place < len(digits) else none
        more |= equal & own & ~limit
        equal &= ~(own ^ limit)
    return (more | equal) & packed(np.ones(limits.shape[-1], bool))
