"""Hubble flows: unwrapped, masked, replied to, translated, and what is no flow."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.formats.support import parse_text, rows


def flow(**fields: Any) -> dict[str, Any]:
    """A forwarded TCP packet."""
    return {
        "time": "2026-01-01T00:00:00.123456789Z", "verdict": "FORWARDED",
        "IP": {"source": "10.244.1.60", "destination": "203.0.113.9"},
        "l4": {"TCP": {"source_port": 40000, "destination_port": 443}},
        "source": {"namespace": "sandboxes", "pod_name": "sb-1"}, "node_name": "inner", "Type": "L3_L4", **fields,
    }  # fmt: skip


def exported(record: dict[str, Any], **around: Any) -> str:
    """As the exporter writes it."""
    return json.dumps({"flow": record, **around}, separators=(",", ":")) + "\n"


def test_a_flow_is_the_same_bare_and_wrapped() -> None:
    """`hubble observe -o json` prints the flow itself, the exporter wraps it."""
    (bare,) = rows(json.dumps(flow()) + "\n")
    (wrapped,) = rows(exported(flow(), node_name="outer", time="2026-01-01T00:00:09Z"))
    (before,) = rows('{"time": "2026-01-01T00:00:09Z", "flow": ' + json.dumps(flow()) + "}\n")
    assert {k: v for k, v in bare.items() if k != "extra"} == {k: v for k, v in wrapped.items() if k != "extra"}
    assert json.loads(str(bare["extra"])) == json.loads(str(wrapped["extra"])) == json.loads(str(before["extra"]))
    assert str(bare["ts"]) == "2026-01-01 00:00:00.123456"
    assert (bare["sensor"], bare["src_zone"], bare["action"]) == ("inner", "sandboxes", "allow")


def test_a_mask_that_leaves_time_and_node_to_the_wrapping() -> None:
    """The wrapping's own are taken then."""
    record = flow()
    del record["time"], record["node_name"]
    (event,) = rows(exported(record, node_name="outer", time="2026-01-01T00:00:09Z"))
    assert str(event["ts"]) == "2026-01-01 00:00:09"
    assert event["sensor"] == "outer"


@pytest.mark.parametrize(
    ("verdict", "action"),
    [("FORWARDED", "allow"), ("DROPPED", "deny"), ("ERROR", "deny"), ("AUDIT", "allow"), ("REDIRECTED", "allow"),
     ("TRACED", None), ("TRANSLATED", None), ("VERDICT_UNKNOWN", None)],
)  # fmt: skip
def test_what_a_verdict_decides(verdict: str, action: str | None) -> None:
    """Audit lets through what it would deny; an observation decides nothing."""
    (event,) = rows(exported(flow(verdict=verdict)))
    assert event.get("action") == action
    assert event["disposition"] == verdict.lower()


def test_flags_and_ports_of_each_protocol() -> None:
    """Letters in the order CEUAPRSF; ICMP has types and no ports."""
    flags = {"SYN": True, "ACK": True, "ECE": True, "FIN": False}
    (tcp,) = rows(exported(flow(l4={"TCP": {"source_port": 443, "destination_port": 5, "flags": flags}})))
    assert (tcp["protocol"], tcp["tcp_flags"], tcp["src_port"]) == ("tcp", "EAS", 443)
    (icmp,) = rows(exported(flow(l4={"ICMPv4": {"type": 8}})))
    assert (icmp["protocol"], icmp["icmp_type"]) == ("icmp", 8)
    assert "src_port" not in icmp
    (igmp,) = rows(exported(flow(l4={"IGMP": {"type": 22, "group_address": "224.0.0.1"}})))
    assert igmp["protocol"] == "igmp"


def test_the_translated_source() -> None:
    """Only where it is another address."""
    (other,) = rows(exported(flow(IP={"source": "10.0.0.1", "source_xlated": "192.0.2.1", "destination": "10.0.0.2"})))
    (same,) = rows(exported(flow(IP={"source": "10.0.0.1", "source_xlated": "10.0.0.1", "destination": "10.0.0.2"})))
    assert other["src_nat_ip"] == "192.0.2.1"
    assert "src_nat_ip" not in same


def test_a_queried_name_is_not_the_dns_servers() -> None:
    """It stays in `extra`; the host of a request and a name from the DNS cache are the destination's."""
    (dns,) = rows(exported(flow(l7={"type": "REQUEST", "dns": {"query": "pool.example."}})))
    assert (dns["kind"], dns["app"]) == ("dns", "dns")
    assert "dst_name" not in dns
    assert json.loads(str(dns["extra"]))["l7"]["dns"]["query"] == "pool.example."
    (http,) = rows(exported(flow(l7={"type": "REQUEST", "http": {"url": "http://Files.example:80/a"}})))
    assert (http["kind"], http["dst_name"]) == ("proxy", "files.example")
    (reply,) = rows(exported(flow(is_reply=True, l7={"type": "RESPONSE", "http": {"url": "http://files.example/a"}})))
    assert "dst_name" not in reply
    (cached,) = rows(exported(flow(destination_names=["a.example", "b.example"])))
    assert cached["dst_name"] == "a.example"


def test_lost_events_are_counted_as_lost() -> None:
    """They show that the node was alive, and that it missed something."""
    lost = {"source": "PERF_EVENT_RING_BUFFER", "num_events_lost": "12"}
    line = json.dumps({"lost_events": lost, "node_name": "n1", "time": "2026-01-01T00:00:06Z"}) + "\n"
    batch = parse_text(line)
    assert batch.ignored is not None
    assert batch.ignored["reason"].to_list() == ["events lost"]
    assert batch.times is not None
    assert batch.times["lost"].sum() == 12


@pytest.mark.parametrize(
    "line",
    [
        '{"flow":{"verdict":"DROPPED","IP":{"source":"10.0.0.1","destination":',
        '{"flow":{"verdict":"DROPPED","IP":{"source":"nobody","destination":7}}}',
        '{"flow":{"verdict":"DROPPED","IP":"10.0.0.1 10.0.0.2"}}',
        '{"flow":{"verdict":"DROPPED","IP":{"source":"10.0.0.1"}}}}',
        '{"flow":{"verdict":"DROPPED","IP":{"source":"10.0.0.1"}}},"node_name":"n"}',
    ],
)
def test_damaged_flows_are_rejects(line: str) -> None:
    """Each is accounted for once, and none is passed over."""
    batch = parse_text(line + "\n")
    assert batch.parsed == 0
    assert batch.rejects is not None
    assert batch.rejects.height == 1


def test_other_events_are_not_claimed() -> None:
    """Suricata's flow events have a flow, too."""
    record = {"flow": {"pkts_toserver": 1}, "event_type": "flow", "timestamp": "2026-01-01T00:00:00+0000"}
    ends = {"src_ip": "192.0.2.1", "dest_ip": "192.0.2.2", "verdict": {"action": "drop"}, "proto": "TCP"}
    assert parse_text(json.dumps(record | ends) + "\n").by_format == {"suricata_eve": 1}
