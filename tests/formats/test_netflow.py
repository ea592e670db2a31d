"""NetFlow v5, v9 and IPFIX: what a packet says, which template counts, and that nothing read is lost."""

from __future__ import annotations

import io
import json
import random
import struct
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fwforensics.formats import _netflow_decoder
from fwforensics.formats._flow_stream import Reader
from fwforensics.formats._format import Binary, Context, Decoded
from fwforensics.formats._pcap import frames
from fwforensics.formats.netflow import FORMAT
from tests.formats import flow_builder as b

NOON = datetime.fromtimestamp(b.NOON, UTC).replace(tzinfo=None)
BINARY = cast("Binary", FORMAT.binary)


def decode(*files: bytes) -> list[Decoded]:
    """Feed files of one scope, in order."""
    decoder = BINARY.decoder(Context())
    batches = [d for i, content in enumerate(files) for d in decoder.feed(i, io.BytesIO(content))]
    return batches + list(decoder.finish())


def rows(*files: bytes) -> list[dict[str, Any]]:
    """Events as dictionaries without NULLs, `extra` read."""
    found = [r for d in decode(*files) if "events" in d.frames for r in d.frames["events"].to_dicts()]
    return [{k: json.loads(v) if k == "extra" else v for k, v in r.items() if v is not None} for r in found]


def rejects(*files: bytes) -> list[tuple[int, str]]:
    return [r for d in decode(*files) if d.rejects is not None for r in d.rejects.select("line_no", "reason").rows()]


def ignored(*files: bytes) -> list[tuple[int, str]]:
    return [r for d in decode(*files) if d.ignored is not None for r in d.ignored.select("line_no", "program").rows()]


def balanced(batches: list[Decoded]) -> Counter[str]:
    """Every unit is parsed, rejected or ignored, in each batch."""
    total: Counter[str] = Counter()
    for d in batches:
        bad, none = 0 if d.rejects is None else d.rejects.height, 0 if d.ignored is None else d.ignored.height
        assert d.units == d.parsed + bad + none
        total.update(units=d.units, parsed=d.parsed, rejects=bad, ignored=none)
    return total


def ago(**parts: float) -> datetime:
    return NOON - timedelta(**parts)


def ipfix_flow(layout: Sequence[tuple[int, ...]], body: bytes, **options: Any) -> dict[str, Any]:
    """The one row of one record with its template."""
    (row,) = rows(b.ipfix(b.flow_set(2, b.template(256, layout)), b.flow_set(256, body), **options))
    return row


ENDS = [(8, 4), (12, 4)]
ADDRESSES = b.ip("10.0.0.1") + b.ip("203.0.113.9")


def test_v5_record() -> None:
    flow = b.v5_record(
        "10.0.0.1", "203.0.113.9", 51000, 443, packets=12, octets=3400, first=90_000, last=99_500, flags=0x1B,
        interfaces=(3, 7), tos=8, asn=(64500, 64501),
    )  # fmt: skip
    (row,) = rows(b.capture(b.v5([flow], sampling=0x4000 | 100)))
    exported = NOON + timedelta(seconds=0.5)
    assert row.pop("extra") == {
        "ipClassOfService": 8, "bgpSourceAsNumber": 64500, "bgpDestinationAsNumber": 64501,
        "sourceIPv4PrefixLength": 24, "destinationIPv4PrefixLength": 0, "samplingInterval": 100,
    }  # fmt: skip
    assert row == {
        "line_no": 1, "record_no": 0, "ts": exported - timedelta(seconds=10), "kind": "flow",
        "ts_end": exported - timedelta(seconds=0.5), "sensor": "192.0.2.1", "protocol": "6", "src_ip": "10.0.0.1",
        "src_port": 51000, "dst_ip": "203.0.113.9", "dst_port": 443, "bytes": 3400, "packets": 12, "bytes_out": 3400,
        "packets_out": 12, "duration": 9.5, "tcp_flags": "APSF", "in_iface": "3", "out_iface": "7",
    }  # fmt: skip


