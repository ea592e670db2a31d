"""nfcapd files: header, data blocks and their compression, and where the records of a block begin.

Layout 1 is nfdump 1.6, layout 2 nfdump 1.7; either byte order. Block sizes are checked before anything is unpacked.
"""

from __future__ import annotations

import bz2
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

import lz4.block
import numpy as np
import numpy.typing as npt
import zstandard

from fwforensics.formats._flow_stream import Reader
from fwforensics.formats._nfcapd_lzo import decompress as lzo

MAGIC = {b"\x0c\xa5": "<", b"\xa5\x0c": ">"}
#: nfdump's own buffers hold 5 MB; no block unpacks to more than this.
LARGEST = 64 << 20
_HEAD_1, _STAT_1, _HEAD_2 = 140, 136, 40

Positions = npt.NDArray[np.int64]


def _lz4(data: bytes) -> bytes:
    return bytes(lz4.block.decompress(data, uncompressed_size=_room(data)))


def _room(data: bytes) -> int:
    """LZ4 packs at most 255 times, and its raw blocks do not say their size."""
    return min(LARGEST, max(1 << 16, 256 * len(data)))


def _bz2(data: bytes) -> bytes:
    return bz2.BZ2Decompressor().decompress(data, LARGEST)


def _zstd(data: bytes) -> bytes:
    # A frame may claim any size; a stream gives no more than it is asked for.
    return zstandard.ZstdDecompressor().stream_reader(data).read(LARGEST)


UNPACK: dict[int, tuple[str, Callable[[bytes], bytes]]] = {
    1: ("LZO", lambda data: lzo(data, LARGEST)),
    2: ("bzip2", _bz2),
    3: ("LZ4", _lz4),
    4: ("Zstandard", _zstd),
}


@dataclass(frozen=True, slots=True)
class Header:
    """What the head of the file says; `end` is where the data blocks end, 0 where it does not say."""

    order: str
    layout: int
    compression: int
    encrypted: bool
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Block:
    """A data block, unpacked; `error` says why there are no (or no further) records in it."""

    kind: int
    records: int
    data: bytes
    raw: bytes
    error: str | None = None


def header(head: bytes) -> Header | None:
    """Read the head of a file, None where it is none of nfcapd's."""
    order = MAGIC.get(head[:2])
    if order is None or len(head) < _HEAD_2:
        return None
    layout = struct.unpack_from(order + "H", head, 2)[0]
    if layout == 1:
        flags = struct.unpack_from(order + "I", head, 4)[0]
        packed = next((c for bit, c in ((1, 1), (8, 2), (16, 3)) if flags & bit), 0)
        return Header(order, 1, packed, encrypted=False, start=_HEAD_1 + _STAT_1, end=0) if flags < 64 else None
    if layout == 2:
        packed, secret, _, _, end = struct.unpack_from(order + "BBHIq", head, 16)
        known = packed <= 16 and end >= 0
        return Header(order, 2, packed, encrypted=secret != 0, start=_HEAD_2, end=end) if known else None
    return None


def blocks(stream: BinaryIO) -> Iterator[tuple[Header, Block]]:
    """The data blocks of a file in order; the appendix (name, statistics) is left out."""
    reader = Reader(stream)
    head = header(reader.peek(_HEAD_2))
    if head is None:
        return
    at, each = len(reader.read(head.start)), struct.Struct(head.order + "IIHH")
    while raw := reader.read(each.size if not head.end else max(0, min(each.size, head.end - at))):
        if len(raw) < each.size:
            yield head, Block(0, 0, b"", raw, "file ends inside a block header")
            return
        records, size, kind, flags = each.unpack(raw)
        if size > LARGEST:
            yield head, Block(kind, 0, b"", raw, f"file is damaged: a block of {size} bytes")
            return
        body = reader.read(size)
        at += each.size + size
        yield head, _block(head, records, kind, flags, raw, body, cut=len(body) < size)


def _block(head: Header, records: int, kind: int, flags: int, raw: bytes, body: bytes, *, cut: bool) -> Block:
    packed = head.compression if head.layout == 2 or flags != 1 else 0
    if head.layout == 2 and flags & 1:
        packed = 0
    if head.encrypted and not flags & 2:
        return Block(kind, records, b"", raw + body, "block is encrypted")
    if not packed:
        return Block(kind, records, body, raw + body, "file ends inside a block" if cut else None)
    name, unpack = UNPACK.get(packed, (f"compression {packed}", None))
    if cut or unpack is None:
        return Block(kind, records, b"", raw + body, f"{name} block is cut short" if cut else f"{name} is not known")
    try:
        return Block(kind, records, unpack(body), raw + body)
    except (ValueError, OSError, EOFError, RuntimeError, lz4.block.LZ4BlockError, zstandard.ZstdError) as error:
        return Block(kind, records, b"", raw + body, f"{name} block does not unpack: {error}")


def positions(block: Block, order: str) -> tuple[Positions, Positions, Positions, int]:
    """Where each record begins, its type and its size; and how far that goes.

    Each record gives only its own size, so they are gone through one by one; all else is done for many at once.
    """
    size_at = struct.Struct(order + "2xH").unpack_from
    data, last, left = block.data, len(block.data) - 4, block.records
    found: list[int] = []
    at = 0
    while at <= last and left:
        (size,) = size_at(data, at)
        if size < 4 or at + size > last + 4:
            break
        found.append(at)
        at += size
        left -= 1
    places = np.array(found, np.int64)
    if not found:
        return places, places, places, 0
    heads = np.lib.stride_tricks.sliding_window_view(np.frombuffer(data, np.uint8), 4)[places]
    words = heads.view(f"{order}u2").astype(np.int64)
    return places, words[:, 0], words[:, 1], at
