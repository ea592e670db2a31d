"""Connection tracking: tuples, translations and their intervals."""

from __future__ import annotations

import pytest

from tests.formats.support import parse_text, rows

NEW = (
    "[1767225600.250000]\t    [NEW] tcp      6 120 SYN_SENT src=172.17.0.2 dst=203.0.113.9 sport=51234 dport=443 "
    "[UNREPLIED] src=203.0.113.9 dst=192.0.2.1 sport=443 dport=40001\n"
)
PLAIN = (
    "tcp      6 86399 ESTABLISHED src=10.0.0.5 dst=10.0.0.6 sport=1 dport=2 src=10.0.0.6 dst=10.0.0.5 sport=2 dport=1\n"
)


def test_the_reply_tells_the_translation() -> None:
    """What the reply is sent to is the translated source."""
    (row,) = rows(NEW, "translations")
    assert (row["orig_src_ip"], row["orig_src_port"]) == ("172.17.0.2", 51234)
    assert (row["new_src_ip"], row["new_src_port"]) == ("192.0.2.1", 40001)
    assert (row["new_dst_ip"], row["new_dst_port"]) == ("203.0.113.9", 443)
    assert "ended_at" not in row


def test_mirrored_tuples_are_no_translation_and_a_snapshot_has_no_time() -> None:
    """An event remains, without `ts`."""
    assert rows(PLAIN, "translations") == []
    (event,) = rows(PLAIN)
    assert "ts" not in event
    assert event["kind"] == "flow"
    assert "action" not in event


def test_a_destroy_ends_what_a_new_began() -> None:
    """Its time is the end; how long it lasted does not tell its start, since it comes late by an unknown time."""
    line = NEW.replace("[NEW] tcp      6 120 SYN_SENT", "[DESTROY] tcp      6").replace("[UNREPLIED] ", "")
    (row,) = rows(line.rstrip("\n") + " delta-time=30\n", "translations")
    assert str(row["ended_at"]) == "2026-01-01 00:00:00.250000"
    assert "started_at" not in row
    (event,) = rows(line.rstrip("\n") + " delta-time=30\n")
    assert str(event["ts"]) == "2025-12-31 23:59:30.250000"
    assert event["duration"] == 30


def test_the_kernels_own_start_is_put_into_utc_by_the_time_of_the_line() -> None:
    """A host at UTC+5:30: 05:29:20 there is 23:59:20, as the line of 00:00:00.25 shows with its stop at 05:29:55."""
    line = NEW.replace("[NEW] tcp      6 120 SYN_SENT", "[DESTROY] tcp      6").replace("[UNREPLIED] ", "")
    times = " [start=Thu Jan  1 05:29:20 2026] [stop=Thu Jan  1 05:29:55 2026]\n"
    (row,) = rows(line.rstrip("\n") + times, "translations")
    assert str(row["started_at"]) == "2025-12-31 23:59:20"
    (event,) = rows(line.rstrip("\n") + times)
    assert event["ts"] == row["started_at"]


def test_an_update_tells_nothing_new() -> None:
    """It is an event and no translation, and its counters are not counted beside those of the end."""
    line = NEW.replace("    [NEW]", " [UPDATE]").replace("[UNREPLIED]", "packets=3 bytes=180")
    assert rows(line, "translations") == []
    (event,) = rows(line)
    assert event["disposition"] == "update"
    assert "bytes" not in event


@pytest.mark.parametrize(
    ("head", "protocol"),
    [
        ("     2 udp      17 30 ", "udp"),
        ("unknown  2 unknown  47 599 ", "gre"),
        ("ipv6     10 icmpv6   58 30 ", "ipv6-icmp"),
        ("Jan  1 00:00:00 gw conntrack[1]:  [UPDATE] sctp     132 10 ESTABLISHED ", "sctp"),
        ("udplite  136 29 ", "udplite"),
    ],
)
def test_whatever_stands_before_the_tuples(head: str, protocol: str) -> None:
    """The protocol is the name next to the first tuple, or its number where the name is unknown."""
    (event,) = rows(head + "src=10.0.0.5 dst=10.0.0.6 src=10.0.0.6 dst=10.0.0.5 mark=0 use=1\n")
    assert (event["protocol"], event["src_ip"], event["dst_ip"]) == (protocol, "10.0.0.5", "10.0.0.6")


def test_an_echo_has_an_id_of_its_own_and_the_connection_another() -> None:
    """The third id of an ICMP line is the connection's; without it there is none."""
    echo = (
        "icmp     1 30 src=10.0.0.5 dst=192.0.2.9 type=8 code=0 id=7 [UNREPLIED] "
        "src=192.0.2.9 dst=10.0.0.5 type=0 code=0 id=7"
    )
    (without,), (with_id,) = rows(echo + "\n"), rows(echo + " id=99\n")
    assert "session_id" not in without
    assert with_id["session_id"] == "99"
    assert (with_id["icmp_type"], with_id["icmp_code"]) == (8, 0)


def test_xml_says_what_text_says() -> None:
    """The same connection, in local time without zone."""
    ends = (
        "<src>{}</src><dst>{}</dst></layer3>",
        '<layer4 protonum="6" protoname="tcp"><sport>{}</sport><dport>{}</dport>',
    )
    layer3 = '<layer3 protonum="2" protoname="ipv4">'
    first = layer3 + ends[0].format("172.17.0.2", "203.0.113.9") + ends[1].format(51234, 443) + "</layer4>"
    reply = layer3 + ends[0].format("203.0.113.9", "192.0.2.1") + ends[1].format(443, 40001) + "</layer4>"
    line = (
        f'<flow type="new"><meta direction="original">{first}</meta><meta direction="reply">{reply}</meta>'
        '<meta direction="independent"><state>SYN_SENT</state><timeout>120</timeout><unreplied/></meta>'
        "<when><hour>1</hour><min>0</min><sec>0</sec><wday>5</wday><day>1</day><month>1</month><year>2026</year></when>"
        "</flow>\n"
    )
    (event,), (same,) = rows(line, tz="Europe/Berlin"), rows(NEW)
    assert str(event["ts"]) == "2026-01-01 00:00:00"
    assert {k: v for k, v in event.items() if k != "ts"} == {k: v for k, v in same.items() if k != "ts"}
    (mapping,) = rows(line, "translations", tz="Europe/Berlin")
    assert str(mapping["started_at"]) == "2026-01-01 00:00:00"
    assert mapping["new_src_port"] == 40001


def test_a_value_with_blanks_does_not_become_a_field() -> None:
    """Hostile XML cannot smuggle keys in."""
    line = NEW.replace("\n", "")
    forged = (
        '<flow type="new"><meta direction="original"><layer3 x><src>192.0.2.1 dst=192.0.2.2</src></layer3></meta>\n'
    )
    assert rows(line + "\n" + forged)[1:] == []
    assert parse_text(forged).rejects is not None


def test_damaged_lines_are_rejects() -> None:
    """Half a line, and a line with rubbish for addresses."""
    batch = parse_text(NEW[:120] + "\n" + "tcp 6 src=x dst=y sport=1 dport=2 src= dst=\n")
    assert batch.parsed == 0
    assert batch.lines == 2
    assert batch.rejects is not None
    assert batch.rejects.height == 2