def test_uptime_that_wrapped_or_was_never_set() -> None:
    """The counter wraps after 49.7 days; all ones are no time; a start after the export tells nothing."""
    wrapped = b.v5_record("10.0.0.1", "10.0.0.2", 1, 2, first=2**32 - 1000, last=500)
    never = b.v5_record("10.0.0.1", "10.0.0.2", 1, 2, first=2**32 - 1, last=500)
    ahead = b.v5_record("10.0.0.1", "10.0.0.2", 1, 2, first=900_000_000, last=900_000_000)
    first, second, third = rows(b.v5([wrapped, never, ahead], uptime=1000))
    exported = NOON + timedelta(seconds=0.5)
    assert (first["ts"], first["ts_end"]) == (exported - timedelta(seconds=2), exported - timedelta(seconds=0.5))
    assert first["duration"] == 1.5
    assert second["ts"] == second["ts_end"] == exported - timedelta(seconds=0.5)
    assert "duration" not in second
    assert third["ts"] == exported
    assert "ts_end" not in third


def test_icmp_is_taken_out_of_the_port() -> None:
    echo = b.v5_record("10.0.0.1", "10.0.0.2", 0, 0x0800, proto=1)
    other = b.v5_record("10.0.0.1", "10.0.0.2", 0, 0x0303, proto=1)
    apart = b.v5_record("10.0.0.1", "10.0.0.2", 3, 13, proto=1)
    gre = b.v5_record("10.0.0.1", "10.0.0.2", 5, 6, proto=47)
    found = rows(b.v5([echo, other, apart, gre]))
    assert [(r.get("icmp_type"), r.get("icmp_code")) for r in found] == [(8, 0), (3, 3), (3, 13), (None, None)]
    assert not any("dst_port" in r or "src_port" in r for r in found)


def test_icmp_elements() -> None:
    row = ipfix_flow([*ENDS, (4, 1), (32, 2), (11, 2)], ADDRESSES + struct.pack(">BHH", 1, 0x0B01, 77))
    assert (row["icmp_type"], row["icmp_code"]) == (11, 1)
    row = ipfix_flow([*ENDS, (4, 1), (176, 1), (177, 1)], ADDRESSES + bytes([1, 5, 2]))
    assert (row["icmp_type"], row["icmp_code"]) == (5, 2)
    row = ipfix_flow(
        [(27, 16), (28, 16), (4, 1), (11, 2)], b.ip("fe80::1") + b.ip("ff02::1") + struct.pack(">BH", 58, 136)
    )
    assert (row["icmp_type"], row["icmp_code"]) == (136, 0)


def test_template_and_data_in_later_packets() -> None:
    define = b.v9(b.flow_set(0, b.template(256, b.LAYOUT)), domain=1)
    body = b.v9_flow("10.0.0.1", "10.0.0.2", 1, 2) + b.v9_flow("10.0.0.3", "10.0.0.4", 3, 4)
    data = b.v9(b.flow_set(256, body, pad=-len(body) % 4), domain=1, sequence=1)
    batches = decode(b.capture(define, data))
    assert balanced(batches) == {"units": 2, "parsed": 1, "rejects": 0, "ignored": 1}
    found = rows(b.capture(define, data))
    assert [(r["line_no"], r["record_no"], r["src_ip"]) for r in found] == [(2, 0, "10.0.0.1"), (2, 1, "10.0.0.3")]
    assert found[0]["ts"] == ago(seconds=10)
    assert found[0]["extra"] == {"ipClassOfService": 0, "observationDomainId": 1}


def test_template_after_its_data_counts_only_when_none_came_before() -> None:
    short, long = [*ENDS, (1, 4)], [*ENDS, (2, 4)]
    body = ADDRESSES + struct.pack(">I", 5)
    data = b.ipfix(b.flow_set(256, body))
    first, second = (b.ipfix(b.flow_set(2, b.template(256, layout))) for layout in (short, long))
    (early,) = rows(b.capture(data, first, second))
    assert (early["bytes"], early.get("packets")) == (5, None)
    late = rows(b.capture(first, data, second, data))
    assert [(r.get("bytes"), r.get("packets")) for r in late] == [(5, None), (None, 5)]


def test_templates_stay_with_their_exporter() -> None:
    define = b.ethernet(b.ipv4(b.udp(b.ipfix(b.flow_set(2, b.template(256, ENDS)))), "192.0.2.1"))
    data = b.udp(b.ipfix(b.flow_set(256, ADDRESSES)))
    foreign = b.pcap([define, b.ethernet(b.ipv4(data, "192.0.2.2"))])
    assert rejects(foreign) == [(2, "no template 256 for its data, of 192.0.2.2 domain 0")]
    domain = b.udp(b.ipfix(b.flow_set(256, ADDRESSES), domain=9))
    assert rejects(b.pcap([define, b.ethernet(b.ipv4(domain, "192.0.2.1"))]))
    assert not rejects(b.pcap([define, b.ethernet(b.ipv4(data, "192.0.2.1"))]))


