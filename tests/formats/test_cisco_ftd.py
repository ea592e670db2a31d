"""What the reader of Firepower Threat Defense syslog must get right."""

# ruff: noqa: DTZ001, E501 (the engine keeps UTC without saying so; log lines are as long as they are)
from __future__ import annotations

import json
from datetime import datetime

import pytest

from tests.formats.support import parse_text, rows

HEAD = "2026-11-20T10:01:00Z ftd1 : "


def one(message: str, head: str = HEAD) -> dict[str, object]:
    """The only event of one message."""
    (row,) = rows(head + message + "\n")
    return row


ENDS = "SrcIP: 10.0.0.5, DstIP: 198.51.100.7, SrcPort: 51000, DstPort: 443, Protocol: tcp"


def test_connection_event() -> None:
    """A connection begins at its first packet, ends at log time, and the initiator is the source."""
    row = one(
        f"%FTD-6-430003: EventPriority: Low, FirstPacketSecond: 2026-11-20T10:00:29Z, ConnectionID: 77, AccessControlRuleAction: Allow, "
        f"{ENDS}, IngressInterface: in0, EgressInterface: out0, IngressZone: in, EgressZone: out, AccessControlRuleName: web, out, "
        r"User: CORP\bob, ConnectionDuration: 31, InitiatorPackets: 3, ResponderPackets: 2, InitiatorBytes: 300, ResponderBytes: 200, "
        "ApplicationProtocol: HTTPS, Client: SSL client, URL: https://Pool.example.org/x, NAT_InitiatorIP: 203.0.113.5, NAT_InitiatorPort: 6000"
    )
    assert (row["ts"], row["ts_end"]) == (datetime(2026, 11, 20, 10, 0, 29), datetime(2026, 11, 20, 10, 1))
    assert (row["src_ip"], row["src_port"], row["dst_ip"], row["dst_port"]) == ("10.0.0.5", 51000, "198.51.100.7", 443)
    assert (row["bytes_out"], row["bytes_in"], row["bytes"], row["packets"]) == (300, 200, 500, 5)
    assert (row["src_nat_ip"], row["src_nat_port"]) == ("203.0.113.5", 6000)
    assert (row["in_iface"], row["src_zone"], row["rule"]) == ("in0", "in", "web, out")
    assert (row["dst_name"], row["app"], row["user_name"]) == ("pool.example.org", "HTTPS", "bob")
    assert (row["session_id"], row["severity"], row["kind"]) == ("77", "low", "firewall")


@pytest.mark.parametrize(
    ("word", "action"),
    [("Allow", "allow"), ("Trust", "allow"), ("Monitor", "allow"), ("Fastpath", "allow"), ("Block", "deny"),
     ("Block with reset", "deny"), ("Interactive Block", "deny")],
)  # fmt: skip
def test_rule_actions(word: str, action: str) -> None:
    """The rule's action is allow or deny, and its own word is kept."""
    row = one(f"%FTD-6-430002: AccessControlRuleAction: {word}, {ENDS}")
    assert (row["action"], row["disposition"]) == (action, word.lower())


@pytest.mark.parametrize(
    ("result", "action"), [("Blocked", "deny"), ("Dropped", "deny"), ("Would have blocked", "alert"), ("", "alert")]
)
def test_intrusion_event(result: str, action: str) -> None:
    """What was blocked or dropped is deny, all else alert; the message may hold commas."""
    row = one(
        f'%FTD-1-430001: {ENDS}, Priority: 1, GID: 1, SID: 384, Revision: 8, Message: "PING, odd", InlineResult: {result}'
    )
    assert (row["kind"], row["action"], row["severity"]) == ("ids", action, "high")
    assert (row["signature"], row["signature_id"]) == ("PING, odd", "1:384:8")


def test_icmp_words_are_numbers() -> None:
    """Type and code of ICMP come as words, or stand where the ports are."""
    words = one(
        "%FTD-6-430002: SrcIP: 10.0.0.5, DstIP: 198.51.100.7, ICMPType: Echo Request, ICMPCode: No Code, Protocol: icmp"
    )
    ports = one("%FTD-6-430002: SrcIP: 10.0.0.5, DstIP: 198.51.100.7, SrcPort: 3, DstPort: 1, Protocol: icmp")
    assert (words["icmp_type"], words["icmp_code"]) == (8, 0)
    assert (ports["icmp_type"], ports["icmp_code"]) == (3, 1)
    assert "src_port" not in ports


def test_values_with_commas_stay_whole() -> None:
    """A user agent's commas end no value, and what has no column is in `extra` under its key."""
    agent = "Mozilla/5.0 (X11; Linux) (KHTML, like Gecko) Chrome/80"
    row = one(
        f"%NGIPS-1-430003: {ENDS}, UserAgent: {agent}, Endpoint Profile: A:B, Empty: ,FileCount:, Client: a, Client: b"
    )
    extra = json.loads(str(row["extra"]))
    assert (extra["UserAgent"], extra["Endpoint Profile"], extra["Client#2"]) == (agent, "A:B", "b")
    assert "Empty" not in extra
    assert extra["Client"] == "a"


def test_event_without_tag() -> None:
    """Pairs behind a bare syslog header are an event, too; a message without a rule's verdict is an intrusion."""
    row = one(
        "ApplicationProtocol: http, DstIP: 10.0.0.5, SrcIP: 198.51.100.9, Message: Attempt",
        "Nov 20 2026 10:00:00 hub ftd[12]: ",
    )
    assert (row["kind"], row["src_ip"], row["sensor"]) == ("ids", "198.51.100.9", "hub")


def test_sentences_of_asa() -> None:
    """Messages known from ASA come under FTD's tag."""
    batch = parse_text(
        f'{HEAD}%FTD-4-106023: Deny tcp src in:10.0.0.5/1 dst out:198.51.100.7/80 by access-group "x" [0x0, 0x0]\n'
    )
    assert batch.by_format == {"cisco_ftd": 1}
    assert batch.frames["events"]["action"].to_list() == ["deny"]


@pytest.mark.parametrize(
    "body",
    [
        "",
        "SrcIP: , DstIP: , SrcPort: 1",
        "SrcIP: 10.0.0.300, DstIP: nowhere",
        "SrcIP: \x1f\x1e, DstIP: {}",
        ": , : ,:, SrcIP: :",
    ],
)
def test_malformed_events_are_rejects(body: str) -> None:
    """An event without any address is a reject."""
    batch = parse_text(f"{HEAD}%FTD-6-430003: {body}\n")
    assert batch.rejects is not None
    assert batch.rejects.height == 1
    assert "events" not in batch.frames
