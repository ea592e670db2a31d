"""LZO1X, the compression that nfdump 1.6 writes by default, undone in plain Python.

Reference: https://docs.kernel.org/staging/lzo.html
"""

from __future__ import annotations


def decompress(data: bytes, limit: int) -> bytes:
    """Undo LZO1X.

    Raises:
        ValueError: the data are damaged, or unpack to more than `limit` bytes.
    """
    try:
        return _decompress(data, limit)
    except IndexError as error:
        raise ValueError("it ends too early") from error


def _decompress(data: bytes, limit: int) -> bytes:
    out, at, state = bytearray(), 0, 0
    if data[0] > 17:
        state = data[0] - 17
        out += data[1 : 1 + state]
        at = 1 + state
        state = min(state, 4)
    while len(out) <= limit:
        code = data[at]
        at += 1
        if code < 16 and state == 0:
            size, at = (code, at) if code else _long(data, at, 15)
            size += 3
            out += data[at : at + size]
            at += size
            state = 4
            continue
        if code < 16:
            distance, size = (code >> 2) + (data[at] << 2) + 1, 2
            if state == 4:
                distance, size = distance + 2048, 3
            at += 1
            low = code
        elif code >= 64:
            distance, size = (code >> 2 & 7) + (data[at] << 3) + 1, (code >> 5) + 1
            at += 1
            low = code
        else:
            mask = 31 if code >= 32 else 7
            size, at = (code & mask, at) if code & mask else _long(data, at, mask)
            size += 2
            low = data[at]
            distance = (low >> 2) + (data[at + 1] << 6) + 1
            at += 2
            if code < 32:
                distance += ((code & 8) << 11) + 16383
                if distance == 16384:
                    return bytes(out)
        _copy(out, distance, size)
        state = low & 3
        out += data[at : at + state]
        at += state
    raise ValueError(f"it unpacks to more than {limit} bytes")


def _long(data: bytes, at: int, base: int) -> tuple[int, int]:
    """A length that goes on over zero bytes."""
    size = base
    while not data[at]:
        size += 255
        at += 1
    return size + data[at], at + 1


def _copy(out: bytearray, distance: int, size: int) -> None:
    """Repeat what stands `distance` before; the two may overlap."""
    start = len(out) - distance
    if start < 0:
        raise ValueError("it refers to what was before its beginning")
    if distance >= size:
        out += out[start : start + size]
    else:
        piece = out[start:]
        out += (piece * (size // distance + 1))[:size]