def test_line_cards_share_the_templates_of_one_device_where_they_agree() -> None:
    define = b.udp(b.ipfix(b.flow_set(2, b.template(256, ENDS))), port=1111)
    other = b.udp(b.ipfix(b.flow_set(2, b.template(256, ENDS[::-1]))), port=3333)
    data = b.udp(b.ipfix(b.flow_set(256, ADDRESSES)), port=2222)
    agreed = [b.ethernet(b.ipv4(p)) for p in (define, data)]
    assert [r["src_ip"] for r in rows(b.pcap(agreed))] == ["10.0.0.1"]
    assert len(rejects(b.pcap([*agreed, b.ethernet(b.ipv4(other))]))) == 1


def test_withdrawn_template() -> None:
    define = b.ipfix(b.flow_set(2, b.template(256, ENDS)))
    withdraw = b.ipfix(b.flow_set(2, struct.pack(">HH", 256, 0)))
    everything = b.ipfix(b.flow_set(2, struct.pack(">HH", 2, 0)))
    data = b.ipfix(b.flow_set(256, ADDRESSES))
    for gone in (withdraw, everything):
        batches = decode(b.capture(define, data, gone, data))
        assert balanced(batches) == {"units": 4, "parsed": 1, "rejects": 1, "ignored": 2}
    assert len(rows(b.capture(define, withdraw, data, define))) == 1


def test_packet_with_records_and_a_set_without_template() -> None:
    packet = b.ipfix(b.flow_set(2, b.template(256, ENDS)), b.flow_set(256, ADDRESSES), b.flow_set(300, b"\1" * 8))
    batches = decode(b.capture(packet))
    assert balanced(batches) == {"units": 2, "parsed": 1, "rejects": 1, "ignored": 0}
    assert rejects(b.capture(packet)) == [(1, "no template 300 for its data, of 192.0.2.1 domain 0")]


def test_record_numbers_stay_unique_when_sets_are_decoded_late() -> None:
    packet = b.ipfix(b.flow_set(300, ADDRESSES), b.flow_set(2, b.template(256, ENDS)), b.flow_set(256, ADDRESSES * 2))
    later = b.ipfix(b.flow_set(2, b.template(300, ENDS)))
    found = rows(b.capture(packet, later))
    assert sorted((r["line_no"], r["record_no"]) for r in found) == [(1, 0), (1, 1), (1, 2)]
    assert balanced(decode(b.capture(packet, later))) == {"units": 2, "parsed": 1, "rejects": 0, "ignored": 1}


def test_datagram_files_of_a_folder_share_templates() -> None:
    define, data = b.ipfix(b.flow_set(2, b.template(256, ENDS))), b.ipfix(b.flow_set(256, ADDRESSES))
    batches = decode(data + data, define)
    assert balanced(batches) == {"units": 3, "parsed": 2, "rejects": 0, "ignored": 1}
    assert {d.source for d in batches if d.parsed} == {0}
    assert BINARY.scope(define, "a.dat") == "netflow-datagrams"
    assert BINARY.scope(b.capture(define), "a.pcap") is None


def test_concatenated_datagrams_of_all_versions() -> None:
    flow = b.v5_record("10.0.0.1", "10.0.0.2", 1, 2)
    define = b.v9(b.flow_set(0, b.template(256, b.LAYOUT)))
    body = b.v9_flow("10.0.0.3", "10.0.0.4", 1, 2)
    data = b.v9(b.flow_set(256, body, pad=-len(body) % 4)) + bytes(40)
    message = b.ipfix(b.flow_set(2, b.template(256, ENDS)), b.flow_set(256, ADDRESSES))
    content = b.v5([flow, flow]) + define + data + message + b.v5([flow])
    assert balanced(decode(content)) == {"units": 5, "parsed": 4, "rejects": 0, "ignored": 1}
    assert [r["line_no"] for r in rows(content)] == [1, 1, 3, 4, 5]
    assert BINARY.unit_at(io.BytesIO(content), 4) == message
    assert BINARY.unit_at(io.BytesIO(content), 6) is None


