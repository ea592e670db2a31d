"""Calico flow logs: who counted what, what was aggregated, which policy decided."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.formats.support import parse_text, rows


def flow(**fields: Any) -> dict[str, Any]:
    """One interval of a flow from a pod to the internet."""
    return {
        "start_time": 1767225600, "end_time": 1767225900, "source_ip": "10.48.1.7", "source_port": 51000,
        "source_type": "wep", "source_namespace": "sandboxes", "dest_ip": "203.0.113.9", "dest_port": 443,
        "dest_type": "net", "dest_namespace": "-", "proto": "tcp", "action": "allow", "reporter": "src",
        "bytes_out": 900, "bytes_in": 300, "packets_out": 9, "packets_in": 3, "host": "node1", **fields,
    }  # fmt: skip


def lines(*records: dict[str, Any]) -> str:
    """JSON lines."""
    return "".join(json.dumps(r) + "\n" for r in records)


def test_both_reporters_tell_the_same_counters() -> None:
    """What goes out of the source comes into the destination."""
    theirs = flow(reporter="dst", bytes_in=900, bytes_out=300, packets_in=9, packets_out=3, host="node2")
    one, other = rows(lines(flow(), theirs))
    counters = ("bytes_out", "bytes_in", "packets_out", "packets_in")
    assert [one[c] for c in counters] == [other[c] for c in counters] == [900, 300, 9, 3]
    assert (one["sensor"], other["sensor"]) == ("node1", "node2")


def test_what_was_aggregated_is_not_invented() -> None:
    """Null addresses, ports of 0, a dash for no namespace, a star for several processes."""
    (event,) = rows(lines(flow(source_ip=None, source_port=0, dest_port=None, process_name="*", num_flows=0)))
    assert not {"src_ip", "src_port", "dst_port", "dst_zone", "app"} & set(event)
    assert (event["dst_ip"], event["src_zone"]) == ("203.0.113.9", "sandboxes")


@pytest.mark.parametrize(
    ("policies", "rule"),
    [
        ({"all_policies": ["1|app|ns/app.web|deny|-1", "0|security|security.tenant|pass|0"]}, "ns/app.web"),
        ({"all_policies": ["0|t|a|pass|0"], "enforced_policies": ["0|t|a|pass|0", "1|t|b|allow|2"]}, "b"),
        ({"all_policies": ["0|t|a|pass|0"]}, None),
        (None, None),
    ],
)
def test_the_policy_that_decided_is_the_rule(policies: dict[str, list[str]] | None, rule: str | None) -> None:
    """Whatever its place in the list; a policy that passed the flow on is none."""
    (event,) = rows(lines(flow(policies=policies)))
    assert event.get("rule") == rule


def test_a_hit_of_a_search_is_its_document() -> None:
    """With what Elasticsearch writes around it, and a time in words."""
    hit = {"_index": "flows", "_id": "a-1", "_score": None, "_source": flow(), "sort": [1, "b"]}
    (event,), (bare,) = rows(lines(hit)), rows(lines(flow()))
    assert event == bare
    (worded,) = rows(lines(flow(start_time="2026-01-01T00:00:00Z")))
    assert worded["ts"] == bare["ts"]


def test_records_without_addresses_and_damaged_ones_are_rejects() -> None:
    """Each once."""
    batch = parse_text(lines(flow(source_ip=None, dest_ip=None)) + lines(flow())[:-20] + "\n")
    assert batch.parsed == 0
    assert batch.rejects is not None
    reasons = dict(batch.rejects.select("line_no", "reason").rows())
    assert reasons == {1: "no src_ip or dst_ip in it", 2: "not a JSON object"}
