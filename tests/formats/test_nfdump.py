"""nfdump's binary files: both layouts, both byte orders, all compressions; and that nothing read is lost."""

from __future__ import annotations

import bz2
import io
import json
import struct
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import lz4.block
import polars as pl
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from fwforensics.formats._format import Binary, Context, Decoded
from fwforensics.formats._nfcapd_lzo import decompress
from fwforensics.formats.nfdump import FORMAT
from tests.formats import flow_builder as b

NOON = datetime.fromtimestamp(b.NOON, UTC).replace(tzinfo=None)
MS = b.NOON * 1000
BINARY = cast("Binary", FORMAT.binary)


def decode(content: bytes) -> list[Decoded]:
    decoder = BINARY.decoder(Context())
    return [*decoder.feed(0, io.BytesIO(content)), *decoder.finish()]


def rows(content: bytes) -> list[dict[str, Any]]:
    found = [r for d in decode(content) if "events" in d.frames for r in d.frames["events"].to_dicts()]
    return [{k: json.loads(v) if k == "extra" else v for k, v in r.items() if v is not None} for r in found]


def rejects(content: bytes) -> list[tuple[int, str]]:
    return [r for d in decode(content) if d.rejects is not None for r in d.rejects.select("line_no", "reason").rows()]


def balanced(batches: list[Decoded]) -> Counter[str]:
    total: Counter[str] = Counter()
    for d in batches:
        bad, none = 0 if d.rejects is None else d.rejects.height, 0 if d.ignored is None else d.ignored.height
        assert d.units == d.parsed + bad + none
        total.update(units=d.units, parsed=d.parsed, rejects=bad, ignored=none)
    return total


def flow(*more: bytes, order: str = "<", src: str = "10.0.0.1", dst: str = "203.0.113.9", **given_: Any) -> bytes:
    values: dict[str, Any] = {"first": MS, "last": MS + 1500, "sport": 51000, "dport": 443, **given_}
    return b.record(b.generic(order=order, **values), b.pair(src, dst, order=order), *more, order=order)


def one(*more: bytes, **given_: Any) -> dict[str, Any]:
    (row,) = rows(b.nfcapd(b.data_block([flow(*more, **given_)])))
    return row


@pytest.mark.parametrize("order", ["<", ">"])
def test_record(order: str) -> None:
    misc = b.element(4, struct.pack(order + "IIBBBBBBH", 3, 7, 24, 16, 1, 8, 0, 2, 0), order)
    systems = b.element(7, struct.pack(order + "II", 64500, 64501), order)
    mac = b.element(15, struct.pack(order + "QQQQ", 0x0200C0000201, 0, 0, 0x0200C0000202), order)
    record = flow(misc, systems, mac, order=order, packets=12, octets=3400, flags=0x1B, tos=8)
    content = b.nfcapd(b.data_block([b.exporter_record("192.0.2.1", order=order), record], order=order), order=order)
    assert BINARY.recognise(content, "x")
    (row,) = rows(content)
    assert row.pop("extra") == {
        "src_tos": 8, "fwd_status": 0, "src_mask": 24, "dst_mask": 16, "direction": 1, "dst_tos": 8, "biFlow_dir": 0,
        "end_reason": 2, "src_as": 64500, "dst_as": 64501, "in_src_mac": "02:00:c0:00:02:01",
        "out_src_mac": "02:00:c0:00:02:02",
    }  # fmt: skip
    assert row == {
        "line_no": 2, "record_no": 0, "ts": NOON, "ts_end": NOON + timedelta(seconds=1.5), "kind": "flow",
        "sensor": "192.0.2.1", "protocol": "6", "src_ip": "10.0.0.1", "src_port": 51000, "dst_ip": "203.0.113.9",
        "dst_port": 443, "bytes": 3400, "packets": 12, "bytes_out": 3400, "packets_out": 12, "duration": 1.5,
        "tcp_flags": "APSF", "in_iface": "3", "out_iface": "7",
    }  # fmt: skip
    assert balanced(decode(content)) == {"units": 2, "parsed": 1, "rejects": 0, "ignored": 1}
    assert BINARY.unit_at(io.BytesIO(content), 2) == record


@pytest.mark.parametrize("order", ["<", ">"])
def test_ipv6_and_router(order: str) -> None:
    router = b.element(13, b.pair("2001:db8:ffff::1", "2001:db8::9", order=order)[4:20], order)
    content = b.nfcapd(
        b.data_block([flow(router, order=order, src="2001:db8::1", dst="::ffff:192.0.2.5")], order=order), order=order
    )
    (row,) = rows(content)
    assert (row["src_ip"], row["dst_ip"], row["sensor"]) == ("2001:db8::1", "192.0.2.5", "2001:db8:ffff::1")


