"""FortiGate logs become canonical events."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from tests.formats.support import parse_text, rows

ENDS = "srcip=10.20.0.15 srcport=51514 dstip=203.0.113.77 dstport=443 proto=6"
HEAD = 'date=2026-11-03 time=08:15:30 devname="FGT-1" logid="0000000013" type="traffic" subtype="forward"'


def at(text: str) -> datetime:
    """A time as rows have it."""
    return datetime.fromisoformat(text)


def test_a_closed_session_runs_from_its_start_to_its_log_time() -> None:
    """The log time less the duration is the start."""
    line = (
        f'<189>{HEAD} eventtime=1793711730123456789 tz="-0500" {ENDS} action="close" duration=61 sentbyte=7 rcvdbyte=9'
    )
    [row] = rows(line)
    assert row["ts"] == at("2026-11-03 13:14:29.123456")
    assert row["ts_end"] == at("2026-11-03 13:15:30.123456")
    assert (row["action"], row["disposition"]) == ("allow", "close")
    assert (row["bytes_out"], row["bytes_in"], row["bytes"]) == (7, 9, 16)


@pytest.mark.parametrize(
    ("stamp", "instant"),
    [
        ("eventtime=1793711730", "2026-11-03 13:15:30"),
        ("eventtime=1793711730500", "2026-11-03 13:15:30.500000"),
        ("eventtime=1793711730500000", "2026-11-03 13:15:30.500000"),
        ('tz="-0500"', "2026-11-03 13:15:30"),
        ('tz="+0530"', "2026-11-03 02:45:30"),
        ("", "2026-11-03 07:15:30"),
    ],
)
def test_the_instant_comes_from_eventtime_then_tz_then_the_option(stamp: str, instant: str) -> None:
    """Size tells the unit of eventtime; a time without any zone is read in the option's."""
    [row] = rows(f'{HEAD} {stamp} {ENDS} action="deny"', tz="Europe/Berlin")
    assert row["ts"] == at(instant)


@pytest.mark.parametrize(
    ("kind", "word", "action"),
    [
        ("forward", "client-rst", "allow"),
        ("forward", "ip-conn", "allow"),
        ("forward", "deny", "deny"),
        ("ips", "detected", "alert"),
        ("ips", "reset", "deny"),
        ("anomaly", "clear_session", "deny"),
        ("app-ctrl", "pass", "allow"),
        ("virus", "passthrough", "alert"),
        ("forward", "something-new", None),
    ],
)
def test_the_verdict_depends_on_the_word_and_on_the_kind_of_log(kind: str, word: str, action: str | None) -> None:
    """What an attack's log does not stop is an alert; an unknown word gives no verdict."""
    [row] = rows(f'{HEAD.replace("forward", kind)} {ENDS} action="{word}"')
    assert row.get("action") == action
    assert row["disposition"] == word


def test_icmp_type_and_code_come_from_their_keys_or_from_the_service() -> None:
    """Keys are hexadecimal, the service is decimal, PING is an echo request; ports stay empty."""
    icmp = "srcip=10.0.0.1 dstip=10.0.0.2 srcport=771 action=accept"
    text = "\n".join(f"{HEAD} {icmp} {x}" for x in (
        'proto=1 icmptype="0x03" icmpcode="0x0a"', 'proto=1 service="icmp/8/0"', "proto=1 service=PING",
        'proto=58 service="icmp6/131/0"',
    ))  # fmt: skip
    found = rows(text)
    assert [(r["icmp_type"], r.get("icmp_code")) for r in found] == [(3, 10), (8, 0), (8, None), (131, 0)]
    assert all("src_port" not in r for r in found)


def test_translated_ends_are_columns_of_their_own() -> None:
    """`transip` is the source's, `tranip` the destination's; zeros are none."""
    nat = "trandisp=snat+dnat tranip=10.30.0.8 tranport=443 transip=10.30.0.1 transport=41001"
    one, two = rows(f"{HEAD} {ENDS} {nat}\n{HEAD} {ENDS} transip=0.0.0.0 transport=0")
    assert (one["src_nat_ip"], one["src_nat_port"]) == ("10.30.0.1", 41001)
    assert (one["dst_nat_ip"], one["dst_nat_port"]) == ("10.30.0.8", 443)
    assert not {"src_nat_ip", "src_nat_port", "dst_nat_ip"} & two.keys()