def test_reading_goes_on_after_damage() -> None:
    flow = b.v5([b.v5_record("10.0.0.1", "10.0.0.2", 1, 2)])
    broken = b"\0\5\xd9\x1e" + flow[4:]
    content = flow + broken + flow
    assert balanced(decode(content)) == {"units": 3, "parsed": 2, "rejects": 1, "ignored": 0}
    assert rejects(content) == [(2, "NetFlow v5 header claims 55582 records")]
    (bad,) = [d.rejects for d in decode(content) if d.rejects is not None]
    assert bad["raw"].to_list() == [broken.hex()]


def test_variable_length_and_enterprise_fields() -> None:
    layout = [*ENDS, (1, 65535), (82, 65535), (4, 1), (7, 2, 424242), (294, 65535, 6871)]
    long = b"x" * 300
    one = ADDRESSES + b"\x02\x01\x00" + b"\x03eth" + b"\6" + b"\xab\xcd" + b"\xff\x01\x2c" + long
    two = ADDRESSES + b"\x01\x09" + b"\0" + b"\6" + b"\0\1" + b'\x03a"b'
    found = rows(b.ipfix(b.flow_set(2, b.template(256, layout)), b.flow_set(256, one + two, pad=3)))
    assert [r["bytes"] for r in found] == [256, 9]
    assert found[0]["extra"] == {"interfaceName": "eth", "424242:7": "abcd", "sslServerName": "x" * 300}
    assert found[1]["extra"] == {"424242:7": "0001", "sslServerName": 'a"b'}


def test_variable_length_that_overruns_is_a_reject() -> None:
    message = b.ipfix(b.flow_set(2, b.template(256, [*ENDS, (82, 65535)])), b.flow_set(256, ADDRESSES + b"\x20abc"))
    assert rejects(message) == [(1, "a record reaches beyond its set")]


def test_reduced_sizes_and_zero_length_fields() -> None:
    row = ipfix_flow([*ENDS, (1, 3), (2, 1), (7, 0), (16, 2)], ADDRESSES + b"\x01\x00\x02" + b"\x07" + b"\xfc\x00")
    assert (row["bytes"], row["packets"], row["extra"]) == (65538, 7, {"bgpSourceAsNumber": 64512})
    assert "src_port" not in row


def test_biflow() -> None:
    layout = [*ENDS, (1, 4), (2, 4), (1, 4, 29305), (2, 4, 29305), (6, 2, 29305)]
    row = ipfix_flow(layout, ADDRESSES + struct.pack(">IIIIH", 100, 2, 0, 0, 18))
    assert {k: row[k] for k in ("bytes", "packets", "bytes_out", "bytes_in", "packets_out", "packets_in")} == {
        "bytes": 100, "packets": 2, "bytes_out": 100, "bytes_in": 0, "packets_out": 2, "packets_in": 0,
    }  # fmt: skip
    assert row["extra"] == {"reverseTcpControlBits": 18}


@pytest.mark.parametrize(
    ("event", "action", "word"),
    [(1, "allow", "flow created"), (2, "allow", "flow deleted"), (3, "deny", "flow denied"), (4, None, "flow alert")],
)
def test_firewall_events(event: int, action: str | None, word: str) -> None:
    layout = [*ENDS, (7, 2), (11, 2), (4, 1), (233, 1), (33002, 2), (33000, 12), (148, 4), (40000, 20), (323, 8)]
    acl = bytes.fromhex("0f8e7ff3fc1a030f00000000")
    body = struct.pack(">HHBBH", 1024, 22, 6, event, 1001) + acl + struct.pack(">I", 77) + b"alice".ljust(20, b"\0")
    (row,) = rows(
        b.v9(
            b.flow_set(0, b.template(256, layout)),
            b.flow_set(256, ADDRESSES + body + struct.pack(">Q", b.NOON * 1000 + 1)),
        )
    )
    assert (row.get("action"), row["disposition"], row["reason"]) == (action, word, "ingress acl")
    assert (row["rule"], row["session_id"], row["user_name"]) == ("0x0f8e7ff3-0xfc1a030f-0x00000000", "77", "alice")
    assert row["ts"] == NOON + timedelta(milliseconds=1)


def test_asa_types_above_32767_are_no_enterprises_in_v9() -> None:
    layout = [*ENDS, (40001, 4), (40003, 2), (40005, 1)]
    body = ADDRESSES + b.ip("192.0.2.7") + struct.pack(">HB", 9999, 3)
    (row,) = rows(b.v9(b.flow_set(0, b.template(256, layout)), b.flow_set(256, body)))
    assert (row["src_nat_ip"], row["src_nat_port"], row["action"]) == ("192.0.2.7", 9999, "deny")