def test_icmp_and_protocols_without_ports() -> None:
    row = one(proto=1, sport=0, dport=0x0800)
    assert (row["icmp_type"], row["icmp_code"]) == (8, 0)
    assert "dst_port" not in row
    assert "icmp_type" not in one(proto=58, sport=0, dport=0)
    assert one(proto=58, sport=0, dport=135 << 8)["icmp_type"] == 135
    assert "src_port" not in one(proto=47)


def test_what_came_back() -> None:
    row = one(b.element(5, struct.pack("<QQQ", 1, 4, 900)), packets=3, octets=100)
    assert [row[k] for k in ("bytes", "packets", "bytes_in", "packets_in")] == [1000, 7, 900, 4]


def test_firewall_event() -> None:
    nsel = b.element(19, struct.pack("<QIHBB", MS + 40, 77, 1001, 3, 0))
    acl = b.element(23, struct.pack("<IIIIII", 0x0F8E7FF3, 0xFC1A030F, 0, 0, 0, 0))
    xlate = b.pair("192.0.2.9", "203.0.113.9", 20) + b.element(22, struct.pack("<HH", 20001, 443))
    user = b.element(24, b"alice".ljust(66, b"\0") + bytes(2))
    row = one(nsel, acl, xlate[:12], xlate[12:], user, first=0, last=0)
    assert (row["action"], row["disposition"], row["reason"]) == ("deny", "flow denied", "ingress acl")
    assert (row["rule"], row["user_name"], row["session_id"]) == ("0x0f8e7ff3-0xfc1a030f-0x00000000", "alice", "77")
    assert (row["src_nat_ip"], row["src_nat_port"]) == ("192.0.2.9", 20001)
    assert "dst_nat_ip" not in row
    assert row["ts"] == NOON + timedelta(milliseconds=40)
    assert "duration" not in row


def test_forwarding_status_pf_and_nbar() -> None:
    assert one(status=130)["action"] == "deny"
    pf = b.element(37, struct.pack("<BBBBIIII", 1, 0, 1, 0, 12, 0, 0, 0) + b"em0\0")
    row = one(pf)
    assert (row["action"], row["disposition"], row["rule"], row["extra"]["pf_ifname"]) == ("deny", "block", "12", "em0")
    assert one(b.element(27, b"\x0d\0\1\xac"))["app"] == "13:428"
    named = (
        struct.pack("<HHHH", 12, 8 + 6 + 4 + 8, 1, 18) + struct.pack("<HHH", 4, 8, 0) + b"\x0d\0\1\xac" + b"stratum\0"
    )
    (row,) = rows(b.nfcapd(b.data_block([named, flow(b.element(27, b"\x0d\0\1\xac"))])))
    assert row["app"] == "stratum"


def test_records_of_many_layouts_stay_in_order() -> None:
    kinds = [flow(sport=1), flow(b.element(7, bytes(8)), sport=2), flow(src="2001:db8::1", dst="2001:db8::2", sport=3)]
    content = b.nfcapd(b.data_block(kinds * 40), b.data_block(kinds))
    found = rows(content)
    assert [r["line_no"] for r in found] == list(range(1, 124))
    assert [r["src_port"] for r in found] == [1, 2, 3] * 41
    assert [("src_as" in r["extra"], r["src_ip"]) for r in found[:3]] == [
        (False, "10.0.0.1"), (True, "10.0.0.1"), (False, "2001:db8::1"),
    ]  # fmt: skip


def test_shorter_and_unknown_elements() -> None:
    short = b.element(4, struct.pack("<II", 3, 7))
    row = one(short, b.element(99, b"\1\2"))
    assert (row["in_iface"], row["out_iface"]) == ("3", "7")
    assert row["extra"]["element99"] == "0102"
    assert "src_mask" not in row["extra"]


def lzo_literal(data: bytes) -> bytes:
    """LZO1X with one run of literals and the end mark."""
    size, head = len(data) - 3 - 15, b"\0"
    while size > 255:
        head, size = head + b"\0", size - 255
    return head + bytes([size]) + data + b"\x11\0\0"


PACK: list[tuple[int, Callable[[bytes], bytes]]] = [
    (1, lzo_literal),
    (2, bz2.compress),
    (3, lambda d: lz4.block.compress(d, store_size=False)),
    (4, zstandard.ZstdCompressor().compress),
]


@pytest.mark.parametrize(("number", "pack"), PACK)
def test_compression(number: int, pack: Callable[[bytes], bytes]) -> None:
    records = [flow(sport=i) for i in range(50)]
    body = b"".join(records)
    good = b.data_block(records, packed=pack(body))
    bad = b.data_block(records, packed=b"\xff" * 40)
    content = b.nfcapd(good, bad, good, compression=number)
    assert [r["src_port"] for r in rows(content)] == [*range(50), *range(50)]
    ((line, reason),) = rejects(content)
    assert line == 51
    assert "does not unpack" in reason or "damaged after 0 of 50" in reason
    assert BINARY.unit_at(io.BytesIO(content), 51) is not None
    assert BINARY.unit_at(io.BytesIO(content), 52) == records[0]


