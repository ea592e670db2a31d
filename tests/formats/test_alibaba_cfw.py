"""Alibaba Cloud Firewall; the records are made after the vendor's field list."""

from __future__ import annotations

import json
from datetime import datetime

from tests.formats.support import parse_text, rows

BASE = {
    "log_type": "internet_log", "aliuid": "1", "direction": "out", "src_ip": "198.51.100.7", "src_port": "40112",
    "dst_ip": "203.0.113.66", "dst_port": "3333", "ip_protocol": "tcp",
    "start_time": "1795481300", "end_time": "1795481360",
    "in_packet_bytes": "900", "out_packet_bytes": "4000", "rule_result": "pass",
}  # fmt: skip


def record(**more: object) -> str:
    return json.dumps({**BASE, **more}) + "\n"


def test_counters_are_turned_from_the_asset_to_the_connection() -> None:
    """What goes into the asset is from the source where the connection comes in, and back where it goes out."""
    outbound, inbound = rows(record() + record(direction="in"))
    assert (outbound["bytes_out"], outbound["bytes_in"], outbound["direction"]) == (4000, 900, "outbound")
    assert (inbound["bytes_out"], inbound["bytes_in"], inbound["direction"]) == (900, 4000, "inbound")
    assert outbound["ts"] == datetime(2026, 11, 24, 0, 48, 20)  # noqa: DTZ001
    assert outbound["duration"] == 60.0


def test_verdicts_and_the_rule_of_zeros() -> None:
    """Drop is deny, alert passed and was reported; an id of zeros is no rule."""
    zeros = "00000000-0000-0000-0000-000000000000"
    alert, drop = rows(
        record(rule_result="alert", acl_rule_id=zeros, attack_type_name_en="Mining Behavior", vul_level="3")
        + record(rule_result="drop", acl_rule_id="073a1475-6e11-43e2-8b28-98cee9c60000")
    )
    assert (alert["action"], alert["signature"], alert["severity"], alert.get("rule")) == (
        "alert",
        "Mining Behavior",
        "high",
        None,
    )
    assert (drop["action"], drop["rule"]) == ("deny", "073a1475-6e11-43e2-8b28-98cee9c60000")


def test_a_vpc_firewall_has_no_direction() -> None:
    """Its direction is always out, which says nothing."""
    (row,) = rows(record(log_type="vpc_firewall_log", firewall_id="vfw-1"))
    assert (row.get("direction"), row["sensor"], row["bytes_out"]) == (None, "vfw-1", 4000)


def test_a_private_source_is_a_translation() -> None:
    """The Internet firewall sees the public address and knows the private one."""
    text = record(src_private_ip="10.20.0.11")
    (row,) = rows(text, "translations")
    assert (row["orig_src_ip"], row["new_src_ip"], row["new_src_port"]) == ("10.20.0.11", "198.51.100.7", 40112)
    assert rows(text)[0]["extra"] == '{"aliuid": "1", "src_private_ip": "10.20.0.11"}'.replace("{", "{ ", 1)


def test_csv_json_and_wrapped_json_say_the_same() -> None:
    """A download, a consumer and a shipment give one row."""
    csv = ",".join(BASE) + "\n" + ",".join(BASE.values()) + "\n"
    wrapped = json.dumps({"__time__": 1, "content": json.dumps(BASE)}) + "\n"
    found = [{k: v for k, v in rows(t)[0].items() if k not in ("line_no", "extra")} for t in (csv, record(), wrapped)]
    assert found[0] == found[1] == found[2]


def test_masked_addresses_are_rejects() -> None:
    """What has no address is not passed over."""
    batch = parse_text(record(src_ip="198.51.XX.XX", dst_ip="203.0.XX.XX"))
    assert batch.rejects is not None
    assert batch.rejects.height == 1
