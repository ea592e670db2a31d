"""Log lines inside JSON."""

from __future__ import annotations

import json
from datetime import datetime

from tests.formats.support import parse_text, rows

LINE = "fw: IN=eth0 OUT= SRC=192.0.2.1 DST=192.0.2.2 LEN=40 PROTO=TCP SPT=1 DPT=2 SYN"


def test_journald_gives_the_line_its_time_and_host() -> None:
    """The stamp is in microseconds since 1970."""
    (row,) = rows(
        json.dumps(
            {
                "__REALTIME_TIMESTAMP": "1795481300500000",
                "_HOSTNAME": "fw1",
                "SYSLOG_IDENTIFIER": "kernel",
                "MESSAGE": LINE,
            }
        )
    )
    assert row["ts"] == datetime(2026, 11, 24, 0, 48, 20, 500000)  # noqa: DTZ001
    assert (row["sensor"], row["src_ip"], row["rule"]) == ("fw1", "192.0.2.1", "fw")


def test_a_line_with_its_own_header_keeps_it() -> None:
    """Rsyslog's rawmsg is what came over the wire."""
    raw = f"<6>Nov 24 00:48:20 gw kernel: {LINE}"
    (row,) = rows(
        json.dumps({"rawmsg": raw, "msg": LINE, "hostname": "relay", "timereported": "2026-11-24T09:00:00Z"}) + "\n"
    )
    assert (row["sensor"], row["ts"]) == ("gw", datetime(2026, 11, 24, 0, 48, 20))  # noqa: DTZ001


def test_other_programs_stay_ignored_and_words_stay_rejects_as_written() -> None:
    """What is kept of them is the line of the source, not what was made of it."""
    sshd = json.dumps(
        {"_HOSTNAME": "gw", "SYSLOG_IDENTIFIER": "sshd", "MESSAGE": "bye", "__REALTIME_TIMESTAMP": "1795481300500000"}
    )
    batch = parse_text(sshd + "\n" + '{"message":"just words"}\n{"message":{"a":1}}\n{"log":""}\n')
    assert batch.ignored is not None
    assert batch.rejects is not None
    assert batch.ignored["sample"].to_list() == [sshd[:200]]
    assert batch.rejects["raw"].to_list() == ['{"message":"just words"}', '{"message":{"a":1}}', '{"log":""}']