def test_translation_that_changes_nothing_is_none() -> None:
    layout = [*ENDS, (4, 1), (7, 2), (11, 2), (225, 4), (226, 4), (227, 2), (228, 2)]
    body = (
        ADDRESSES
        + struct.pack(">BHH", 6, 1000, 443)
        + b.ip("10.0.0.1")
        + b.ip("198.51.100.4")
        + struct.pack(">HH", 1000, 443)
    )
    row = ipfix_flow(layout, body)
    assert "src_nat_ip" not in row
    assert "src_nat_port" not in row
    assert (row["dst_nat_ip"], row["dst_nat_port"]) == ("198.51.100.4", 443)
    row = ipfix_flow(layout, body[:13] + bytes(12))
    assert not any("nat" in k for k in row)


@pytest.mark.parametrize(
    ("status", "action", "word"), [(64, None, "forwarded"), (130, "deny", "dropped"), (0, None, None)]
)
def test_forwarding_status(status: int, action: str | None, word: str | None) -> None:
    row = ipfix_flow([*ENDS, (89, 1)], ADDRESSES + bytes([status]))
    assert (row.get("action"), row.get("disposition")) == (action, word)


def test_times_of_every_kind() -> None:
    ntp = b.NOON + 2_208_988_800
    cases: list[tuple[list[tuple[int, ...]], bytes, datetime, datetime]] = [
        ([(150, 4), (151, 4)], struct.pack(">II", b.NOON - 5, b.NOON), ago(seconds=5), NOON),
        ([(152, 8), (153, 8)], struct.pack(">QQ", b.NOON * 1000 - 5, b.NOON * 1000), ago(milliseconds=5), NOON),
        ([(154, 8), (155, 8)], struct.pack(">IIII", ntp - 1, 1 << 31, ntp, 0), ago(seconds=0.5), NOON),
        ([(156, 8), (157, 8)], struct.pack(">IIII", ntp, 0, ntp, 1 << 30), NOON, NOON + timedelta(seconds=0.25)),
        ([(158, 4), (159, 4)], struct.pack(">II", 3_000_000, 1_000_000), ago(seconds=3), ago(seconds=1)),
        ([(160, 8), (22, 4), (21, 4)], struct.pack(">QII", b.NOON * 1000 - 9000, 2000, 9000), ago(seconds=7), NOON),
        ([(152, 8), (161, 4)], struct.pack(">QI", b.NOON * 1000, 1500), NOON, NOON + timedelta(seconds=1.5)),
    ]
    for layout, body, start, end in cases:
        row = ipfix_flow([*ENDS, *layout], ADDRESSES + body)
        assert (row["ts"], row["ts_end"], row["duration"]) == (start, end, (end - start).total_seconds()), layout


def test_flow_without_time_has_that_of_its_packet() -> None:
    row = ipfix_flow(ENDS, ADDRESSES)
    assert row["ts"] == NOON
    assert "ts_end" not in row
    row = ipfix_flow([*ENDS, (22, 4), (21, 4)], ADDRESSES + struct.pack(">II", 5000, 7000))
    assert (row["ts"], row["extra"]) == (NOON, {"flowStartSysUpTime": 5000, "flowEndSysUpTime": 7000})


def test_options_name_applications_samplers_and_interfaces() -> None:
    apps = b.v9(b.flow_set(1, b.v9_options(257, [(1, 4)], [(95, 4), (96, 8)]), pad=2),
                b.flow_set(257, bytes(4) + b"\x0d\0\1\xac" + b"stratum\0"))  # fmt: skip
    sampler = b.v9(
        b.flow_set(1, b.v9_options(258, [(1, 4)], [(48, 1), (50, 4)]), pad=2),
        b.flow_set(258, bytes(4) + struct.pack(">BI", 3, 256)),
    )
    names = b.v9(
        b.flow_set(1, b.v9_options(259, [(2, 4)], [(82, 6)]), pad=2),
        b.flow_set(259, struct.pack(">I", 7) + b"wan0\0\0"),
    )
    layout = [*ENDS, (95, 4), (48, 1), (10, 2)]
    body = (
        ADDRESSES + b"\x0d\0\1\xac" + struct.pack(">BH", 3, 7) + ADDRESSES + b"\x03\0\0\x50" + struct.pack(">BH", 4, 8)
    )
    data = b.v9(b.flow_set(0, b.template(256, layout)), b.flow_set(256, body))
    first, second = rows(b.capture(apps, sampler, names, data))
    assert (first["app"], first["in_iface"]) == ("stratum", "7")
    assert first["extra"] == {"samplerId": 3, "samplingInterval": 256, "ingressInterfaceName": "wan0"}
    assert (second["app"], second["extra"]) == ("3:80", {"samplerId": 4})
    assert [line for line, _ in ignored(b.capture(apps, sampler, names, data))] == [1, 2, 3]


