"""Export packets, captures and nfcapd files, built byte by byte; run as a program it writes the samples of both."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterable, Sequence
from pathlib import Path

#: 2026-03-01 12:00:00 UTC.
NOON = 1_772_366_400
EXPORTER, COLLECTOR = "192.0.2.1", "192.0.2.254"


def ip(text: str) -> bytes:
    return ipaddress.ip_address(text).packed


def v5_record(
    src: str, dst: str, sport: int, dport: int, *, proto: int = 6, packets: int = 1, octets: int = 40, first: int = 0,
    last: int = 0, flags: int = 0, interfaces: tuple[int, int] = (1, 2), tos: int = 0, asn: tuple[int, int] = (0, 0),
) -> bytes:  # fmt: skip
    head = (
        ip(src) + ip(dst) + bytes(4) + struct.pack(">HHIIIIHH", *interfaces, packets, octets, first, last, sport, dport)
    )
    return head + struct.pack(">BBBBHHBBH", 0, flags, proto, tos, *asn, 24, 0, 0)


def v5(
    records: Sequence[bytes], *, uptime: int = 100_000, seconds: int = NOON, sequence: int = 0, sampling: int = 0
) -> bytes:
    return struct.pack(
        ">HHIIIIBBH", 5, len(records), uptime, seconds, 500_000_000, sequence, 0, 0, sampling
    ) + b"".join(records)


def flow_set(number: int, body: bytes, pad: int = 0) -> bytes:
    return struct.pack(">HH", number, 4 + len(body) + pad) + body + bytes(pad)


def fields(layout: Iterable[tuple[int, ...]]) -> bytes:
    """Field specifiers: (element, length) or (element, length, enterprise)."""
    out = b""
    for element, length, *pen in layout:
        out += struct.pack(">HHI", element | 0x8000, length, pen[0]) if pen else struct.pack(">HH", element, length)
    return out


def template(number: int, layout: Sequence[tuple[int, ...]]) -> bytes:
    return struct.pack(">HH", number, len(layout)) + fields(layout)


def v9_options(number: int, scopes: Sequence[tuple[int, ...]], layout: Sequence[tuple[int, ...]]) -> bytes:
    return struct.pack(">HHH", number, 4 * len(scopes), 4 * len(layout)) + fields(scopes) + fields(layout)


def ipfix_options(number: int, scopes: Sequence[tuple[int, ...]], layout: Sequence[tuple[int, ...]]) -> bytes:
    return struct.pack(">HHH", number, len(scopes) + len(layout), len(scopes)) + fields(scopes) + fields(layout)


def v9(
    *sets: bytes, uptime: int = 100_000, seconds: int = NOON, sequence: int = 0, domain: int = 0, count: int = 1
) -> bytes:
    return struct.pack(">HHIIII", 9, count, uptime, seconds, sequence, domain) + b"".join(sets)


def ipfix(*sets: bytes, seconds: int = NOON, sequence: int = 0, domain: int = 0) -> bytes:
    body = b"".join(sets)
    return struct.pack(">HHIII", 10, 16 + len(body), seconds, sequence, domain) + body


def udp(payload: bytes, port: int = 40000, target: int = 2055) -> bytes:
    return struct.pack(">HHHH", port, target, 8 + len(payload), 0) + payload


def ipv4(
    content: bytes, src: str = EXPORTER, dst: str = COLLECTOR, *, proto: int = 17, cut: int = 0, number: int = 7
) -> bytes:
    """An IPv4 packet; `cut` holds flags and fragment offset."""
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(content), number, cut, 64, proto, 0)
    return head + ip(src) + ip(dst) + content


def ipv6(content: bytes, src: str = "2001:db8::1", dst: str = "2001:db8::2", *, following: int = 17) -> bytes:
    return struct.pack(">IHBB", 6 << 28, len(content), following, 64) + ip(src) + ip(dst) + content


def ethernet(packet: bytes, tags: Sequence[int] = ()) -> bytes:
    kind = 0x0800 if packet[0] >> 4 == 4 else 0x86DD
    return bytes(12) + b"".join(struct.pack(">HH", tag, 10) for tag in tags) + struct.pack(">H", kind) + packet


def pcap(frames: Iterable[bytes], *, order: str = "<", nano: bool = False, link: int = 1, snap: int = 65535) -> bytes:
    out = struct.pack(order + "IHHiIII", 0xA1B23C4D if nano else 0xA1B2C3D4, 2, 4, 0, 0, snap, link)
    for frame in frames:
        out += struct.pack(order + "IIII", NOON, 0, min(len(frame), snap), len(frame)) + frame[:snap]
    return out


def pcapng(frames: Iterable[bytes], *, order: str = "<", link: int = 1) -> bytes:
    def block(kind: int, body: bytes) -> bytes:
        body += bytes(-len(body) % 4)
        return struct.pack(order + "II", kind, 12 + len(body)) + body + struct.pack(order + "I", 12 + len(body))

    out = block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))
    out += block(1, struct.pack(order + "HHI", link, 0, 65535))
    for frame in frames:
        out += block(6, struct.pack(order + "IIIII", 0, 0, 0, len(frame), len(frame)) + frame)
    return out


def capture(*packets: bytes, src: str = EXPORTER, port: int = 40000) -> bytes:
    return pcap(ethernet(ipv4(udp(p, port), src)) for p in packets)


def element(number: int, body: bytes, order: str = "<") -> bytes:
    """One element of an nfcapd record."""
    return struct.pack(order + "HH", number, 4 + len(body)) + body


def generic(
    *, first: int, last: int, packets: int = 1, octets: int = 40, sport: int = 0, dport: int = 0, proto: int = 6,
    flags: int = 0, status: int = 0, tos: int = 0, order: str = "<",
) -> bytes:  # fmt: skip
    """The element that every flow has; times in milliseconds."""
    numbers = (first, last, last + 5, packets, octets, sport, dport, proto, flags, status, tos)
    return element(1, struct.pack(order + "QQQQQHHBBBB", *numbers), order)


def pair(src: str, dst: str, number: int = 0, order: str = "<") -> bytes:
    """Two addresses in words of the file's byte order; element 2 or 3 unless told otherwise."""
    raw, word = ip(src) + ip(dst), 4 if "." in src else 8
    words = (raw[i : i + word] for i in range(0, len(raw), word))
    body = b"".join(w[::-1] if order == "<" else w for w in words)
    return element(number or (2 if word == 4 else 3), body, order)


