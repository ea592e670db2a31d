"""PAN-OS logs become canonical events."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from fwforensics.formats._panos_columns import SESSION_COLUMNS
from tests.formats.support import parse_text, rows

SESSION = {
    "receive_time": "2026/11/24 02:10:21", "serial": "007", "type": "TRAFFIC", "subtype": "end",
    "time_generated": "2026/11/24 02:10:20", "src": "10.20.0.15", "dst": "203.0.113.77", "natsrc": "198.51.100.4",
    "natdst": "203.0.113.77", "rule": "train-out", "app": "ssl", "from": "trust", "to": "untrust",
    "inbound_if": "eth1", "outbound_if": "eth2", "sessionid": "36459", "repeatcnt": "1", "sport": "39681",
    "dport": "443", "natsport": "32326", "natdport": "443", "proto": "tcp", "action": "allow",
}  # fmt: skip


def line(until: str = "session_end_reason", **fields: str) -> str:
    """A record of a log type, as far as the column `until`."""
    values = SESSION | {k.strip("_"): v for k, v in fields.items()}
    names = SESSION_COLUMNS[values["type"]]
    return "1," + ",".join(values.get(str(name), "") for name in names[1 : names.index(until) + 1])


def at(text: str) -> datetime:
    """A time as rows have it."""
    return datetime.fromisoformat(text)


def test_a_session_runs_from_its_start_until_it_is_logged() -> None:
    """Times are local where the record has no precise one; the elapsed time is the duration."""
    text = line(start="2026/11/24 02:08:50", elapsed="62", bytes="300", bytes_sent="100", bytes_received="200")
    [row] = rows(f"<14>Nov 24 02:10:20 PA-1 {text}", tz="America/New_York")
    assert (row["ts"], row["ts_end"]) == (at("2026-11-24 07:08:50"), at("2026-11-24 07:10:20"))
    assert (row["duration"], row["bytes"], row["bytes_out"], row["bytes_in"]) == (62.0, 300, 100, 200)
    assert (row["sensor"], row["session_id"], row["src_zone"], row["out_iface"]) == ("PA-1", "36459", "trust", "eth2")


def test_the_precise_time_gives_the_zone_of_the_start_too() -> None:
    """The option's zone does not matter then."""
    stamp = "2026-11-24T02:10:20.123-05:00"
    [row] = rows(line("high_res_timestamp", start="2026/11/24 02:08:50", high_res_timestamp=stamp), tz="Asia/Tokyo")
    assert (row["ts"], row["ts_end"]) == (at("2026-11-24 07:08:50"), at("2026-11-24 07:10:20.123"))


def test_only_a_translated_end_has_translated_columns() -> None:
    """Zeros and repetitions are none."""
    zero = "0.0.0.0"  # noqa: S104 (what PAN-OS writes for none)
    one, two = rows(f"{line()}\n{line(natsrc=zero, natdst=zero, natsport='0', natdport='0')}")
    assert (one["src_nat_ip"], one["src_nat_port"]) == ("198.51.100.4", 32326)
    assert "dst_nat_ip" not in one
    assert not {"src_nat_ip", "src_nat_port", "dst_nat_ip", "dst_nat_port"} & two.keys()


@pytest.mark.parametrize(
    ("kind", "subtype", "word", "action"),
    [
        ("TRAFFIC", "drop", "drop", "deny"),
        ("TRAFFIC", "end", "reset client", "deny"),
        ("TRAFFIC", "drop", "drop ICMP", "deny"),
        ("THREAT", "url", "alert", "alert"),
        ("THREAT", "url", "continue", "allow"),
        ("THREAT", "url", "block-url", "deny"),
        ("THREAT", "spyware", "sinkhole", "deny"),
        ("THREAT", "wildfire", "allow", "alert"),
        ("THREAT", "virus", "new-word", None),
    ],
)
def test_verdicts(kind: str, subtype: str, word: str, action: str | None) -> None:
    """A threat that was let through is an alert."""
    [row] = rows(line("seqno", type=kind, subtype=subtype, action=word))
    assert row.get("action") == action
    assert row["disposition"] == word.lower()


def test_a_url_names_the_destination_and_a_file_does_not() -> None:
    """Commas and doubled quotes inside the quoted column are text."""
    url = line(
        "direction", type="THREAT", subtype="url", misc='"Pool.example.com:8080/a?x={""k"":1},b"', threatid="(9999)"
    )
    virus = line(
        "direction", type="THREAT", subtype="virus", misc="a.exe", threatid="Win32/Bad (x)(123)", severity="high"
    )
    one, two = rows(f"{url}\n{virus}")
    assert (one["dst_name"], one["kind"]) == ("pool.example.com", "proxy")
    assert json.loads(str(one["extra"]))["misc"] == 'Pool.example.com:8080/a?x={"k":1},b'
    assert not {"signature", "signature_id"} & one.keys()
    assert (two["signature"], two["signature_id"], two["severity"]) == ("Win32/Bad (x)", "123", "high")
    assert (two["kind"], "dst_name" in two) == ("ids", False)


def test_other_log_types_with_a_peer() -> None:
    """Decryption gives the server's name, tunnels their counters, GlobalProtect the client."""
    text = "\n".join((
        line("sni", type="DECRYPTION", sni="www.example.net"),
        line("pkts_received", type="END", proto="gre", bytes="30", sport="0", dport="0"),
        line("private_ip", type="GLOBALPROTECT", srcuser="alice", public_ip="203.0.113.31", private_ip="10.9.0.7"),
    ))  # fmt: skip
    decrypted, tunnel, client = rows(text)
    assert decrypted["dst_name"] == "www.example.net"
    assert (tunnel["protocol"], tunnel["bytes"], "src_port" in tunnel) == ("gre", 30, False)
    assert (client["kind"], client["src_ip"], client["user_name"]) == ("vpn", "203.0.113.31", "alice")


def test_logs_without_a_peer_are_counted_as_no_traffic() -> None:
    """SYSTEM and USERID are the firewall's own affairs."""
    stamp = "2026/11/24 03:00:05"
    text = f"1,{stamp},007,SYSTEM,general,0,{stamp},,x\n1,{stamp},007,USERID,login,0,{stamp},,x"
    batch = parse_text(text)
    assert batch.ignored is not None
    assert batch.ignored["reason"].to_list() == ["no traffic", "no traffic"]


@pytest.mark.parametrize("head", ["", "<14>", "Nov 24 02:10:20 ", "<14>1 2026-11-24T02:10:23-05:00 pa - - - - "])
def test_the_reserved_first_column_may_be_missing(head: str) -> None:
    """Some collectors cut it off; the others stay what they are."""
    one, two = rows(f"{head}{line()}\n{head}{line().removeprefix('1,')}")
    assert one["dst_port"] == two["dst_port"] == 443
    assert one["rule"] == two["rule"] == "train-out"


def test_a_line_cut_inside_a_long_url_keeps_what_came_before() -> None:
    """Syslog over UDP ends where the datagram does."""
    [row] = rows(line("misc", type="THREAT", subtype="url", misc='"cut.example.com/open,and'))
    assert (row["dst_name"], row["dst_port"], row["action"]) == ("cut.example.com", 443, "allow")


@pytest.mark.parametrize("text", [line(src="x", dst="y"), line(rule='a"b')])
def test_damaged_lines_are_rejects(text: str) -> None:
    """An open quote inside a field, or no address, is said so."""
    batch = parse_text(text)
    assert batch.rejects is not None
    assert batch.rejects.height == 1
