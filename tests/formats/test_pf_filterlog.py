"""Filterlog lines become canonical events."""

from __future__ import annotations

import json

import pytest

from tests.formats.support import parse_text, rows

HEAD = "Nov  3 19:10:34 fw filterlog[1]: "
V4 = "9,2,openvpn,1000000103,em0,match,block,in,4,0x0,,64,1,0,none,"
V6 = "9,,,1000000103,em0,match,pass,out,6,0x00,0x00000,64,"


def test_tcp_over_ipv4() -> None:
    """Ports, flags and length have their columns; the rest is in extra."""
    [row] = rows(f"{HEAD}{V4}6,tcp,60,10.20.12.50,203.0.113.1,49724,853,0,SEW,18,,64240,,mss;sackOK")
    assert (row["src_ip"], row["src_port"], row["dst_ip"], row["dst_port"]) == (
        "10.20.12.50",
        49724,
        "203.0.113.1",
        853,
    )
    assert (row["protocol"], row["tcp_flags"], row["bytes_out"]) == ("tcp", "CES", 60)
    assert (row["action"], row["disposition"], row["in_iface"], row["rule"]) == ("deny", "block", "em0", "1000000103")
    extra = json.loads(str(row["extra"]))
    assert (extra["anchor"], extra["sub_rule"], extra["options"], extra["direction"]) == (
        "openvpn",
        "2",
        "mss;sackOK",
        "in",
    )
    assert "direction" not in row


def test_udp_over_ipv6_goes_out_by_the_interface() -> None:
    """The protocol stands before its number here."""
    [row] = rows(f"{HEAD}{V6}UDP,17,32,fe80::1,ff02::1:2,546,547,32")
    assert (row["protocol"], row["src_port"], row["dst_port"]) == ("udp", 546, 547)
    assert (row["out_iface"], "in_iface" in row, row["action"]) == ("em0", False, "allow")


@pytest.mark.parametrize(
    ("message", "icmp_type", "icmp_code"),
    [
        ("request,4711,2", 8, 0),
        ("reply,4711,2", 0, 0),
        ("unreachport,10.0.0.1,UDP,53", 3, 3),
        ("unreachproto,10.0.0.1,17", 3, 2),
        ("needfrag,10.0.0.1,1400", 3, 4),
        ("unreach,host unreachable", 3, None),
        ("timexceed,time exceeded in-transit", 11, None),
        ("redirect,to 10.0.0.1", 5, None),
        ("tstampreply,1,2,3,4,5", 14, None),
        ("200,what", 200, None),
        ("surprise", None, None),
    ],
)
def test_icmp_messages(message: str, icmp_type: int | None, icmp_code: int | None) -> None:
    """The word tells the type, some words the code; what follows is no port."""
    [row] = rows(f"{HEAD}{V4}1,icmp,84,10.20.0.15,203.0.113.9,{message}")
    assert (row.get("icmp_type"), row.get("icmp_code")) == (icmp_type, icmp_code)
    assert not {"src_port", "dst_port"} & row.keys()


def test_protocols_without_ports_and_fragments() -> None:
    """IGMP, CARP, ICMPv6 and later fragments have addresses only."""
    tails = (
        f"{V4}2,igmp,32,10.0.0.1,224.0.0.22,datalength=8",
        f"{V4}112,carp,56,10.0.0.2,224.0.0.18,advertise,255,1,2,1,0",
        f"{V6}ICMPv6,58,8,fe80::1,fe80::2,",
        f"{V4}17,udp,1500,10.0.0.1,10.0.0.2",
    )
    found = rows("\n".join(HEAD + tail for tail in tails))
    assert [r["protocol"] for r in found] == ["igmp", "vrrp", "ipv6-icmp", "udp"]
    assert not any("src_port" in r for r in found)
    assert json.loads(str(found[1]["extra"]))["vhid"] == "1"


@pytest.mark.parametrize(
    "head",
    [
        "",
        "filterlog: ",
        "<134>Nov  3 19:10:34 filterlog[1]: ",
        '<134>1 2026-11-03T19:10:32-05:00 fw filterlog 7 - [meta sequenceId="1"] ',
    ],
)
def test_headers(head: str) -> None:
    """All forms lead to the same columns."""
    [row] = rows(f"{head}{V4}17,udp,78,10.0.0.1,10.0.0.2,137,138,58")
    assert (row["src_port"], row["dst_port"], row["rule"]) == (137, 138, "1000000103")


def test_a_rule_without_tracker_is_its_number_and_the_reason_is_kept() -> None:
    """Packets that pf drops by itself have tracker 0."""
    [row] = rows(f"{HEAD}7,,,0,em0,short,block,in,4,0x0,,64,1,0,none,17,udp,78,10.0.0.1,10.0.0.2,1,2,58")
    assert (row["rule"], row["reason"]) == ("7", "short")


@pytest.mark.parametrize("word", ["match", "rdr", "nat"])
def test_a_rule_that_decides_nothing_gives_no_verdict(word: str) -> None:
    """The word itself is kept."""
    [row] = rows(f"{HEAD}{V4.replace('block', word)}17,udp,78,10.0.0.1,10.0.0.2,1,2,58")
    assert ("action" in row, row["disposition"]) == (False, word)


def test_damaged_lines_are_rejects_and_other_programs_are_not_ours() -> None:
    """A cut line is kept with its reason."""
    batch = parse_text(f"{HEAD}{V4}1,icmp,84,10.20.0.15\nNov  3 19:10:42 fw syslogd: restart\n")
    assert batch.rejects is not None
    assert batch.rejects["line_no"].to_list() == [1]
    assert batch.by_format == {"pf_filterlog": 1}
