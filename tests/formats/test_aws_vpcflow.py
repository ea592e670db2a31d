"""AWS VPC flow logs."""

from __future__ import annotations

from datetime import datetime

import pytest

from tests.formats.support import parse_text, rows

RECORD = "2 123456789010 eni-0a1b2c3d 10.20.0.11 203.0.113.10 40112 443 6 12 4300 1795481300 1795481358 ACCEPT OK\n"


def test_the_default_order_needs_no_header() -> None:
    """A version 2 record is one direction of a flow, dated by its first and last packet."""
    (row,) = rows(RECORD)
    assert row["ts"] == datetime(2026, 11, 24, 0, 48, 20)  # noqa: DTZ001
    assert row["ts_end"] == datetime(2026, 11, 24, 0, 49, 18)  # noqa: DTZ001
    assert (row["src_ip"], row["src_port"], row["dst_ip"], row["dst_port"]) == (
        "10.20.0.11",
        40112,
        "203.0.113.10",
        443,
    )
    assert (row["action"], row["disposition"], row["bytes_out"], row["packets_out"]) == ("allow", "accept", 4300, 12)
    assert row["sensor"] == "eni-0a1b2c3d"
    assert "bytes_in" not in row


def test_the_header_in_force_names_the_fields() -> None:
    """Each header holds until the next; records are read by the one above them."""
    text = (
        "dstaddr srcaddr dstport srcport protocol action\n203.0.113.1 10.0.0.1 443 50000 6 REJECT\n"
        "srcaddr dstaddr srcport dstport protocol action\n10.0.0.2 203.0.113.2 50001 53 17 ACCEPT\n"
    )
    first, second = rows(text)
    assert (first["src_ip"], first["dst_port"], first["action"]) == ("10.0.0.1", 443, "deny")
    assert (second["src_ip"], second["dst_port"], second["protocol"]) == ("10.0.0.2", 53, "udp")


def test_a_quiet_interface_is_alive_and_skipped_records_are_lost() -> None:
    """NODATA and SKIPDATA are no rejects: they count for coverage, the latter as lost."""
    batch = parse_text(
        "2 1 eni-0a - - - - - - - 1795481300 1795481360 - NODATA\n"
        "2 1 eni-0a - - - - - - - 1795481360 1795481420 - SKIPDATA\n"
    )
    assert batch.rejects is None
    assert batch.ignored is not None
    assert batch.ignored["reason"].to_list() == ["no traffic", "no traffic"]
    assert batch.times is not None
    assert (batch.times["sensor"].unique().to_list(), batch.times["lost"].sum()) == (["eni-0a"], 1)


def test_an_address_behind_the_interface_is_a_translation() -> None:
    """The packet's own addresses stay in extra, and are a translation where the interface's differ."""
    text = "srcaddr dstaddr pkt-srcaddr pkt-dstaddr dstport protocol\n10.0.0.1 10.0.0.9 10.0.0.1 203.0.113.5 443 6\n"
    (event,) = rows(text)
    (row,) = rows(text, "translations")
    assert event["extra"] == '{"pkt-srcaddr":"10.0.0.1","pkt-dstaddr":"203.0.113.5"}'
    assert (row["orig_dst_ip"], row["new_dst_ip"], row["orig_dst_port"]) == ("203.0.113.5", "10.0.0.9", 443)


def test_a_record_inside_json_or_behind_a_time_is_the_same_record() -> None:
    """CloudWatch wraps records, and its export puts a time before them."""
    plain, wrapped, dated = (
        rows(text)[0]
        for text in (RECORD, '{"message":"' + RECORD.strip() + '"}\n', "2026-11-24T00:50:00.000Z " + RECORD)
    )
    assert plain == wrapped == dated


@pytest.mark.parametrize("line", ["2 123456789010 eni-0a 10.0.0.1", "2 x y z", "srcaddr", "version 2 of it"])
def test_fragments_are_rejects(line: str) -> None:
    """What is cut short is not read as something else, and raises nothing."""
    batch = parse_text(line + "\n")
    assert "events" not in batch.frames
