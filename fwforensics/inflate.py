"""Compressed streams as plain ones, frame after frame, stopped where they look like a bomb."""

from __future__ import annotations

import bz2
import io
import lzma
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

import lz4.frame
from isal import isal_zlib

from fwforensics.errors import BombError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

#: What decompressors raise on damaged data.
DAMAGED: tuple[type[Exception], ...] = (
    OSError,
    EOFError,
    lzma.LZMAError,
    cast("type[Exception]", isal_zlib.error),
    zstd.ZstdError,
    RuntimeError,
)
BLOCK = 256 << 10


@dataclass(frozen=True, slots=True)
class Limits:
    """When decompression is stopped.

    Attributes:
        ratio: decompressed ÷ compressed bytes, looked at from `grace` decompressed bytes on.
        size: decompressed bytes of one source.
        grace: small files may have any ratio.
    """

    ratio: float = 250.0
    size: int = 1 << 42
    grace: int = 64 << 20


@dataclass(slots=True)
class Guard:
    """Stops what expands like a bomb."""

    limits: Limits
    label: str
    taken: Callable[[], int]

    def check(self, given: int) -> None:
        """Raise `BombError` where `given` decompressed bytes are too many."""
        too_big = given > self.limits.size
        too_steep = given > self.limits.grace and given > self.limits.ratio * self.taken()
        if too_big or too_steep:
            what = f"{given:,} bytes out of {self.taken():,}"
            raise BombError(
                f"stopped decompressing at {what}: this looks like a decompression bomb",
                where=self.label,
                remedy="if the file is meant to be like this, raise --max-ratio or --max-size",
            )


MAGICS: tuple[tuple[bytes, Callable[[], Any]], ...] = (
    (b"\x1f\x8b", lambda: isal_zlib.decompressobj(wbits=31)),
    (b"BZh", bz2.BZ2Decompressor),
    (b"\xfd7zXZ\x00", lzma.LZMADecompressor),
    (b"\x28\xb5\x2f\xfd", zstd.ZstdDecompressor),
    (b"\x04\x22\x4d\x18", lz4.frame.LZ4FrameDecompressor),
)


def _decompressor(head: bytes) -> Any:
    for magic, make in MAGICS:
        if head.startswith(magic):
            return make()
    return None


class Inflating(io.RawIOBase):
    """A stream that decompresses what its own first bytes say is compressed, frame after frame.

    Attributes:
        truncated: why the stream ended early, or None.
    """

    def __init__(self, raw: BinaryIO, limits: Limits, label: str = "-", guard: Guard | None = None) -> None:
        super().__init__()
        self._raw = raw
        self._taken = self._given = 0
        self._guard = guard or Guard(limits, label, lambda: self._taken)
        self.truncated: str | None = None
        self._pending = self._take(16)
        self._engine = _decompressor(self._pending)
        self._plain = self._engine is None

    def _take(self, size: int) -> bytes:
        block = self._raw.read(size) or b""
        self._taken += len(block)
        return block

    @property
    def is_plain(self) -> bool:
        """Is nothing compressed here?"""
        return self._plain

    def readable(self) -> bool:
        """See `io`."""
        return True

    def close(self) -> None:
        """Close the file below, too."""
        self._raw.close()
        super().close()

    def read(self, size: int = -1) -> bytes:
        """Up to `size` decompressed bytes; fewer only at the end."""
        if size < 0:
            return b"".join(iter(lambda: self.read(BLOCK), b""))
        parts: list[bytes] = []
        while size > 0:
            block = self._plain_block(size) if self._plain else self._inflate(size)
            if not block:
                break
            parts.append(block)
            size -= len(block)
        result = b"".join(parts)
        self._given += len(result)
        if not self._plain or self._guard.taken() != self._taken:
            self._guard.check(self._given)
        return result

    def readinto(self, target: Any) -> int:
        """See `io`."""
        block = self.read(len(target))
        target[: len(block)] = block
        return len(block)

    def _plain_block(self, size: int) -> bytes:
        if self._pending:
            block, self._pending = self._pending[:size], self._pending[size:]
            return block
        return self._take(size)

    def _inflate(self, size: int) -> bytes:
        """The next decompressed bytes of this or the next frame; b"" at the end."""
        while self._engine is not None:
            try:
                out = self._step(size)
            except DAMAGED as error:
                self.truncated = f"compressed data is damaged: {error}"
                self._engine = None
                return b""
            if out:
                return out
        return b""

    def _step(self, size: int) -> bytes:
        engine = self._engine
        if engine.eof:
            self._next_frame(engine.unused_data or b"")
            return b""
        tail = getattr(engine, "unconsumed_tail", None)
        if tail is not None:  # zlib hands back what it has not looked at
            data = tail or self._pending or self._take(BLOCK)
            self._pending = b"" if not tail else self._pending
            out: bytes = engine.decompress(data, size)
            ended = not data
        else:
            data = b""
            if engine.needs_input:
                data, self._pending = self._pending or self._take(BLOCK), b""
            ended = engine.needs_input and not data
            out = b"" if ended else engine.decompress(data, max_length=size)
        if ended and not out and not engine.eof:
            self.truncated = "compressed data ends early"
            self._engine = None
        return out

    def _next_frame(self, unused: bytes) -> None:
        """After a frame: another one, padding, or junk."""
        rest = (unused or b"") + self._pending
        self._pending = rest + (self._take(BLOCK) if len(rest) < 16 else b"")
        self._engine = _decompressor(self._pending)
        if self._engine is None and self._pending.strip(b"\0"):
            self.truncated = "bytes that are not compressed follow the compressed data"
