"""Suricata EVE JSON."""

from __future__ import annotations

import json
from datetime import datetime

from tests.formats.support import parse_text, rows

ENDS = {
    "src_ip": "10.0.0.1",
    "src_port": 40000,
    "dest_ip": "203.0.113.1",
    "dest_port": 443,
    "proto": "TCP",
    "flow_id": 7,
}
FLOW = {"pkts_toserver": 4, "pkts_toclient": 3, "bytes_toserver": 400, "bytes_toclient": 300}


def event(kind: str, **more: object) -> str:
    return json.dumps({"timestamp": "2026-11-24T01:48:20.500000+0100", "event_type": kind, **ENDS, **more}) + "\n"


def test_an_offset_without_colon_is_an_offset() -> None:
    """+0100 is one hour before UTC."""
    (row,) = rows(event("dns", dns={"rrname": "pool.example"}))
    assert row["ts"] == datetime(2026, 11, 24, 0, 48, 20, 500000)  # noqa: DTZ001
    assert (row["kind"], row.get("dst_name"), row["session_id"]) == ("dns", None, "7")


def test_an_alert_is_an_alert_unless_something_was_dropped() -> None:
    """Blocked is deny, and so is a drop by the engine's verdict; severity 1 is high."""
    alert = {"action": "allowed", "signature": "S", "signature_id": 5, "severity": 1}
    seen, blocked, dropped, drop = rows(
        event("alert", alert=alert)
        + event("alert", alert={**alert, "action": "blocked", "severity": 3})
        + event("alert", alert=alert, verdict={"action": "drop"})
        + event("drop", drop={"len": 60})
    )
    assert [r["action"] for r in (seen, blocked, dropped, drop)] == ["alert", "deny", "deny", "deny"]
    assert (seen["severity"], blocked["severity"], drop.get("severity")) == ("high", "low", None)
    assert (seen["signature"], seen["signature_id"], drop["disposition"]) == ("S", "5", "drop")


def test_bytes_follow_the_direction_that_the_event_states() -> None:
    """Bytes to the server go back where the packet came from it."""
    forth, back = rows(
        event("alert", direction="to_server", flow=FLOW) + event("alert", direction="to_client", flow=FLOW)
    )
    assert (forth["bytes_out"], forth["bytes_in"], forth["packets_out"]) == (400, 300, 4)
    assert (back["bytes_out"], back["bytes_in"], back["packets_out"]) == (300, 400, 3)


def test_a_flow_is_dated_by_its_own_times() -> None:
    """The event's time is when it was logged; flags are hexadecimal."""
    times = {"start": "2026-11-24T00:47:20.000000+0000", "end": "2026-11-24T00:47:22.500000+0000"}
    line = event("flow", flow={**FLOW, **times, "state": "closed"}, tcp={"tcp_flags": "1b"})
    (row,) = rows("<135>Nov 24 00:48:22 ids1 suricata[5]: " + line)
    assert row["ts"] == datetime(2026, 11, 24, 0, 47, 20)  # noqa: DTZ001
    assert (row["duration"], row["tcp_flags"], row["sensor"], row["disposition"]) == (2.5, "APSF", "ids1", "closed")
    assert "action" not in row


def test_a_host_name_belongs_to_the_server_only() -> None:
    """A file runs from the server: its HTTP host is not the destination's name, and an address is no name."""
    tls, file, address = rows(
        event("tls", tls={"sni": "A.Example."})
        + event("fileinfo", src_port=80, dest_port=40000, http={"hostname": "a.example"})
        + event("http", http={"hostname": "169.254.169.254"})
    )
    assert (tls["dst_name"], file.get("dst_name"), address.get("dst_name")) == ("a.example", None, None)


def test_statistics_are_no_traffic_and_cut_lines_are_rejects() -> None:
    """Every line is accounted for, among others' lines too."""
    batch = parse_text(
        '{"timestamp":"2026-11-24T00:48:20.000000+0000","event_type":"stats","stats":{}}\n' + event("flow")[:90]
    )
    assert batch.ignored is not None
    assert batch.rejects is not None
    assert (batch.ignored["reason"].to_list(), batch.rejects.height) == (["no traffic"], 1)