def record(*elements: bytes, order: str = "<", exporter: int = 1) -> bytes:
    body = b"".join(elements)
    return struct.pack(order + "HHHBBHBB", 11, 12 + len(body), len(elements), 0, 0, exporter, 0, 9) + body


def exporter_record(address: str, number: int = 1, order: str = "<") -> bytes:
    raw = bytes(8) + (ip(address)[::-1] + bytes(4) if order == "<" else bytes(4) + ip(address))
    return struct.pack(order + "HHI", 7, 32, 9) + raw + struct.pack(order + "HHI", 2, number, 0)


def data_block(records: Sequence[bytes], *, packed: bytes | None = None, kind: int = 3, order: str = "<") -> bytes:
    body = b"".join(records) if packed is None else packed
    return struct.pack(order + "IIHH", len(records), len(body), kind, 0) + body


def nfcapd(*blocks: bytes, compression: int = 0, order: str = "<", end: int = 0, encryption: int = 0) -> bytes:
    head = struct.pack(
        order + "HHIqBBHIqII", 0xA50C, 2, 0x01070100, NOON, compression, encryption, 0, 1, end, 0, len(blocks)
    )
    return head + b"".join(blocks)


def nfcapd_1(*blocks: bytes, flags: int = 0, order: str = "<") -> bytes:
    return (
        struct.pack(order + "HHII", 0xA50C, 1, flags, len(blocks))
        + b"none".ljust(128, b"\0")
        + bytes(136)
        + b"".join(blocks)
    )


