"""An array of flat JSON objects over many lines, read by the mapping of a text format that has one object a line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

import numpy as np

from fwforensics.formats._account import Batch
from fwforensics.formats._engine import parse
from fwforensics.formats._format import Binary, Context, Decoded, Format
from fwforensics.formats._lines import Lines
from fwforensics.formats._recogniser import Recogniser, claimed_by

BLOCK = 4 << 20
#: More than this without the end of an object is none.
MAX_OBJECT = 1 << 20
BLANKS = bytes.maketrans(b"\r\n\t", b"   ")


def objects(stream: BinaryIO) -> Iterator[bytes]:
    """The stream's objects in blocks, each object on a line of its own; a brace inside a text ends none too early.

    Objects are flat, so that a closing brace behind a line's indentation ends one.
    """
    rest = b""
    while block := stream.read(BLOCK):
        head, brace, rest = (rest + block).replace(b"\r", b"").rpartition(b"\n}")
        if brace:
            yield _lines(head + brace)
        elif len(rest) > MAX_OBJECT:
            yield rest.translate(BLANKS) + b"\n"
            rest = b""
    if rest.strip(b" \t\r\n],"):
        yield rest.translate(BLANKS) + b"\n"


def _lines(block: bytes) -> bytes:
    """Whole objects, one a line."""
    parts = block.split(b"\n}")[:-1]
    return b"".join(part.partition(b"{")[1] + part.partition(b"{")[2].translate(BLANKS) + b"}\n" for part in parts)


@dataclass(slots=True)
class Objects:
    """Decodes the objects as lines of a text format."""

    fmt: Format
    context: Context
    number: dict[int, int] = field(default_factory=dict)

    def feed(self, source: int, stream: BinaryIO) -> Iterator[Decoded]:
        """See `Decoder`."""
        recogniser = Recogniser([self.fmt], forced=True)
        for block in objects(stream):
            first = self.number.get(source, 0) + 1
            lines = Lines.of(block, first)
            self.number[source] = first + len(lines) - 1
            yield _decoded(source, parse(lines, recogniser, {self.fmt.name: self.context}, self.context))

    def finish(self) -> Iterator[Decoded]:
        """See `Decoder`: nothing is kept back."""
        return iter(())


def _decoded(source: int, batch: Batch) -> Decoded:
    return Decoded(
        source,
        frames=batch.frames,
        rejects=batch.rejects,
        ignored=batch.ignored,
        units=batch.lines,
        parsed=batch.parsed,
        local=batch.local,
    )


def unit_at(stream: BinaryIO, number: int) -> bytes | None:
    """The object with this number, on one line."""
    seen = 0
    for block in objects(stream):
        lines = block.split(b"\n")[:-1]
        if number <= seen + len(lines):
            return lines[number - seen - 1]
        seen += len(lines)
    return None


def array_of(fmt: Format) -> Binary:
    """Arrays over many lines whose objects are records of a text format."""

    def recognise(head: bytes, _name: str) -> bool:
        text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
        if not text.startswith(b"[") or not text[1:].lstrip(b" \t\r\n").startswith(b"{"):
            return False
        first = _lines(head.replace(b"\r", b"").partition(b"\n}")[0] + b"\n}")
        found = Lines.of(first).text.to_frame().select(claimed_by(fmt)).to_series()
        return bool(np.any(found.to_numpy()))

    return Binary(unit="object", recognise=recognise, decoder=lambda context: Objects(fmt, context), unit_at=unit_at)