def test_lzo_copies() -> None:
    """Literals, then copies near and far, and one that overlaps itself; worked out by hand from the description."""
    # 21-17 = 4 literals; 3 bytes from 4 back (0x40 | 3<<2, 0); an overlapping copy of 10 from 1 back (32+8, 0, 0).
    assert decompress(bytes([21]) + b"abcd" + bytes([0x4C, 0, 0x28, 0, 0, 0x11, 0, 0]), 100) == b"abcdabc" + b"c" * 10
    # 18-17 = 1 literal behind which 2 bytes are copied from 1 back (0 0 0 0 D=0 S=2, H=0), then 2 literals.
    assert decompress(bytes([18]) + b"a" + bytes([0x02, 0]) + b"xy" + bytes([0x11, 0, 0]), 100) == b"aaaxy"
    with pytest.raises(ValueError, match="before its beginning"):
        decompress(bytes([21]) + b"abcd" + bytes([0x4C, 9, 0x11, 0, 0]), 100)
    with pytest.raises(ValueError, match="ends too early"):
        decompress(bytes([21]) + b"abcd", 100)
    with pytest.raises(ValueError, match="more than 3 bytes"):
        decompress(bytes([21]) + b"abcd" + bytes([0x11, 0, 0]), 3)


def old_record(number: int, *, ipv6: bool = False, order: str = "<", kind: int = 10) -> bytes:
    """A record of layout 1 with 8-byte counters, interfaces (4), AS numbers (7), out counters (15, 17), router (23)."""
    src, dst = ("2001:db8::1", "2001:db8::2") if ipv6 else ("10.0.0.1", "203.0.113.9")
    flags = 6 | ipv6
    head = struct.pack(
        order + ("HH" if kind == 10 else "BBH"), *((flags, number) if kind == 10 else (flags, 1, number))
    )
    head += struct.pack(order + "HHIIBBBBHH", 250, 750, b.NOON, b.NOON + 2, 0, 2, 6, 8, 51000, 443)
    if kind == 10:
        head += struct.pack(order + "HBB", 1, 0, 0)
    body = head + b.pair(src, dst, order=order)[4:] + struct.pack(order + "QQ", 5, 600)
    body += struct.pack(order + "HHIIQQ", 3, 7, 64500, 64501, 2, 80)
    body += b.ip("192.0.2.77")[::-1] if order == "<" else b.ip("192.0.2.77")
    return struct.pack(order + "HH", kind, 4 + len(body)) + body


def old_map(number: int, extensions: list[int], order: str = "<") -> bytes:
    ids = [*extensions, 0] + [0] * (len(extensions) % 2 == 0)
    return struct.pack(order + f"HHHH{len(ids)}H", 2, 8 + 2 * len(ids), number, 0, *ids)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", [1, 10])
def test_layout_1(order: str, kind: int) -> None:
    records = [
        old_map(3, [4, 7, 15, 17, 23], order),
        old_record(3, order=order, kind=kind),
        old_record(3, ipv6=True, order=order, kind=kind),
    ]
    content = b.nfcapd_1(b.data_block(records, kind=2, order=order), order=order)
    assert BINARY.recognise(content, "x")
    first, second = rows(content)
    assert first == {
        "line_no": 2, "record_no": 0, "ts": NOON + timedelta(seconds=0.25), "ts_end": NOON + timedelta(seconds=2.75),
        "kind": "flow", "sensor": "192.0.2.77", "protocol": "6", "src_ip": "10.0.0.1", "src_port": 51000,
        "dst_ip": "203.0.113.9", "dst_port": 443, "bytes": 680, "packets": 7, "bytes_out": 600, "packets_out": 5,
        "bytes_in": 80, "packets_in": 2, "duration": 2.5, "tcp_flags": "S", "in_iface": "3", "out_iface": "7",
        "extra": {"fwd_status": 0, "src_tos": 8, "src_as": 64500, "dst_as": 64501},
    }  # fmt: skip
    assert (second["src_ip"], second["dst_ip"], second["bytes_out"]) == ("2001:db8::1", "2001:db8::2", 600)


def test_layout_1_maps_hold_until_they_are_replaced() -> None:
    good, other = old_map(3, [4, 7, 15, 17, 23]), old_map(3, [7, 4, 15, 17, 23])
    content = b.nfcapd_1(b.data_block([good, old_record(3), other, old_record(3), old_record(9)], kind=2))
    assert [r["in_iface"] for r in rows(content)] == ["3", str(64501 & 0xFFFF)]
    assert rejects(content) == [(5, "its extension map is missing")]