LAYOUT = [(8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (6, 1), (1, 4), (2, 4), (22, 4), (21, 4), (10, 2), (14, 2), (5, 1)]


def v9_flow(
    src: str, dst: str, sport: int, dport: int, *, proto: int = 6, flags: int = 0, octets: int = 40, packets: int = 1
) -> bytes:
    """A record of `LAYOUT`, from 10 to 1 seconds before its export."""
    numbers = (sport, dport, proto, flags, octets, packets, 90_000, 99_000, 3, 4, 0)
    return ip(src) + ip(dst) + struct.pack(">HHBBIIIIHHB", *numbers)


def _scan_and_mining() -> list[bytes]:
    """Version 5: four ports of one host in a row, and both directions of a session to a mining pool."""
    scan = [
        v5_record("10.20.0.11", "10.30.0.40", 40000 + p, p, flags=2, first=60_000 + p, last=60_000 + p)
        for p in (22, 80, 3306, 5432)
    ]
    there = v5_record(
        "10.20.0.11", "203.0.113.33", 51515, 3333, flags=27, packets=40, octets=6200, first=10_000, last=70_000
    )
    back = v5_record(
        "203.0.113.33", "10.20.0.11", 3333, 51515, flags=27, packets=38, octets=9100, first=10_000, last=70_000
    )
    return [v5([*scan, there]), v5([back], sequence=5)]


def _firewall_events() -> bytes:
    """Version 9 as an ASA sends it: a denial, and the end of a translated session."""
    ends = [(8, 4), (12, 4), (7, 2), (11, 2), (4, 1)]
    nsel = [*ends, (233, 1), (323, 8), (231, 4), (232, 4), (225, 4), (227, 2), (33002, 2)]
    denied = ip("10.20.0.11") + ip("203.0.113.33") + struct.pack(">HHBBQII", 51516, 4444, 6, 3, NOON * 1000 + 250, 0, 0)
    denied += ip("10.20.0.11") + struct.pack(">HH", 51516, 1001)
    ended = ip("10.20.0.11") + ip("198.51.100.7")
    ended += struct.pack(">HHBBQII", 51517, 443, 6, 2, NOON * 1000 + 750, 900, 4200)
    ended += ip("192.0.2.9") + struct.pack(">HH", 20001, 2030)
    return v9(flow_set(0, template(263, nsel)), flow_set(263, denied + ended), sequence=1)


def _nfcapd_records() -> list[bytes]:
    start = NOON * 1000
    pool = generic(first=start, last=start + 1500, packets=9, octets=900, sport=50001, dport=3333, flags=27)
    echo = generic(first=start + 200, last=start + 200, dport=2048, proto=1, octets=84)
    dropped = generic(first=start + 300, last=start + 900, sport=50002, dport=443, flags=2, status=128)
    return [
        exporter_record("192.0.2.1"),
        record(pool, pair("10.20.0.11", "203.0.113.33")),
        record(echo, pair("10.20.0.11", "10.30.0.40")),
        record(dropped, pair("2001:db8:20::11", "2001:db8:99::1")),
    ]


def samples() -> dict[str, bytes]:
    """The shipped samples: a scan and a session to a mining pool, as several exporters tell it."""
    out, back = _scan_and_mining()
    frames = [ethernet(ipv4(udp(out))), ethernet(ipv4(udp(back)), tags=[0x8100])]
    frames += [ethernet(ipv6(udp(_firewall_events()))), ethernet(ipv4(udp(b"ping")))]
    data = b"".join(v9_flow("10.20.0.12", "203.0.113.33", 50_000 + i, 443, flags=24, octets=1000 + i) for i in range(3))
    define = v9(flow_set(0, template(256, LAYOUT)), domain=5)
    return {
        "netflow/basic.pcap": pcap(frames),
        "netflow/v9.dat": define + v9(flow_set(256, data, pad=-len(data) % 4), sequence=1, domain=5),
        "nfdump/basic.nfcapd": nfcapd(data_block(_nfcapd_records())),
    }


if __name__ == "__main__":
    for name, content in samples().items():
        target = Path(__file__).parents[2] / "sample_logs" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
