"""Captures: frames of pcap and pcapng files, and the UDP datagrams in them.

Read: classic pcap in either byte order with micro- or nanoseconds, pcapng with several sections and interfaces;
Ethernet with VLAN tags, Linux cooked (both versions), raw IP, BSD loopback; IPv4 and IPv6 with their options; datagrams
in fragments. Frames are taken one after the other; nothing but the fragments of open datagrams is kept.
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from fwforensics.formats._flow_stream import Reader

#: Magic number as it stands in the file → byte order.
CLASSIC = {
    b"\xd4\xc3\xb2\xa1": "<",
    b"\xa1\xb2\xc3\xd4": ">",
    b"\x4d\x3c\xb2\xa1": "<",
    b"\xa1\xb2\x3c\x4d": ">",
}
NG = b"\n\r\r\n"
#: No frame and no block is longer; a larger length is damage.
LONGEST = 1 << 24
#: Datagrams whose fragments are waited for at one time.
OPEN = 1024
#: Fragments of one datagram.
PIECES = 64

_ETHERNET, _NULL, _LOOP, _SLL, _SLL2 = 1, 0, 108, 113, 276
_RAW = (12, 14, 101, 228, 229)
_TAGS = (0x8100, 0x88A8, 0x9100, 0x9200)
_EXTENSIONS = (0, 43, 60, 135, 139, 140)


@dataclass(slots=True)
class Frame:
    """One captured frame; `error` says why it could not be read whole."""

    number: int
    link: int
    data: bytes
    length: int
    error: str | None = None


@dataclass(slots=True)
class Datagram:
    """One UDP datagram, or what a capture with a short snap length left of it."""

    source: bytes
    port: int
    target: int
    payload: bytes
    length: int
    pending: bool = False

    @property
    def exporter(self) -> str:
        """Address of the sender as text."""
        return address(self.source)


@lru_cache(maxsize=4096)
def address(raw: bytes) -> str:
    """Canonical text of an address; an IPv4-mapped one is IPv4."""
    ip = ipaddress.ip_address(raw)
    return str(getattr(ip, "ipv4_mapped", None) or ip)


def is_capture(head: bytes) -> bool:
    """Does the content begin as a capture does?"""
    if head[:4] in CLASSIC and len(head) >= 24:
        major, minor = struct.unpack_from(CLASSIC[head[:4]] + "HH", head, 4)
        return (major, minor) in ((2, 2), (2, 3), (2, 4))
    return head[:4] == NG and head[8:12] in (b"\x4d\x3c\x2b\x1a", b"\x1a\x2b\x3c\x4d")


def frames(stream: Reader) -> Iterator[Frame]:
    """All frames in order; the last one has an error where the file ends too early."""
    magic = stream.read(4)
    if magic == NG:
        yield from _ng(stream)
    elif magic in CLASSIC:
        yield from _classic(stream, CLASSIC[magic])


def _classic(stream: Reader, order: str) -> Iterator[Frame]:
    head = stream.read(20)
    if len(head) < 20:
        return
    link = struct.unpack(order + "I", head[16:])[0] & 0xFFFF
    each = struct.Struct(order + "IIII")
    number = 0
    while record := stream.read(16):
        number += 1
        if len(record) < 16:
            yield Frame(number, link, record, 0, "capture ends inside a frame header")
            return
        _, _, size, length = each.unpack(record)
        if size > LONGEST:
            yield Frame(number, link, record, 0, f"capture is damaged: a frame of {size} bytes")
            return
        data = stream.read(size)
        yield Frame(number, link, data, length, "capture ends inside a frame" if len(data) < size else None)


def _ng(stream: Reader) -> Iterator[Frame]:
    number, order, links, kind = 0, "<", list[tuple[int, int]](), NG
    while len(kind) == 4:
        head = stream.read(8 if kind == NG else 4)
        if kind == NG:
            order = "<" if head[4:8] == b"\x4d\x3c\x2b\x1a" else ">"
            links.clear()
        size = int.from_bytes(head[:4], "little" if order == "<" else "big")
        rest = size - 4 - len(head)
        body = stream.read(rest) if 0 <= rest <= LONGEST and len(head) >= 4 else b""
        block = 0 if kind == NG else struct.unpack(order + "I", kind)[0]
        if rest < 4 or len(body) < rest:
            reason = "capture ends inside a block" if 4 <= rest <= LONGEST else f"capture is damaged: block of {size}"
            yield Frame(number + 1, 0, kind + head + body, 0, reason)
            return
        if block == 1 and len(body) >= 8:
            links.append(struct.unpack_from(order + "HxxI", body))
        elif block in (2, 3, 6):
            number += 1
            yield _ng_frame(number, block, order, body[:-4], links)
        kind = stream.read(4)
    if kind:
        yield Frame(number + 1, 0, kind, 0, "capture ends inside a block")


def _ng_frame(number: int, block: int, order: str, body: bytes, links: list[tuple[int, int]]) -> Frame:
    """A frame out of an enhanced (6), simple (3) or obsolete (2) packet block."""
    at = 4 if block == 3 else 20
    if len(body) < at:
        return Frame(number, 0, body, 0, "packet block is too short")
    interface = 0
    if block != 3:
        interface = struct.unpack_from(order + ("I" if block == 6 else "H"), body)[0]
    if interface >= len(links):
        return Frame(number, 0, body, 0, f"packet block of interface {interface}, which is not described")
    link, snap = links[interface]
    if block == 3:
        length = struct.unpack_from(order + "I", body)[0]
        size = min(length, snap or length, len(body) - 4)
    else:
        size, length = struct.unpack_from(order + "II", body, 12)
    return Frame(number, link, body[at : at + size], length, None if at + size <= len(body) else "frame is cut short")


def network(frame: Frame) -> bytes | None:
    """The IP packet of a frame, None where it is none."""
    data, link = frame.data, frame.link
    if link == _ETHERNET:
        kind, at = int.from_bytes(data[12:14], "big"), 14
        while kind in _TAGS:
            kind, at = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
        return data[at:] if kind in (0x0800, 0x86DD) else None
    if link == _SLL:
        return data[16:] if data[14:16] in (b"\x08\0", b"\x86\xdd") else None
    if link == _SLL2:
        return data[20:] if data[:2] in (b"\x08\0", b"\x86\xdd") else None
    if link in (_NULL, _LOOP):
        return data[4:]
    return data if link in _RAW else None


@dataclass(slots=True)
class Fragments:
    """Fragments of datagrams that are not complete yet, by source, target and identification.

    Attributes:
        parts: content by its offset.
        frames: numbers of the frames that brought it.
        first: frame number and frame of the fragment with the UDP header.
        done: frames that are dealt with, their datagram having been completed by another one or given up.
    """

    parts: dict[bytes, dict[int, bytes]] = field(default_factory=dict)
    sizes: dict[bytes, int] = field(default_factory=dict)
    frames: dict[bytes, list[int]] = field(default_factory=dict)
    first: dict[bytes, tuple[int, bytes]] = field(default_factory=dict)
    done: list[int] = field(default_factory=list)

    def add(self, key: bytes, offset: int, more: bool, part: bytes, frame: Frame) -> bytes | None:
        """Take one fragment in; the whole packet's content once nothing is missing."""
        known = self.parts.setdefault(key, {})
        if len(known) < PIECES:
            known[offset] = part
        if offset == 0:
            self.first.setdefault(key, (frame.number, frame.data))
        if not more:
            self.sizes[key] = offset + len(part)
        whole = bytearray()
        while piece := known.get(len(whole)):
            whole += piece
        if len(whole) == self.sizes.get(key):
            self._drop(key)
            return bytes(whole)
        self.frames.setdefault(key, []).append(frame.number)
        return None

    def _drop(self, key: bytes, but: int = 0) -> None:
        self.done += [n for n in self.frames.pop(key, []) if n != but]
        for table in (self.parts, self.sizes, self.first):
            table.pop(key, None)

    def overdue(self, *, all_of_them: bool) -> Iterator[tuple[int, bytes, bytes]]:
        """Frame number, frame, and UDP content of first fragments whose datagrams were given up."""
        while len(self.parts) > (0 if all_of_them else OPEN):
            key = next(iter(self.parts))
            first = self.first.get(key)
            if first is not None:
                yield *first, self.parts[key].get(0, b"")[8:]
            self._drop(key, but=first[0] if first else 0)