def test_nothing_but_addresses_is_ignored_of_event_logs() -> None:
    """A login names two ends and is a row; statistics name none and are counted as no traffic."""
    head = 'date=2026-11-03 time=08:15:30 logid="0100032002" type="event" subtype="system" level="alert"'
    batch = parse_text(f'{head} srcip=203.0.113.5 dstip=198.51.100.4 action="login"\n{head} cpu=3 action="perf-stats"')
    assert batch.frames["events"].select("kind", "action", "disposition").rows() == [("system", None, "login")]
    assert batch.ignored is not None
    assert batch.ignored["reason"].to_list() == ["no traffic"]


def test_who_opened_a_tunnel_is_its_source() -> None:
    """The local end is the source unless the peer began."""
    vpn = "logid=1 type=event subtype=vpn locip=198.51.100.4 remip=203.0.113.99 locport=500 remport=501"
    out, back = rows(
        f"date=2026-11-03 time=08:00:00 {vpn} dir=outbound\ndate=2026-11-03 time=08:00:00 {vpn} dir=inbound"
    )
    assert (out["src_ip"], out["dst_ip"], out["dst_port"], out["kind"]) == ("198.51.100.4", "203.0.113.99", 501, "vpn")
    assert (back["src_ip"], back["src_port"], back["dst_ip"]) == ("203.0.113.99", 501, "198.51.100.4")


def test_commas_and_escaped_quotes() -> None:
    """Both separators are read; a backslash before a quote is none of the text."""
    comma = f"{HEAD} {ENDS}".replace(" ", ",") + ',policyname="a, b",action="deny"'
    one, two = rows(f'{comma}\n{HEAD} {ENDS} msg="says \\"hi\\", twice" action="deny"')
    assert (one["rule"], one["action"]) == ("a, b", "deny")
    assert json.loads(str(two["extra"]))["msg"] == 'says "hi", twice'


def test_a_host_is_a_name_and_no_address() -> None:
    """`hostname` may be an address; then there is no name."""
    one, two = rows(f'{HEAD} {ENDS} hostname="Pool.Example.COM:8080"\n{HEAD} {ENDS} hostname="203.0.113.77"')
    assert one["dst_name"] == "pool.example.com"
    assert "dst_name" not in two


@pytest.mark.parametrize(
    "line",
    [
        f'{HEAD} srcip=nonsense dstip= action="deny"',
        f'{HEAD} srcip="10.0.0.1 dstip=10.0.0.2',
        "CEF:0|Fortinet|Fortigate|v7|1|x|3| FTNTFGTlogid=1 FTNTFGTsubtype=forward src=10.0.0.1 dst=10.0.0.2 act=deny",
        'device="SFW" log_id=010101600001 log_type="Firewall" log_subtype="Denied" src_ip=10.0.0.1 dst_ip=10.0.0.2',
    ],
)
def test_damaged_and_foreign_lines_are_no_events(line: str) -> None:
    """They are kept as rejects, and nothing is raised."""
    batch = parse_text(line)
    assert batch.frames.get("events") is None or batch.by_format != {"fortigate": 1} or batch.parsed == 0
    assert batch.lines == batch.parsed + sum(f.height for f in (batch.rejects, batch.ignored) if f is not None)


@pytest.mark.parametrize("tail", ['x=pe="0x08" y="a"', 'note=5"disk"', 'msg="a" b"c" d="e"', 'm="say \\"x\\"" n=o"p"'])
def test_extra_is_json_whatever_the_quotes(tail: str) -> None:
    """Quotes that stand around no value are text."""
    [row] = rows(f"{HEAD} {ENDS} {tail}")
    assert isinstance(json.loads(str(row["extra"])), dict)