def test_ipfix_options_with_scopes_are_no_flows() -> None:
    option = b.ipfix(
        b.flow_set(3, b.ipfix_options(257, [(149, 4)], [(305, 4), (306, 4)])),
        b.flow_set(257, struct.pack(">III", 0, 1, 99)),
    )
    data = b.ipfix(b.flow_set(2, b.template(256, ENDS)), b.flow_set(256, ADDRESSES))
    (row,) = rows(b.capture(option, data))
    assert row["extra"] == {"samplingInterval": 100}


def test_tunnel_shows_its_inner_flow() -> None:
    layout = [(27, 16), (28, 16), (4, 1), (8, 4), (12, 4), (4, 1), (7, 2), (11, 2)]
    body = b.ip("2001:db8::1") + b.ip("2001:db8::2") + b"\4" + ADDRESSES + struct.pack(">BHH", 17, 1111, 2222)
    row = ipfix_flow(layout, body)
    assert (row["src_ip"], row["dst_ip"], row["protocol"], row["dst_port"]) == ("10.0.0.1", "203.0.113.9", "17", 2222)
    assert row["extra"] == {
        "sourceIPv6Address": "2001:db8::1",
        "destinationIPv6Address": "2001:db8::2",
        "protocolIdentifier": 4,
    }


def test_two_families_in_one_record() -> None:
    layout = [*ENDS, (27, 16), (28, 16)]
    row = ipfix_flow(layout, bytes(8) + b.ip("2001:db8::1") + b.ip("::ffff:10.0.0.9"))
    assert (row["src_ip"], row["dst_ip"]) == ("2001:db8::1", "10.0.0.9")
    assert ipfix_flow(layout, ADDRESSES + bytes(32))["src_ip"] == "10.0.0.1"


def test_lost_packets() -> None:
    flow = b.v5_record("10.0.0.1", "10.0.0.2", 1, 2)
    packets = [b.v5([flow] * 2, sequence=s) for s in (10, 12, 19, 17, 21)]
    lost = [r for d in decode(b.capture(*packets)) if d.lost is not None for r in d.lost.rows()]
    assert lost == [("192.0.2.1", NOON + timedelta(seconds=0.5), 5)]
    define = b.flow_set(0, b.template(256, ENDS))
    lost = [
        r
        for d in decode(b.capture(*(b.v9(define, sequence=s) for s in (1, 2, 5))))
        if d.lost is not None
        for r in d.lost.rows()
    ]
    assert lost == [("192.0.2.1", NOON, 2)]


PACKET = b.v5([b.v5_record("10.0.0.1", "10.0.0.2", 1, 2)])


@pytest.mark.parametrize(
    ("content", "sensor"),
    [
        (b.pcap([b.ethernet(b.ipv4(b.udp(PACKET)))], order=">"), "192.0.2.1"),
        (b.pcap([b.ethernet(b.ipv4(b.udp(PACKET)))], nano=True), "192.0.2.1"),
        (b.pcap([b.ethernet(b.ipv4(b.udp(PACKET)), tags=[0x88A8, 0x8100])]), "192.0.2.1"),
        (b.pcap([b.ethernet(b.ipv6(b.udp(PACKET)))]), "2001:db8::1"),
        (b.pcap([b.ethernet(b.ipv6(b"\x11\0" + bytes(6) + b.udp(PACKET), following=60))]), "2001:db8::1"),
        (b.pcap([b.ipv4(b.udp(PACKET))], link=101), "192.0.2.1"),
        (b.pcap([b"\2\0\0\0" + b.ipv4(b.udp(PACKET))], link=0), "192.0.2.1"),
        (b.pcap([bytes(14) + b"\x08\0" + b.ipv4(b.udp(PACKET))], link=113), "192.0.2.1"),
        (b.pcap([b"\x08\0" + bytes(18) + b.ipv4(b.udp(PACKET))], link=276), "192.0.2.1"),
        (b.pcapng([b.ethernet(b.ipv4(b.udp(PACKET)))]), "192.0.2.1"),
        (b.pcapng([b.ethernet(b.ipv4(b.udp(PACKET)))], order=">"), "192.0.2.1"),
    ],
)
def test_captures(content: bytes, sensor: str) -> None:
    assert BINARY.recognise(content, "x")
    (row,) = rows(content)
    assert (row["sensor"], row["src_ip"]) == (sensor, "10.0.0.1")
    (frame,) = frames(Reader(io.BytesIO(content)))
    assert BINARY.unit_at(io.BytesIO(content), 1) == frame.data


