"""Content that is either JSON or text, as its first character says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO, cast

from fwforensics.formats._records import Units


class Joined:
    """A stream of which the beginning was read."""

    def __init__(self, head: bytes, stream: BinaryIO) -> None:
        self.head, self.stream = head, stream

    def read(self, size: int = -1) -> bytes:
        """As a file does."""
        if self.head:
            head, self.head = self.head, b""
            return head
        return self.stream.read(size)


def json_or_text(document: Units, lines: Units) -> Units:
    """Units of `document` where content begins like a JSON object or array, else of `lines`."""

    def units(stream: BinaryIO) -> Iterator[tuple[int, Any, bytes]]:
        head = stream.read(1 << 16)
        chosen = document if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[") else lines
        yield from chosen(cast("BinaryIO", Joined(head, stream)))

    return units
