"""UTF-16 text as UTF-8; all other bytes as they are, without a byte order mark."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Plain:
    """Bytes as they are; a UTF-8 byte order mark at the very beginning is dropped."""

    started: bool = False

    def __call__(self, block: bytes, *, final: bool = False) -> bytes:
        """The next block."""
        del final
        if self.started:
            return block
        self.started = bool(block)
        return block.removeprefix(codecs.BOM_UTF8)


@dataclass(slots=True)
class Utf16:
    """UTF-16 as UTF-8; halves of surrogate pairs become `\\xNN`-like escapes, never an error."""

    decoder: Any

    def __call__(self, block: bytes, *, final: bool = False) -> bytes:
        """The next block."""
        text: str = self.decoder.decode(block, final)
        return text.removeprefix("\ufeff").encode(errors="backslashreplace")


def transcoder(head: bytes) -> Plain | Utf16:
    """What the first bytes of a source ask for: a byte order mark, or zeros in every other place."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        name = "utf-16-le" if head.startswith(codecs.BOM_UTF16_LE) else "utf-16-be"
    else:
        even, odd = head[0::2].count(0), head[1::2].count(0)
        half = len(head) // 2
        if half < 16 or b"\0\0\0" in head or max(even, odd) < 0.7 * half or min(even, odd) > 0.05 * half:
            return Plain()
        name = "utf-16-le" if odd > even else "utf-16-be"
    return Utf16(codecs.getincrementaldecoder(name)(errors="backslashreplace"))