def datagram(frame: Frame, fragments: Fragments) -> Datagram | None:
    """The UDP datagram of a frame; `pending` where it is a fragment of one that is not complete."""
    packet = network(frame)
    if not packet or len(packet) < 20:
        return None
    if packet[0] >> 4 == 4:
        return _ipv4(packet, frame, fragments)
    return _ipv6(packet, frame, fragments) if packet[0] >> 4 == 6 and len(packet) >= 40 else None


def _ipv4(packet: bytes, frame: Frame, fragments: Fragments) -> Datagram | None:
    head, total, cut = (packet[0] & 15) * 4, int.from_bytes(packet[2:4], "big"), int.from_bytes(packet[6:8], "big")
    if packet[9] != 17 or head < 20:
        return None
    # Offloading cards leave a total length of zero.
    content = packet[head : total or len(packet)]
    if not cut & 0x3FFF:
        return _udp(packet[12:16], content)
    offset, more = (cut & 0x1FFF) * 8, bool(cut & 0x2000)
    return _fragment(packet[12:16], b"4" + packet[12:20] + packet[4:6], offset, more, content, frame, fragments)


def _ipv6(packet: bytes, frame: Frame, fragments: Fragments) -> Datagram | None:
    following, at, end = packet[6], 40, 40 + int.from_bytes(packet[4:6], "big")
    while following in _EXTENSIONS and at + 8 <= len(packet):
        following, at = packet[at], at + 8 + packet[at + 1] * 8
    source, end = packet[8:24], end if end > 40 else len(packet)
    if following == 44 and at + 8 <= len(packet):
        cut = int.from_bytes(packet[at + 2 : at + 4], "big")
        key = b"6" + packet[8:40] + packet[at + 4 : at + 8]
        if packet[at] != 17:
            return None
        return _fragment(source, key, cut & 0xFFF8, bool(cut & 1), packet[at + 8 : end], frame, fragments)
    return _udp(source, packet[at:end]) if following == 17 else None


def _fragment(
    source: bytes, key: bytes, offset: int, more: bool, part: bytes, frame: Frame, fragments: Fragments
) -> Datagram | None:
    whole = fragments.add(key, offset, more, part, frame)
    return _udp(source, whole) if whole is not None else Datagram(source, 0, 0, b"", 0, pending=True)


def _udp(source: bytes, content: bytes) -> Datagram | None:
    if len(content) < 8:
        return None
    port, target, length, _ = struct.unpack_from(">HHHH", content)
    size = length - 8 if length >= 8 else len(content) - 8
    return Datagram(source, port, target, content[8 : 8 + size], size)
