"""Raw bytes of many flow records at once → columns.

A field of n records is a byte matrix (n, width), big-endian. Text is made once for each distinct value, which is what
lets millions of records be written out as addresses and JSON in seconds.
"""

from __future__ import annotations

import ipaddress
import json
import math
import struct
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

Raw = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.uint64]
Micros = npt.NDArray[np.int64]

#: No time: NumPy's NaT, which becomes NULL.
NO_TIME = np.iinfo(np.int64).min
#: Later than any clock of an exporter; what is beyond is no time but a broken field.
LAST_SECOND = 1 << 32
#: Seconds from 1900, where NTP begins, to 1970.
NTP_OFFSET = 2_208_988_800

_LETTERS = "CEUAPRSF"
FLAG_LETTERS = pl.Series(
    ["".join(c for i, c in enumerate(_LETTERS) if bits & (128 >> i)) or None for bits in range(256)], dtype=pl.String
)
WITH_PORTS = (6, 17, 33, 132, 136)


def unsigned(raw: Raw) -> Numbers:
    """Big-endian numbers of any width; of more than eight bytes, the last eight."""
    count, width = raw.shape
    if width in (1, 2, 4, 8):
        return np.ascontiguousarray(raw).view(f">u{width}").ravel().astype(np.uint64)
    padded = np.zeros((count, 8), np.uint8)
    kept = min(width, 8)
    if kept:
        padded[:, 8 - kept :] = raw[:, width - kept :]
    return padded.view(">u8").ravel().astype(np.uint64)


def distinct(raw: Raw) -> tuple[list[bytes], npt.NDArray[np.int64]]:
    """The distinct rows, and for each row which of them it is."""
    count, width = raw.shape
    if not count or not width:
        return [b""], np.zeros(count, np.int64)
    data = pa.py_buffer(np.ascontiguousarray(raw))
    encoded = pa.Array.from_buffers(pa.binary(width), count, [None, data]).dictionary_encode()
    return encoded.dictionary.to_pylist(), encoded.indices.to_numpy().astype(np.int64)


def texts(raw: Raw, render: Callable[[bytes], str | None]) -> pl.Series:
    """`render` of each row, called once for each distinct one."""
    values, which = distinct(raw)
    return pl.Series([render(v) for v in values], dtype=pl.String).gather(which)


def ipv4(value: bytes) -> str:
    """Dotted quads."""
    return "%d.%d.%d.%d" % tuple(value)  # noqa: UP031 - the fastest way to write four bytes


def address(value: bytes) -> str | None:
    """Canonical text of four or sixteen bytes; an IPv4-mapped address is IPv4."""
    if len(value) == 4:
        return ipv4(value)
    if len(value) != 16:
        return None
    if value.startswith(b"\0" * 10 + b"\xff\xff"):
        return ipv4(value[12:])
    return str(ipaddress.IPv6Address(value))


def mac(value: bytes) -> str | None:
    """Colon-separated hexadecimal; NULL for all zeros."""
    return value.hex(":") if any(value) else None


def text(value: bytes) -> str | None:
    """Text up to the padding; NULL for none. Bytes that are no UTF-8 are kept as escapes."""
    return value.split(b"\0", 1)[0].decode("utf-8", "backslashreplace").strip() or None


