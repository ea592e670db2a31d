"""Content as whole lines, or, where it is a JSON document, as its records."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import cast

from fwforensics.formats._documents import Documents, is_document
from fwforensics.formats._lines import Lines
from fwforensics.reader import CHUNK, Chunk, Content, chunks
from fwforensics.unicode import transcoder


@dataclass(slots=True)
class Records:
    """Records of a document.

    Attributes:
        lines: one a record, numbered by the line that it begins on.
        size: decompressed bytes of the source read so far.
    """

    lines: Lines
    size: int


def holds_documents(head: bytes) -> bool:
    """Does content that begins like this hold records that are not one to a line?"""
    return is_document(transcoder(head[:4096])(head))


def pieces(content: Content, size: int = 2 * CHUNK) -> Iterator[Chunk | Records]:
    """Cut content into batches of whole lines or of records, as it begins.

    What follows a document and is no JSON is read as lines.
    """
    if not holds_documents(content.head()):
        yield from chunks(content, size)
        return
    text, documents, block = transcoder(content.head(4096)), Documents(), b"-"
    while block:
        block = content.read(min(size, CHUNK))  # records of records take much more room than their text
        cut = documents.feed(text(block, final=not block), final=not block)
        if cut.long is not None:
            yield Chunk(cut.long.begin, cut.long.line, cut.long.size, content.size)
        if cut.lines is not None:
            yield Records(cut.lines, content.size)
        if cut.rest is not None:
            rest = cast("Content", _Rest(cut.rest, content, lambda b: text(b, final=not b)))
            yield from (replace(c, first=c.first + cut.rest_line - 1) for c in chunks(rest, size))
            return


@dataclass(slots=True)
class _Rest:
    """Content of which the beginning was read and given back."""

    begin: bytes
    content: Content
    text: Callable[[bytes], bytes]

    @property
    def size(self) -> int:
        """Bytes read so far."""
        return self.content.size

    def head(self, size: int = CHUNK) -> bytes:
        """The next bytes, as far as they are known."""
        return self.begin[:size]

    def read(self, size: int) -> bytes:
        """Like a file's `read`."""
        if self.begin:
            block, self.begin = self.begin[:size], self.begin[size:]
            return block
        return self.text(self.content.read(size))
