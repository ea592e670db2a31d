"""Export packets of NetFlow v5, v9 and IPFIX: headers, sets, and where one packet ends in a file of many."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from fwforensics.formats._netflow_templates import Template

V5_HEAD = struct.Struct(">HHIIIIBBH")
V9_HEAD = struct.Struct(">HHIIII")
IPFIX_HEAD = struct.Struct(">HHIII")
_SET = struct.Struct(">HH")

#: A datagram is no longer than this.
LARGEST = 65535
#: Export packets carry at most 30 version 5 records.
V5_MOST = 30
#: What fits into a datagram, at the least that a flow record takes.
_V9_MOST = 4096
#: 1995 to 2100: the clock of an exporter that ever existed, and of one not set (1970 to 1971) below.
_CLOCK = range(788_918_400, 4_102_444_800)
_UNSET = range(31_536_000)

#: The version 5 record in the words of IPFIX.
V5_RECORD = Template.of(
    [
        ((0, 8), 4), ((0, 12), 4), ((0, 15), 4), ((0, 10), 2), ((0, 14), 2), ((0, 2), 4), ((0, 1), 4), ((0, 22), 4),
        ((0, 21), 4), ((0, 7), 2), ((0, 11), 2), ((0, 210), 1), ((0, 6), 1), ((0, 4), 1), ((0, 5), 1), ((0, 16), 2),
        ((0, 17), 2), ((0, 9), 1), ((0, 13), 1), ((0, 210), 2),
    ]
)  # fmt: skip


@dataclass(slots=True)
class Header:
    """Head of an export packet.

    Attributes:
        exported: when it was sent, microseconds since 1970.
        uptime: milliseconds since the device started; IPFIX has none.
        domain: observation domain or source id; engine type and id of version 5.
        body: where the sets begin, and where the packet ends.
    """

    version: int
    exported: int
    uptime: int | None
    sequence: int
    domain: int
    count: int
    sampling: int | None
    body: tuple[int, int]


def header(packet: bytes) -> Header:
    """Read the head of a packet.

    Raises:
        ValueError: it is no export packet, or a broken one; the message says why.
    """
    version = int.from_bytes(packet[:2], "big")
    if version == 5:
        return _v5(packet)
    if version == 9:
        return _v9(packet)
    if version == 10:
        return _ipfix(packet)
    raise ValueError("neither NetFlow v5, v9 nor IPFIX")


def _v5(packet: bytes) -> Header:
    if len(packet) < V5_HEAD.size:
        raise ValueError("NetFlow v5 header is cut short")
    _, count, uptime, seconds, nanos, sequence, kind, number, sampling = V5_HEAD.unpack_from(packet)
    end = V5_HEAD.size + 48 * count
    if not 1 <= count <= V5_MOST:
        raise ValueError(f"NetFlow v5 header claims {count} records")
    if end > len(packet):
        raise ValueError(f"NetFlow v5 packet of {count} records is cut short at {len(packet)} bytes")
    exported = seconds * 1_000_000 + min(nanos // 1000, 999_999)
    return Header(5, exported, uptime, sequence, kind << 8 | number, count, sampling & 0x3FFF or None, (24, end))


def _v9(packet: bytes) -> Header:
    if len(packet) < V9_HEAD.size:
        raise ValueError("NetFlow v9 header is cut short")
    _, count, uptime, seconds, sequence, domain = V9_HEAD.unpack_from(packet)
    return Header(9, seconds * 1_000_000, uptime, sequence, domain, count, None, (20, len(packet)))


def _ipfix(packet: bytes) -> Header:
    if len(packet) < IPFIX_HEAD.size:
        raise ValueError("IPFIX header is cut short")
    _, length, seconds, sequence, domain = IPFIX_HEAD.unpack_from(packet)
    if length < IPFIX_HEAD.size:
        raise ValueError(f"IPFIX header claims {length} bytes")
    if length > len(packet):
        raise ValueError(f"IPFIX message of {length} bytes is cut short at {len(packet)} bytes")
    return Header(10, seconds * 1_000_000, None, sequence, domain, 0, None, (16, length))


def sets(packet: bytes, head: Header) -> Iterator[tuple[int, int, int]]:
    """Number, start and end of the content of each set; zeros at the end of the packet are padding.

    Raises:
        ValueError: a set makes no sense or reaches beyond the packet.
    """
    at, end = head.body
    while end - at >= 4:
        number, length = _SET.unpack_from(packet, at)
        if length < 4 or at + length > end:
            if not any(packet[at:end]):
                return
            raise ValueError(f"set {number} of {length} bytes does not fit at byte {at} of {end}")
        yield number, at + 4, at + length
        at += length
    if any(packet[at:end]):
        raise ValueError(f"{end - at} bytes after the last set")


def is_set(version: int, number: int) -> bool:
    """Set numbers that the version knows."""
    return number >= 256 or number in ((0, 1) if version == 9 else (2, 3))


def plausible(packet: bytes) -> bool:
    """Is this whole datagram an export packet, told by its content alone?"""
    try:
        head = header(packet)
        if not _dated(head):
            return False
        if head.version == 5:
            return head.body[1] == len(packet)
        # IPFIX datagrams may be followed by link-layer padding, but hold one message.
        found = [is_set(head.version, number) for number, _, _ in sets(packet, head)]
    except ValueError:
        return False
    return bool(found) and all(found) and (head.version == 10 or head.count > 0)


def _dated(head: Header) -> bool:
    seconds = head.exported // 1_000_000
    return seconds in _CLOCK or seconds in _UNSET


def extent(data: bytes, at: int, *, whole: bool) -> int:
    """Length of the packet at `at` in concatenated packets, 0 where there is none.

    NetFlow v9 does not say its length: its sets are walked up to the next header, as set numbers 2 to 255 are not used.

    Args:
        data: the packets.
        at: where one begins.
        whole: `data` ends where the file ends; otherwise more may follow.
    """
    try:
        head = header(data[at : at + LARGEST])
    except ValueError:
        return 0
    if not _dated(head):
        return 0
    if head.version == 5:
        return head.body[1]
    if head.version == 10:
        return head.body[1] if _walk(data, at + 16, at + head.body[1], 10) == at + head.body[1] else 0
    end = _walk(data, at + 20, len(data), 9)
    return 0 if end == at + 20 and not _padding(data, end, whole) else end - at


def _walk(data: bytes, at: int, end: int, version: int) -> int:
    """Where the sets that begin at `at` end; zeros up to `end` belong to them."""
    while end - at >= 4:
        number, length = _SET.unpack_from(data, at)
        if not is_set(version, number) or length < 4 or at + length > end:
            break
        at += length
    return end if version == 10 and not any(data[at:end]) else at


def _padding(data: bytes, at: int, whole: bool) -> bool:
    return whole and at == len(data)


def recognise_datagrams(head: bytes) -> bool:
    """Does a file begin with an export packet, even with one that is damaged or cut?"""
    if len(head) < 20 or head[:2] not in (b"\0\5", b"\0\x09", b"\0\x0a"):
        return False
    if length := extent(head, 0, whole=True):
        # In a capture the rest of the frame tells; a file of datagrams must show a clock that is set, a count of
        # records that fits into a datagram, and nothing but further packets behind the first.
        first = header(head)
        if first.exported // 1_000_000 not in _CLOCK or length < 24 or first.count > _V9_MOST:
            return False
        rest = head[length:].lstrip(b"\0")
        follows = head[len(head) - len(rest) - 1] == 0 and rest[:1] in (b"\5", b"\x09", b"\x0a")
        return not rest or follows or len(head) >= LARGEST or _defines(head)
    return _damaged(head)


def _damaged(head: bytes) -> bool:
    """A version 5 datagram whose header lies about its records, or a packet whose file ends too early."""
    if head[1] == 5 and len(head) >= 72:
        seconds, nanos = struct.unpack_from(">II", head, 8)
        whole = (len(head) - 24) % 48 == 0 and len(head) <= 24 + 48 * V5_MOST
        count = int.from_bytes(head[2:4], "big")
        # Records are full of zeros, which tells them from noise where the header does not.
        likely = seconds in _CLOCK and nanos < 1_000_000_000 and head.count(0) > len(head) // 6
        return likely and (whole or 1 <= count <= V5_MOST)
    seconds = int.from_bytes(head[8:12] if head[1] == 9 else head[4:8], "big")
    return seconds in _CLOCK and _defines(head)


def _defines(head: bytes) -> bool:
    """Does the packet begin with a template? That is enough to tell it from noise when its end is missing."""
    first = 20 if head[1] == 9 else 16
    if head[1] == 5 or len(head) < first + 8:
        return False
    number, length, template = struct.unpack_from(">HHH", head, first)
    return number in ((0, 1) if head[1] == 9 else (2, 3)) and length >= 8 and template >= 256
