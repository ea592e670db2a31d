"""Zeek logs."""

from __future__ import annotations

from datetime import datetime

from tests.formats.support import parse_text, rows

FIELDS = (
    "#separator \\x09\n#path\tconn\n#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tduration\t"
)
HEAD = FIELDS + "orig_bytes\tconn_state\tlocal_orig\tlocal_resp\torig_ip_bytes\tresp_ip_bytes\n"


def test_a_connection_has_ip_bytes_and_an_end() -> None:
    """Bytes are IP bytes, the payload stays in extra, and nobody decided anything."""
    (row,) = rows(HEAD + "1795481300.5\tCabc\t10.0.0.1\t40000\t203.0.113.1\t443\ttcp\t1.25\t500\tSF\tT\tF\t700\t900\n")
    assert row["ts"] == datetime(2026, 11, 24, 0, 48, 20, 500000)  # noqa: DTZ001
    assert row["ts_end"] == datetime(2026, 11, 24, 0, 48, 21, 750000)  # noqa: DTZ001
    assert (row["bytes_out"], row["bytes_in"], row["bytes"]) == (700, 900, 1600)
    assert (row["disposition"], row["direction"], row["extra"]) == ("sf", "outbound", '{"orig_bytes":"500"}')
    assert "action" not in row


def test_icmp_type_and_code_come_out_of_the_ports() -> None:
    """The second port is a code, unless the type has an answer: then it is the answer's type."""
    end = "\t-\t-\tOTH\t-\t-\t-\t-\n"
    unreachable, echo, solicitation = rows(
        HEAD
        + f"1795481300.0\tCa\t203.0.113.1\t3\t10.0.0.1\t1\ticmp{end}"
        + f"1795481300.0\tCb\t10.0.0.1\t8\t203.0.113.1\t0\ticmp{end}"
        + f"1795481300.0\tCc\tfe80::1\t135\tff02::1\t136\ticmp{end}"
    )
    assert (unreachable["icmp_type"], unreachable["icmp_code"]) == (3, 1)
    assert (echo["icmp_type"], echo.get("icmp_code")) == (8, None)
    assert (solicitation["protocol"], solicitation["icmp_type"]) == ("ipv6-icmp", 135)
    assert "src_port" not in unreachable


def test_json_and_text_say_the_same() -> None:
    """One connection in both forms gives one row."""
    (text,) = rows(HEAD + "1795481300.5\tCabc\t10.0.0.1\t40000\t203.0.113.1\t443\ttcp\t1.25\t-\tSF\tT\tF\t700\t900\n")
    (json,) = rows(
        '{"ts":"2026-11-24T00:48:20.500000Z","uid":"Cabc","id.orig_h":"10.0.0.1","id.orig_p":40000,"id.resp_h":'
        '"203.0.113.1","id.resp_p":443,"proto":"tcp","duration":1.25,"conn_state":"SF","local_orig":true,'
        '"local_resp":false,"orig_ip_bytes":700,"resp_ip_bytes":900}\n'
    )
    assert {k: v for k, v in json.items() if k != "line_no"} == {k: v for k, v in text.items() if k != "line_no"}


def test_a_queried_name_is_not_the_resolvers() -> None:
    """dns.log keeps its query in extra; a TLS server name is the destination's."""
    dns, tls = rows(
        '{"_path":"dns","ts":1795481300.5,"uid":"Ca","id.orig_h":"10.0.0.1","id.orig_p":1,"id.resp_h":"10.0.0.2","id.resp_p":53,'
        '"proto":"udp","query":"pool.example"}\n'
        '{"_path":"ssl","ts":1795481300.5,"uid":"Cb","id.orig_h":"10.0.0.1","id.orig_p":2,"id.resp_h":"10.0.0.3","id.resp_p":443,'
        '"server_name":"A.Example"}\n'
    )
    assert (dns["kind"], dns.get("dst_name"), dns["extra"]) == ("dns", None, '{"query":"pool.example"}')
    assert (tls["kind"], tls["dst_name"], tls["protocol"]) == ("proxy", "a.example", "tcp")


def test_a_zeek_record_that_quotes_a_firewall_line_stays_zeeks() -> None:
    """syslog.log carries other devices' lines in it."""
    (row,) = rows(
        '{"ts":1795481300.5,"uid":"Ca","id.orig_h":"10.0.0.1","id.orig_p":1,"id.resp_h":"10.0.0.2","id.resp_p":514,"proto":"udp",'
        '"message":"fw: IN=eth0 OUT= SRC=192.0.2.1 DST=192.0.2.2 LEN=40 PROTO=TCP SPT=1 DPT=2 SYN"}\n'
    )
    assert (row["src_ip"], row["dst_port"]) == ("10.0.0.1", 514)


def test_logs_without_ends_are_no_traffic_and_cut_rows_are_rejects() -> None:
    """Every line is accounted for."""
    batch = parse_text(
        "#separator \\x09\n#path\tx509\n#fields\tts\tid\tversion\n1.0\tFabc\t3\n"
        + HEAD
        + "1795481300.5\tCabc\t-\t-\t-\n"
    )
    assert batch.ignored is not None
    assert batch.rejects is not None
    assert (batch.ignored.filter(reason="no traffic").height, batch.rejects.height, batch.parsed) == (1, 1, 0)
    assert batch.lines == batch.ignored.height + batch.rejects.height