def test_layout_1_compressed() -> None:
    records = [old_map(3, [4, 7, 15, 17, 23]), old_record(3)]
    for flags, pack in ((1, lzo_literal), (8, bz2.compress), (16, PACK[2][1])):
        content = b.nfcapd_1(b.data_block(records, packed=pack(b"".join(records)), kind=2), flags=flags)
        assert len(rows(content)) == 1


def test_cut_and_damaged_files() -> None:
    records = [flow(sport=i) for i in range(3)]
    content = b.nfcapd(b.data_block(records))
    assert [r["src_port"] for r in rows(content[:-5])] == [0, 1]
    assert rejects(content[:-5]) == [(3, "file ends inside a block")]
    assert rejects(content + b"\1\2\3") == [(4, "file ends inside a block header")]
    assert rejects(b.nfcapd(struct.pack("<IIHH", 1, 1 << 31, 3, 0))) == [
        (1, "file is damaged: a block of 2147483648 bytes")
    ]
    assert rejects(b.nfcapd(b.data_block(records), encryption=1)) == [(1, "block is encrypted")]
    broken = flow(b.element(7, bytes(8)))[:-10] + b"\xff" * 10
    assert rejects(b.nfcapd(b.data_block([records[0], broken, records[1]]))) == [
        (2, "record is damaged: its fields do not fit")
    ]
    assert rejects(b.nfcapd(b.data_block([struct.pack("<HHI", 16, 8, 0)]))) == [(1, "record type 16 is not known")]
    assert rejects(b.nfcapd(struct.pack("<IIHH", 9, len(records[0]), 3, 0) + records[0])) == [
        (2, "block is damaged after 1 of 9 records")
    ]


def test_appendix_is_no_data() -> None:
    data = b.data_block([flow()])
    content = b.nfcapd(data, end=40 + len(data)) + b.data_block([struct.pack("<HH", 0x8001, 8) + b"none"])
    assert balanced(decode(content)) == {"units": 1, "parsed": 1, "rejects": 0, "ignored": 0}


def test_bounded_batches() -> None:
    block = b.data_block([flow(sport=i) for i in range(1000)])
    heights = [d.frames["events"].height for d in decode(b.nfcapd(*[block] * 140)) if d.frames]
    assert sum(heights) == 140_000
    assert max(heights) < 67_000


def test_sample_and_recognition() -> None:
    content = b.samples()["nfdump/basic.nfcapd"]
    assert BINARY.recognise(content, "x")
    found = rows(content)
    assert [(r["protocol"], r.get("icmp_type"), r.get("action")) for r in found] == [
        ("6", None, None),
        ("1", 8, None),
        ("6", None, "deny"),
    ]
    assert {r["sensor"] for r in found} == {"192.0.2.1"}
    for other in (b"", b"\x0c\xa5", bytes(400), b"\x0c\xa5\3\0" + bytes(60), b"Mar  1 12:00:00 fw kernel: DROP" * 3):
        assert not BINARY.recognise(other, "x")


def test_frames_fit_the_schema() -> None:
    (batch,) = decode(b.samples()["nfdump/basic.nfcapd"])
    types = dict(batch.frames["events"].schema)
    assert [types[k] for k in ("ts", "src_port", "bytes")] == [pl.Datetime("us"), pl.UInt16(), pl.UInt64()]


REAL = [
    b.samples()["nfdump/basic.nfcapd"],
    b.nfcapd_1(b.data_block([old_map(3, [4, 7, 15, 17, 23]), old_record(3), old_record(3, ipv6=True)], kind=2)),
    b.nfcapd(b.data_block([flow()], packed=lzo_literal(flow())), compression=1),
    b.nfcapd(b.data_block([flow(b.element(27, b"\x0d\0\1\xac"), b.element(28, b"label\0"))])),
]


@given(st.binary(max_size=300), st.sampled_from([b"", *(c[:52] for c in REAL), REAL[1][:288]]))
@settings(deadline=None, max_examples=80)
def test_any_bytes_are_accounted_for(content: bytes, head: bytes) -> None:
    balanced(decode(head + content))


@given(
    st.sampled_from(REAL),
    st.lists(st.tuples(st.integers(0, 600), st.binary(min_size=1, max_size=4)), max_size=6),
    st.integers(0, 50),
)
@settings(deadline=None, max_examples=120)
def test_mutated_files_are_accounted_for(content: bytes, changes: list[tuple[int, bytes]], cut: int) -> None:
    changed = bytearray(content)
    for at, value in changes:
        at %= len(changed)
        changed[at : at + len(value)] = value
    raw = bytes(changed[: len(changed) - cut])
    balanced(decode(raw))
    BINARY.recognise(raw, "x")
    BINARY.unit_at(io.BytesIO(raw), 1)
