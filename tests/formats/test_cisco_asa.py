"""What the reader of Cisco ASA and PIX syslog must get right."""

# ruff: noqa: DTZ001, E501 (the engine keeps UTC without saying so; log lines are as long as they are)
from __future__ import annotations

from datetime import datetime

import pytest

from fwforensics.formats import formats
from fwforensics.formats._engine import parse
from fwforensics.formats._format import Context
from fwforensics.formats._lines import Lines
from fwforensics.formats._recogniser import Recogniser
from tests.formats.support import LATEST, parse_text, rows

HEAD = "Nov 20 2026 10:00:00 fw1 : "


def one(message: str, head: str = HEAD) -> dict[str, object]:
    """The only event of one message."""
    (row,) = rows(head + message + "\n")
    return row


def ends(row: dict[str, object]) -> tuple[object, ...]:
    """Source and destination with their ports."""
    return tuple(row.get(k) for k in ("src_ip", "src_port", "dst_ip", "dst_port"))


BUILT = "%ASA-6-302013: Built {} TCP connection 7 for outside:198.51.100.7/443 (198.51.100.7/443) to inside:10.0.0.5/1025 (203.0.113.5/6000)"
TORN = "%ASA-6-302014: Teardown TCP connection 7 for outside:198.51.100.7/443 to inside:10.0.0.5/1025 duration 0:01:00 bytes 5000 TCP FINs"


def test_built_outbound_names_the_destination_first() -> None:
    """The second end of an outbound connection opened it, and its mapped address is the NAT column."""
    row = one(BUILT.format("outbound"))
    assert ends(row) == ("10.0.0.5", 1025, "198.51.100.7", 443)
    assert (row["src_nat_ip"], row["src_nat_port"]) == ("203.0.113.5", 6000)
    assert "dst_nat_ip" not in row
    assert (row["in_iface"], row["out_iface"]) == ("inside", "outside")
    assert (row["action"], row["disposition"], row["direction"]) == ("allow", "built", "outbound")


def test_built_inbound_names_the_source_first() -> None:
    """The first end of an inbound connection opened it."""
    assert ends(one(BUILT.format("inbound"))) == ("198.51.100.7", 443, "10.0.0.5", 1025)


def test_teardown_takes_the_order_of_its_built() -> None:
    """A teardown is turned like its Built, and stays as written where that is not in the source."""
    first, last = rows(f"{HEAD}{BUILT.format('outbound')}\n{HEAD}{TORN}\n")
    assert ends(first) == ends(last) == ("10.0.0.5", 1025, "198.51.100.7", 443)
    assert (last["bytes"], last["duration"], last["reason"]) == (5000, 60.0, "TCP FINs")
    assert (last["ts"], last["ts_end"]) == (datetime(2026, 11, 20, 9, 59), datetime(2026, 11, 20, 10, 0))
    assert ends(one(TORN)) == ("198.51.100.7", 443, "10.0.0.5", 1025)


def test_order_is_remembered_between_batches() -> None:
    """A teardown in a later batch of the source takes the order of its Built, once."""
    asa = formats()["cisco_asa"]
    context, recogniser = Context(latest=LATEST), Recogniser([asa])
    seen = []
    for message in (BUILT.format("outbound"), TORN, TORN):
        batch = parse(Lines.of(f"{HEAD}{message}\n".encode()), recogniser, {asa.name: context}, context)
        seen += batch.frames["events"]["src_ip"].to_list()
    assert seen == ["10.0.0.5", "10.0.0.5", "198.51.100.7"]


def test_connection_numbers_belong_to_a_device() -> None:
    """Another device's connection with the same number does not turn a teardown."""
    _, last = rows(f"{HEAD}{BUILT.format('outbound')}\n{HEAD.replace('fw1', 'fw2')}{TORN}\n")
    assert ends(last) == ("198.51.100.7", 443, "10.0.0.5", 1025)


@pytest.mark.parametrize(
    ("text", "seconds"), [("0:00:00", 0.0), ("92:24:20", 332660.0), ("1d2h", 93600.0), ("2h3m", 7380.0)]
)
def test_durations(text: str, seconds: float) -> None:
    """Hours may exceed a day, and old releases spell units."""
    assert one(TORN.replace("0:01:00", text))["duration"] == seconds


def test_translation_gives_an_event_and_an_interval() -> None:
    """The teardown of a translation is an event of kind nat without verdict and a row with start and end."""
    text = f"{HEAD}%ASA-6-305012: Teardown dynamic TCP translation from inside:10.0.0.5/1025 to outside:203.0.113.5/6000 duration 0:00:30\n"
    (event,) = rows(text)
    (mapping,) = rows(text, "translations")
    assert event["kind"] == "nat"
    assert "action" not in event
    assert (mapping["orig_src_ip"], mapping["orig_src_port"]) == ("10.0.0.5", 1025)
    assert (mapping["new_src_ip"], mapping["new_src_port"]) == ("203.0.113.5", 6000)
    assert (mapping["started_at"], mapping["ended_at"]) == (
        datetime(2026, 11, 20, 9, 59, 30),
        datetime(2026, 11, 20, 10, 0),
    )


def test_other_messages_are_no_translations() -> None:
    """A connection with mapped addresses is no row of `translations`."""
    assert not rows(f"{HEAD}{BUILT.format('outbound')}\n", "translations")