def micros(numbers: Numbers, kind: str) -> Micros:
    """Microseconds since 1970 of times in seconds (T), milliseconds (M), or NTP's 64 bits (U, N)."""
    if kind in "UN":
        seconds = (numbers >> np.uint64(32)).astype(np.int64) - NTP_OFFSET
        fraction = (numbers & np.uint64(0xFFFFFFFF)).astype(np.int64)
        whole = seconds * 1_000_000 + ((fraction * 1_000_000) >> 32)
        # Some exporters write plain microseconds or nanoseconds where the standard wants NTP's format.
        plain = numbers // np.uint64(1 if kind == "U" else 1000)
        whole = np.where(seconds >= 0, whole, np.minimum(plain, np.uint64(2**62)).astype(np.int64))
    else:
        factor = 1_000_000 if kind == "T" else 1000
        whole = np.minimum(numbers, np.uint64(LAST_SECOND * 1_000_000 // factor)).astype(np.int64) * factor
    return np.where((numbers == 0) | (whole >= LAST_SECOND * 1_000_000) | (whole < 0), NO_TIME, whole)


def times(values: Micros) -> pl.Series:
    """Timestamps; `NO_TIME` is NULL."""
    return pl.Series(values.view("datetime64[us]"), dtype=pl.Datetime("us"))


def quoted(value: str | None) -> str | None:
    """A JSON string, or NULL."""
    return None if value is None else json.dumps(value, ensure_ascii=False)


def _real(value: bytes) -> str | None:
    if len(value) not in (4, 8):
        return quoted(value.hex())
    number = struct.unpack(">f" if len(value) == 4 else ">d", value)[0]
    return repr(number) if math.isfinite(number) else None


def _truth(value: bytes) -> str | None:
    return {1: "true", 2: "false"}.get(int.from_bytes(value, "big"))


def _time(kind: str) -> Callable[[bytes], str | None]:
    def render(value: bytes) -> str | None:
        number = np.array([int.from_bytes(value[-8:], "big")], np.uint64)
        return quoted(times(micros(number, kind)).dt.to_string("%Y-%m-%dT%H:%M:%S%.6fZ").item())

    return render


#: Type of a field → its JSON text from its bytes; NULL where it says nothing.
RENDER: dict[str, Callable[[bytes], str | None]] = {
    "u": lambda v: str(int.from_bytes(v, "big")),
    "i": lambda v: str(int.from_bytes(v, "big", signed=True)),
    "f": _real,
    "b": _truth,
    "4": lambda v: quoted(address(v)) if any(v) else None,
    "6": lambda v: quoted(address(v)) if any(v) else None,
    "m": lambda v: quoted(mac(v)),
    "s": lambda v: quoted(text(v)),
    "x": lambda v: quoted(v.hex()) if v else None,
    **{kind: _time(kind) for kind in "TMUN"},
}


def json_of(raw: Raw, kind: str) -> pl.Series:
    """JSON text of one field of many records."""
    if kind == "u" and raw.shape[1] <= 8:
        return pl.Series(unsigned(raw)).cast(pl.String)
    return texts(raw, RENDER[kind])


def members(items: Sequence[tuple[str, str, Raw]]) -> pl.Series | None:
    """`"name":value,…` of several fields of the same records, made once for each distinct combination."""
    items = [item for item in items if item[2].shape[1]]
    if not items:
        return None
    values, which = distinct(np.concatenate([raw for _, _, raw in items], axis=1))
    table = np.frombuffer(b"".join(values), np.uint8).reshape(len(values), -1)
    parts, at = [], 0
    for name, kind, raw in items:
        width = raw.shape[1]
        parts.append(member(name, json_of(table[:, at : at + width], kind)))
        at += width
    return joined(parts).gather(which)


def member(name: str, values: pl.Series) -> pl.Series:
    """`"name":value`, NULL where there is no value."""
    return (json.dumps(name) + ":" + values).alias(name)


def joined(parts: Iterable[pl.Series]) -> pl.Series:
    """The parts that are there, with commas between them; NULL where there is none."""
    columns = [p.alias(str(i)) for i, p in enumerate(parts)]
    together = pl.DataFrame(columns).select(pl.concat_str(pl.all(), separator=",", ignore_nulls=True)).to_series()
    return together.replace("", None)


def _translated(side: str) -> list[pl.Expr]:
    """What a translation leaves: an address that is new, and its port; a port alone only where it is new."""
    ip, port = pl.col(f"{side}_nat_ip"), pl.col(f"{side}_nat_port")
    new_ip = pl.when(ip.ne_missing(pl.col(f"{side}_ip")) & ~ip.is_in(["0.0.0.0", "::"])).then(ip)  # noqa: S104
    new_port = pl.when((port != 0) & (new_ip.is_not_null() | port.ne_missing(pl.col(f"{side}_port")))).then(port)
    return [new_ip.alias(ip.meta.output_name()), new_port.cast(pl.UInt16, strict=False).alias(port.meta.output_name())]


def complete(frame: pl.DataFrame, given: dict[str, Any] | None = None) -> pl.DataFrame:
    """Canonical columns of flow records from what the records say.

    `frame` has `protocol` as a number, ports as they stand, `tcp_bits`, one-way counters; what is absent is NULL.
    """
    absent = [pl.lit(None, kind).alias(name) for name, kind in _RAW.items() if name not in frame.columns]
    protocol, port = pl.col("protocol"), pl.col("dst_port")
    with_ports = protocol.is_in(WITH_PORTS) | protocol.is_null()
    icmp = protocol.is_in([1, 58])
    hidden = pl.coalesce(pl.when(pl.col("icmp") != 0).then(pl.col("icmp")), port, "icmp")
    # ICMPv6 has no type 0: what is below 256 is a type without its code, and 0 is nothing.
    v6 = pl.when(hidden >= 256).then(hidden).when(hidden > 0).then(hidden * 256)
    # fprobe has the type in the source port and the code in the destination port.
    apart = pl.col("icmp").is_null() & pl.col("src_port").is_between(1, 255) & (port < 256)
    v4 = pl.when(apart).then(pl.col("src_port") * 256 + port).otherwise(hidden)
    hidden = pl.when(protocol == 58).then(v6).when(icmp).then(v4)
    out = frame.with_columns(absent).with_columns(
        icmp_type=pl.when(icmp).then(pl.coalesce("icmp_type", hidden // 256)).cast(pl.UInt8, strict=False),
        icmp_code=pl.when(icmp).then(pl.coalesce("icmp_code", hidden % 256)).cast(pl.UInt8, strict=False),
        src_port=pl.when(with_ports).then(pl.col("src_port")).cast(pl.UInt16, strict=False),
        dst_port=pl.when(with_ports).then(port).cast(pl.UInt16, strict=False),
        bytes=pl.coalesce(pl.col("bytes_out") + pl.col("bytes_in"), "bytes_out", "bytes_in"),
        packets=pl.coalesce(pl.col("packets_out") + pl.col("packets_in"), "packets_out", "packets_in"),
    )
    flags = pl.when(protocol == 6).then((pl.col("tcp_bits") & 255).cast(pl.UInt8, strict=False))
    out = out.with_columns(
        *_translated("src"), *_translated("dst"), bits=flags, protocol=protocol.cast(pl.String), kind=pl.lit("flow"),
        **(given or {}),
    )  # fmt: skip
    letters = FLAG_LETTERS.gather(out["bits"].fill_null(0).cast(pl.UInt32)).alias("tcp_flags")
    out = out.with_columns(letters)
    return out.select(c for c in (*_ORDER,) if c in out.columns and out[c].null_count() < out.height)


_RAW: dict[str, pl.DataType] = {
    **dict.fromkeys(
        ("protocol", "src_port", "dst_port", "icmp", "icmp_type", "icmp_code", "tcp_bits", "src_nat_port",
         "dst_nat_port", "bytes_out", "bytes_in", "packets_out", "packets_in"), pl.UInt64()),
    **dict.fromkeys(("src_ip", "dst_ip", "src_nat_ip", "dst_nat_ip"), pl.String()),
}  # fmt: skip

_ORDER = (
    "line_no", "record_no", "ts", "ts_end", "kind", "sensor", "action", "disposition", "protocol", "src_ip",
    "src_port", "dst_ip", "dst_port", "src_nat_ip", "src_nat_port", "dst_nat_ip", "dst_nat_port", "bytes", "packets",
    "bytes_out", "bytes_in", "packets_out", "packets_in", "duration", "tcp_flags", "icmp_type", "icmp_code",
    "in_iface", "out_iface", "rule", "reason", "app", "user_name", "session_id", "extra",
)  # fmt: skip
