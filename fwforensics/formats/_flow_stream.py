"""Exact reads from a source that can only be read forward, and that may give less than it was asked for."""

from __future__ import annotations

from typing import Protocol

_CHUNK = 1 << 18


class Source(Protocol):
    """What a decoder is fed: anything with `read`."""

    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes; none at the end."""
        ...


class Reader:
    """Reads ahead in large pieces, and hands out exactly what is asked for, less only at the end."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._data = b""
        self._at = 0

    def _fill(self, size: int) -> None:
        pieces, have = [self._data[self._at :]], len(self._data) - self._at
        while have < size:
            piece = self._source.read(max(_CHUNK, size - have))
            if not piece:
                break
            pieces.append(piece)
            have += len(piece)
        self._data, self._at = b"".join(pieces), 0

    def peek(self, size: int) -> bytes:
        """The next bytes, which stay."""
        if len(self._data) - self._at < size:
            self._fill(size)
        return self._data[self._at : self._at + size]

    def read(self, size: int) -> bytes:
        """The next `size` bytes, less only at the end."""
        end = self._at + size
        if end > len(self._data):
            self._fill(size)
            end = size
        out = self._data[self._at : end]
        self._at += len(out)
        return out