def test_other_traffic_is_ignored() -> None:
    dns = b.ethernet(b.ipv4(b.udp(b"\0\5\1\0\0\1" + bytes(30), target=53)))
    tcp = b.ethernet(b.ipv4(bytes(20), proto=6))
    content = b.pcap([dns, tcp, b.ethernet(b.ipv4(b.udp(PACKET, target=12345))), bytes(60), b""])
    assert ignored(content) == [(n, "pcap: not NetFlow") for n in (1, 2, 4, 5)]
    assert [r["line_no"] for r in rows(content)] == [3]
    empty = b.pcap([])
    assert BINARY.recognise(empty, "x")
    assert balanced(decode(empty)) == {"units": 0, "parsed": 0, "rejects": 0, "ignored": 0}


def test_captures_cut_by_snap_length_or_end() -> None:
    cut = b.pcap([b.ethernet(b.ipv4(b.udp(PACKET)))], snap=80)
    assert rejects(cut) == [(1, "capture left out 34 bytes of the packet")]
    whole = b.capture(PACKET, PACKET)
    assert rejects(whole[:-7]) == [(2, "capture ends inside a frame")]
    assert len(rows(whole[:-7])) == 1
    assert rejects(b.pcapng([b.ethernet(b.ipv4(b.udp(PACKET)))])[:-9]) == [(1, "capture ends inside a block")]


def test_fragments() -> None:
    content = b.udp(b.v5([b.v5_record("10.0.0.1", "10.0.0.2", 1, 2)] * 30))
    parts = [
        b.ipv4(content[at : at + 800], cut=(0x2000 if at + 800 < len(content) else 0) | at // 8)
        for at in range(0, len(content), 800)
    ]
    assert len(parts) == 2
    for order in (parts, parts[::-1]):
        frames_ = [b.ethernet(p) for p in order]
        assert {r["line_no"] for r in rows(b.pcap(frames_))} == {2}
        assert ignored(b.pcap(frames_)) == [(1, "pcap: fragment")]
        assert len(rows(b.pcap(frames_))) == 30
    missing = b.pcap([b.ethernet(parts[0])])
    assert rejects(missing) == [(1, "export packet of which fragments are missing")]
    assert ignored(b.pcap([b.ethernet(parts[1])])) == [(1, "pcap: fragment")]


def test_damaged_packet_at_a_collectors_port() -> None:
    broken = b.v9(b.flow_set(0, b.template(256, ENDS))) + struct.pack(">HH", 256, 4000) + b"\1" * 12
    assert [reason for _, reason in rejects(b.capture(broken))] == [
        "set 256 of 4000 bytes does not fit at byte 36 of 52"
    ]
    elsewhere = b.pcap([b.ethernet(b.ipv4(b.udp(broken, target=9)))])
    assert ignored(elsewhere) == [(1, "pcap: not NetFlow")]


def test_sets_that_wait_for_a_template_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_netflow_decoder, "SPILL", 700)
    packet = b.ipfix(b.flow_set(300, ADDRESSES))
    content = b.capture(packet, packet, packet, b.ipfix(b.flow_set(2, b.template(300, ENDS))))
    assert balanced(decode(content)) == {"units": 4, "parsed": 2, "rejects": 1, "ignored": 1}
    assert rejects(content) == [(3, "no template 300 for its data yet, and too much waits for one")]


def test_sources_that_only_go_forward() -> None:
    """A decompressed stream cannot be wound back, and gives what it has."""

    class Trickle:
        def __init__(self, data: bytes) -> None:
            self.left = data

        def read(self, size: int = -1) -> bytes:
            piece, self.left = self.left[: min(size, 7)], self.left[min(size, 7) :]
            return piece

    for content in (b.samples()["netflow/basic.pcap"], b.samples()["netflow/v9.dat"]):
        decoder = BINARY.decoder(Context())
        trickled = [*decoder.feed(0, cast("BinaryIO", Trickle(content))), *decoder.finish()]
        assert balanced(trickled) == balanced(decode(content))