@pytest.mark.parametrize(
    ("header", "instant"),
    [
        ("<166>Nov 20 2026 10:00:00 fw1 : ", datetime(2026, 11, 20, 10)),
        ("Nov 20 2026 10:00:00: ", datetime(2026, 11, 20, 10)),
        ("Jul 20 2026 10:00:00 EDT: ", datetime(2026, 7, 20, 14)),
        ("Jul 20 2026 10:00:00 CEST: ", datetime(2026, 7, 20, 8)),
        ("<166>2026-11-20T10:00:00Z fw1 : ", datetime(2026, 11, 20, 10)),
        ("<166>1 2026-11-20T10:00:00+01:00 fw1 - - - - : ", datetime(2026, 11, 20, 9)),
        ("Nov 20 10:00:00 192.0.2.1 ", datetime(2026, 11, 20, 10)),
    ],
)
def test_headers(header: str, instant: datetime) -> None:
    """Each header of the field gives the instant of the message."""
    row = one(
        "%ASA-session-6-106015: Deny TCP (no connection) from 10.0.0.1/5 to 198.51.100.1/80 flags FIN ACK  on interface in",
        header,
    )
    assert row["ts"] == instant
    assert (row["tcp_flags"], row["in_iface"], row["action"]) == ("AF", "in", "deny")


def test_access_list_counts_and_icmp_in_ports() -> None:
    """The hit count is the repeat count, and the ports of ICMP are its type and code."""
    row = one(
        "%ASA-4-106100: access-list OUT denied icmp outside/198.51.100.7(8) -> inside/10.0.0.5(0) hit-cnt 17 300-second interval [0x1, 0x2]"
    )
    assert (row["icmp_type"], row["icmp_code"], row["repeat_count"], row["rule"]) == (8, 0, 17, "OUT")
    assert ends(row) == ("198.51.100.7", None, "10.0.0.5", None)


def test_icmp_type_is_no_user() -> None:
    """`(type 3, code 1)` behind an end is the ICMP type; a user in brackets has a realm."""
    row = one(
        r"%ASA-3-106014: Deny inbound icmp src outside:198.51.100.7(DOM\eve) dst inside:10.0.0.5 (type 3, code 1)"
    )
    assert (row["icmp_type"], row["icmp_code"], row["user_name"]) == (3, 1, "eve")


def test_ping_belongs_to_who_sent_it() -> None:
    """An inbound echo comes from the foreign address; a teardown's echo id stands at the end that began."""
    built = one(
        "%ASA-6-302020: Built inbound ICMP connection for faddr 198.51.100.7/9 gaddr 203.0.113.5/0 laddr 10.0.0.5/0 type 8 code 0"
    )
    torn = one(
        "%ASA-6-302021: Teardown ICMP connection for faddr 198.51.100.7/0 gaddr 203.0.113.5/512 laddr 10.0.0.5/512 type 8 code 0"
    )
    assert (built["src_ip"], built["dst_ip"], built["dst_nat_ip"]) == ("198.51.100.7", "10.0.0.5", "203.0.113.5")
    assert (torn["src_ip"], torn["dst_ip"], torn["src_nat_ip"]) == ("10.0.0.5", "198.51.100.7", "203.0.113.5")


def test_names_in_place_of_addresses() -> None:
    """The destination's name is `dst_name`, the source's is kept in `extra`, and names of ports are ports."""
    row = one('%PIX-4-106023: Deny tcp src inside:wiki_srv/1025 dst outside:Pool.example.org/www by access-group "in"')
    assert (row["dst_name"], row["dst_port"], row["src_port"]) == ("pool.example.org", 80, 1025)
    assert "wiki_srv" in str(row["extra"])
    assert "src_ip" not in row


def test_unlisted_messages_with_two_ends_are_read() -> None:
    """A message that nobody listed gives ends, protocol and verdict by its words."""
    row = one("%ASA-4-999001: Something dropped TCP from inside:10.0.0.5/1025 to outside:2001:db8::7/80 because")
    assert ends(row) == ("10.0.0.5", 1025, "2001:db8::7", 80)
    assert (row["action"], row["protocol"]) == ("deny", "tcp")


def test_messages_without_traffic_are_ignored_by_name() -> None:
    """What has neither two ends nor a peer is ignored, with the message as its program."""
    batch = parse_text(f"{HEAD}%ASA-6-302010: 12 in use, 40 most used\n")
    assert batch.ignored is not None
    assert batch.ignored.select("reason", "program").rows() == [("no traffic", "%ASA-6-302010")]
    assert batch.times is not None


@pytest.mark.parametrize(
    "body", ["Built outbound TCP connection garbled", "", "Built \x01\x02 %s %ASA-6-302013", "for to / () ("]
)
def test_garbled_messages_are_rejects(body: str) -> None:
    """A message that always names traffic and does not is a reject, never lost and never an exception."""
    batch = parse_text(f"{HEAD}%ASA-6-302013: {body}\n")
    assert batch.rejects is not None
    assert batch.rejects.height == 1


def test_other_formats_keep_their_lines() -> None:
    """One file of ASA, iptables and sshd: each line goes where it belongs."""
    batch = parse_text(
        f"{HEAD}{TORN}\n"
        "Nov 20 10:00:00 gw kernel: DROP IN=eth0 OUT= SRC=198.51.100.9 DST=10.0.0.1 LEN=40 TTL=50 ID=1 PROTO=TCP SPT=1 DPT=22 SYN\n"
        "Nov 20 10:00:00 gw sshd[12]: Failed password for root from 198.51.100.9 port 4022 ssh2\n"
    )
    assert batch.by_format == {"cisco_asa": 1, "iptables": 1}
    assert batch.ignored is not None
    assert batch.ignored["program"].to_list() == ["sshd"]
