"""Files of raw export packets, one after the other: where each begins and ends, and what is no packet."""

from __future__ import annotations

from collections.abc import Iterator

from fwforensics.formats._flow_stream import Reader
from fwforensics.formats._netflow_packets import LARGEST, extent, header

_CHUNK = 1 << 20


def datagrams(stream: Reader) -> Iterator[tuple[int, bytes, str | None]]:
    """Number from 1, bytes, and why they are no packet (None where they are one).

    Zeros between packets are padding of the one before. After damage, reading goes on at the next bytes that make a
    whole packet; what lies between is one unit, or several of at most a datagram's size.
    """
    data, at, number, ended = b"", 0, 0, False
    while True:
        if not ended and len(data) - at < 2 * LARGEST:
            more = stream.read(_CHUNK)
            ended = not more
            data, at = data[at:] + more, 0
            continue
        if at >= len(data):
            return
        length = extent(data, at, whole=ended)
        error = None
        if not length:
            length = _next(data, at, ended) - at
            error = _reason(data[at : at + length])
        number += 1
        end = min(_after_zeros(data, at + length), at + 2 * LARGEST)
        yield number, data[at : at + length] if error is None else data[at:end], error
        at = end


def _next(data: bytes, at: int, ended: bool) -> int:
    """Where the next whole packet begins, at most one datagram's size away."""
    limit = min(len(data), at + LARGEST)
    here = data.find(b"\0", at + 1, limit)
    while here >= 0:
        if data[here + 1 : here + 2] in (b"\5", b"\x09", b"\x0a") and extent(data, here, whole=ended) > 24:
            return here
        here = data.find(b"\0", here + 1, limit)
    return limit


def _after_zeros(data: bytes, at: int) -> int:
    """The first byte after zeros that fill up a packet; the zero that begins a version number is none of them."""
    end = at
    while end < len(data) and data[end] == 0:
        end += 1
    if end >= len(data):
        return end
    return max(at, end - 1) if data[end] in (5, 9, 10) else at


def _reason(raw: bytes) -> str:
    try:
        header(raw)
    except ValueError as error:
        return str(error)
    return "damaged: its sets or its time make no sense"