def test_bounded_batches() -> None:
    flow = b.v5_record("10.0.0.1", "10.0.0.2", 1, 2)
    batches = decode(b.capture(*[b.v5([flow] * 30)] * 2300))
    heights = [d.frames["events"].height for d in batches if d.frames]
    assert sum(heights) == 69_000
    assert max(heights) < 66_000


def test_recognises_nothing_else() -> None:
    flow = b.v5([b.v5_record("10.0.0.1", "10.0.0.2", 1, 2)])
    define = b.v9(b.flow_set(0, b.template(256, b.LAYOUT)))
    for content in (flow, flow * 3, define, define + flow, b.ipfix(b.flow_set(2, b.template(256, ENDS))), define[:-5]):
        assert BINARY.recognise(content, "x")
    assert BINARY.recognise(b"\0\5\xd9\x1e" + flow[4:], "corrupt header")
    cut = b.v9(b.flow_set(0, b.template(256, ENDS)), b.flow_set(256, ADDRESSES * 9))[:-5]
    assert BINARY.recognise(cut, "cut inside its data")
    assert balanced(decode(cut)) == {"units": 2, "parsed": 0, "rejects": 1, "ignored": 1}
    for content in (
        b"",
        b"\0\5",
        b"Mar  1 12:00:00 fw kernel: DROP",
        bytes(5000),
        b"\0\x05" * 600,
        b"\0\x09" * 600,
        b"\0\x0a\0\x10" + bytes(12),
    ):
        assert not BINARY.recognise(content, "x"), content[:20]


def test_noise_behind_a_version_number_is_not_recognised() -> None:
    noise = random.Random(7)
    for i in range(3000):
        content = (b"\0\5", b"\0\x09", b"\0\x0a")[i % 3] + noise.randbytes(noise.randrange(1500))
        assert not BINARY.recognise(content, "x"), content[:24].hex()


def test_samples() -> None:
    """The shipped samples are what the builder makes, and decode without a reject."""
    for name, content in b.samples().items():
        shipped = Path(__file__).parents[2] / "sample_logs" / name
        assert shipped.read_bytes() == content
        if name.startswith("netflow/"):
            assert BINARY.recognise(content, name)
            assert not rejects(content)
    found = rows(b.samples()["netflow/basic.pcap"])
    assert Counter(r["line_no"] for r in found) == {1: 5, 2: 1, 3: 2}
    assert [(r["action"], r.get("src_nat_ip")) for r in found if "action" in r] == [
        ("deny", None),
        ("allow", "192.0.2.9"),
    ]


REAL = [
    b.capture(
        PACKET, b.v9(b.flow_set(0, b.template(256, b.LAYOUT)), b.flow_set(256, b.v9_flow("10.0.0.1", "10.0.0.2", 1, 2)))
    ),
    b.samples()["netflow/basic.pcap"],
    b.samples()["netflow/v9.dat"],
    b.ipfix(
        b.flow_set(2, b.template(256, [*ENDS, (82, 65535)])),
        b.flow_set(256, ADDRESSES + b"\3abc"),
        b.flow_set(257, b"later"),
    ),
    b.ipfix(
        b.flow_set(3, b.ipfix_options(257, [(149, 4)], [(305, 4), (306, 4)])),
        b.flow_set(257, struct.pack(">III", 0, 1, 99)),
    ),
    b.pcapng([b.ethernet(b.ipv4(b.udp(PACKET)))]),
]


@given(st.binary(max_size=400), st.sampled_from([b"", b"\0\5", b"\0\x09\0\1", b"\0\x0a", *(c[:24] for c in REAL)]))
@settings(deadline=None, max_examples=80)
def test_any_bytes_are_accounted_for(content: bytes, head: bytes) -> None:
    balanced(decode(head + content))


@given(
    st.sampled_from(REAL),
    st.lists(st.tuples(st.integers(0, 2000), st.binary(min_size=1, max_size=4)), max_size=6),
    st.integers(0, 60),
)
@settings(deadline=None, max_examples=120)
def test_mutated_packets_are_accounted_for(content: bytes, changes: list[tuple[int, bytes]], cut: int) -> None:
    changed = bytearray(content)
    for at, value in changes:
        at %= len(changed)
        changed[at : at + len(value)] = value
    raw = bytes(changed[: len(changed) - cut])
    total = balanced(decode(raw, content))
    assert total["units"] >= 1
    BINARY.recognise(raw, "x")
    BINARY.unit_at(io.BytesIO(raw), 1)
