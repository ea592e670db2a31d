"""Log lines inside JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from tests.formats.support import parse_text, rows
from tests.support import ask, take

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


ASA = (
    "<166>Nov 24 2026 00:48:20 gw : %ASA-6-302013: Built outbound TCP connection 7 for "
    "outside:203.0.113.9/443 (203.0.113.9/443) to inside:10.0.0.5/40000 (192.0.2.1/40000)"
)
FORTI = (
    'date=2026-11-24 time=00:48:21 devname="fg1" logid="0000000013" type="traffic" subtype="forward" srcip=10.0.0.6 '
    'srcport=4001 dstip=203.0.113.8 dstport=22 proto=6 action="deny" msg="a, b"'
)
EVE = (
    '{"timestamp":"2026-11-24T00:48:22.000000+0000","event_type":"alert","src_ip":"10.0.0.7","src_port":5,'
    '"dest_ip":"203.0.113.7","dest_port":6,"proto":"TCP","alert":{"action":"blocked","signature":"s, \\"t\\""}}'
)
THREE = [ASA, FORTI, EVE]
SOURCES = ["10.0.0.5", "10.0.0.6", "10.0.0.7"]
WHEN = "2026-11-24T00:48:30.123456789Z"


def lines_of(*objects: object) -> str:
    return "".join(json.dumps(o) + "\n" for o in objects)


def each(make: Callable[[str], object]) -> str:
    """An object a line around each of the three."""
    return lines_of(*(make(text) for text in THREE))


def table(header: str, make: Callable[[str], list[str]], separator: str = ",") -> str:
    """CSV with all values quoted."""
    rows = [make(text) for text in THREE]
    body = [separator.join('"' + v.replace('"', '""') + '"' for v in row) for row in rows]
    return "\n".join([header, *body]) + "\n"


def loki(*values: list[str]) -> dict[str, object]:
    stream = {"stream": {"host": "gw", "app": "fw"}, "values": values}
    return {"status": "success", "data": {"resultType": "streams", "result": [stream]}}


INSIGHTS = [
    [{"field": "@timestamp", "value": "2026-11-24 00:48:30.000"}, {"field": "@message", "value": t}] for t in THREE
]
HITS = [{"_index": "i", "_id": "1", "_source": {"@timestamp": WHEN, "message": t}} for t in THREE]
ONE_A_LINE = {
    "gelf": each(
        lambda t: {"version": "1.1", "host": "h", "short_message": t[:9], "full_message": t, "timestamp": 1.5}
    ),
    "gelf short": each(lambda t: {"version": "1.1", "host": "h", "short_message": t, "timestamp": 1795481310.25}),
    "splunk json": each(lambda t: {"preview": False, "offset": 1, "result": {"_raw": t, "host": "h", "_time": "1"}}),
    "splunk hec": each(lambda t: {"time": 1795481310.1, "host": "h", "sourcetype": "x", "event": t}),
    "elastic source": each(lambda t: {"_index": "i", "_source": {"@timestamp": WHEN, "message": t}}),
    "elastic original": each(
        lambda t: {"_source": {"message": "parsed", "event": {"original": t, "kind": "event"}, "source": {"ip": "::1"}}}
    ),
    "filebeat": each(
        lambda t: {"@timestamp": WHEN, "agent": {"type": "filebeat"}, "log": {"file": {"path": "/f"}}, "message": t}
    ),
    "journald bytes": each(lambda t: {"MESSAGE": list(t.encode()), "_HOSTNAME": "h", "__REALTIME_TIMESTAMP": "1"}),
    "docker": each(lambda t: {"log": t + "\n", "stream": "stdout", "time": WHEN}),
    "docker in elastic": each(lambda t: {"_source": {"message": json.dumps({"log": t + "\n", "stream": "stderr"})}}),
    "logcli": each(lambda t: {"labels": {"app": "fw"}, "line": t, "timestamp": WHEN}),
    "logcli text": "".join(f'{WHEN} {{app="fw", job="a}}b"}} {t}\n' for t in THREE),
    "sls": each(lambda t: {"__source__": "10.9.9.9", "__topic__": "fw", "__time__": "1795481310", "content": t}),
    "sls raw": each(lambda t: {"__source__": "10.9.9.9", "__time__": "1795481310", "__raw__": t}),
    "rsyslog": each(lambda t: {"msg": t, "rawmsg": t, "hostname": "h", "timereported": WHEN, "programname": "fw"}),
    "fluentd": each(lambda t: {"log": t, "stream": "stdout", "logtag": "F", "kubernetes": {"pod_name": "p"}}),
    "cri": "".join(f"{WHEN} stdout F {t}\n" for t in THREE),
    "cri offset": "".join(f"2026-11-24T01:48:30.1+01:00 stderr F {t}\n" for t in THREE),
    "cri in filebeat": each(lambda t: {"message": f"{WHEN} stdout F {t}", "@timestamp": WHEN}),
}
TABLES = {
    "splunk csv": table('"_raw","_time",host,source', lambda t: [t, "2026-11-24T00:48:30.000+0000", "h", "udp:514"]),
    "insights csv": table("@timestamp,@message", lambda t: ["2026-11-24 00:48:30.000", t]),
    "elastic csv": table('"@timestamp","event.original"', lambda t: ["Nov 24, 2026 @ 00:48:30.000", t]),
    "semicolons": table("Time;Line;id", lambda t: ["1795481310000", t, "x"], ";"),
    "sls csv": table("__time__,__source__,content", lambda t: ["1795481310", "10.9.9.9", t]),
}
ANSWERS = {
    "elastic hits": json.dumps({"took": 1, "hits": {"total": {"value": 3}, "hits": HITS}}),
    "elastic hits pretty": json.dumps({"took": 1, "hits": {"total": {"value": 3}, "hits": HITS}}, indent=2),
    "elastic array": json.dumps(HITS, indent=2),
    "loki": json.dumps(loki(*(["1795481310000000000", t] for t in THREE))),
    "loki pretty": json.dumps(loki(*(["1795481310000000000", t, {"k": "v"}] for t in THREE)), indent=1),
    "insights": json.dumps({"results": INSIGHTS, "statistics": {"recordsMatched": 3.0}, "status": "Complete"}),
    "splunk results": json.dumps({"preview": False, "results": [{"_raw": t, "host": "h"} for t in THREE]}),
    "subscription": json.dumps(
        {
            "messageType": "DATA_MESSAGE", "owner": "1", "logGroup": "g", "logStream": "", "subscriptionFilters": [],
            "logEvents": [{"id": "1", "timestamp": 1795481310000, "message": t} for t in THREE],
        }
    ),
    "filter-log-events": json.dumps(
        {
            "events": [
                {"logStreamName": "s", "timestamp": 1795481310000, "message": t, "eventId": "1"} for t in THREE
            ],
            "searchedLogStreams": [],
        },
        indent=4,
    ),
}  # fmt: skip


def case_of(tmp_path: Path, text: str) -> tuple[list[dict[str, object]], dict[str, object]]:
    (tmp_path / "x.log").write_text(text)
    take(tmp_path / "c.duckdb", tmp_path / "x.log")
    events = ask(tmp_path / "c.duckdb", "SELECT * FROM events ORDER BY src_ip")
    (source,) = ask(tmp_path / "c.duckdb", "SELECT lines, parsed, rejects, ignored FROM sources")
    return events, source


@pytest.mark.parametrize("text", ONE_A_LINE.values(), ids=ONE_A_LINE.keys())
def test_an_envelope_a_line(text: str) -> None:
    """Each line is read by the format that it is of, and keeps its number."""
    batch = parse_text(text)
    assert batch.by_format == {"cisco_asa": 1, "fortigate": 1, "suricata_eve": 1}
    events = batch.frames["events"].sort("line_no")
    assert events["src_ip"].to_list() == SOURCES
    assert events["line_no"].to_list() == [1, 2, 3]
    assert events["ts"].dt.second().to_list() == [20, 21, 22]
    assert (batch.lines, batch.parsed) == (3, 3)


@pytest.mark.parametrize("text", TABLES.values(), ids=TABLES.keys())
def test_a_csv_export(text: str) -> None:
    """The header is no record; rows have the numbers of their lines."""
    batch = parse_text(text)
    events = batch.frames["events"].sort("line_no")
    assert events["src_ip"].to_list() == SOURCES
    assert events["line_no"].to_list() == [2, 3, 4]
    assert events["ts"].dt.second().to_list() == [20, 21, 22]
    assert (batch.lines, batch.parsed) == (4, 3)
    assert batch.ignored is not None
    assert batch.ignored["reason"].to_list() == ["header"]


def test_rows_of_a_csv_export_over_several_lines() -> None:
    """A value's own line ends belong to it; what follows has its own number."""
    text = f'_raw,host\n"{FORTI.replace(chr(34), chr(34) * 2)}\r\n",fg1\r\n"{ASA}",\r\n"two\nlines","h"\n{ASA},h\n'
    batch = parse_text(text)
    events = batch.frames["events"].sort("line_no")
    assert events["line_no"].to_list() == [2, 4, 7]
    assert batch.rejects is not None
    assert batch.rejects["line_no"].to_list() == [5]
    assert (batch.lines, batch.parsed, batch.more) == (5, 3, -2)


@pytest.mark.parametrize("text", ANSWERS.values(), ids=ANSWERS.keys())
def test_an_answer_of_a_log_store(text: str, tmp_path: Path) -> None:
    """Records of one document are told apart by their number."""
    events, source = case_of(tmp_path, text)
    assert [e["src_ip"] for e in events] == SOURCES
    assert len({(e["line_no"], e["record_no"]) for e in events}) == 3
    assert source == {"lines": 3, "parsed": 3, "rejects": 0, "ignored": 0}


def test_records_of_an_answer_that_nobody_reads_are_rejects() -> None:
    """Each for itself; the others are read."""
    hits = [*HITS[:2], {"_source": {"message": "just words"}}]
    batch = parse_text(json.dumps({"hits": {"hits": hits}}))
    assert batch.rejects is not None
    assert (batch.lines, batch.parsed, batch.rejects.height, batch.more) == (3, 2, 1, 2)
    assert batch.rejects["raw"].to_list() == ['{"_source": {"message": "just words"}}']


def test_parts_of_a_container_line_are_put_together() -> None:
    """Other streams may stand between; the line has the number of its first part."""
    half = len(FORTI) // 2
    text = (
        f"{WHEN} stdout P {FORTI[:half]}\n{WHEN} stderr F {ASA}\n{WHEN} stdout F {FORTI[half:]}\n"
        f"{WHEN} stdout F {EVE}\n{WHEN} stdout F words\n"
    )
    batch = parse_text(text)
    assert sorted(batch.frames["events"]["line_no"].to_list()) == [1, 2, 4]
    assert (batch.lines, batch.parsed, batch.more) == (4, 3, -1)
    long = FORTI + ' note="' + "x" * (16384 - len(FORTI) - 7)
    text = lines_of({"log": long, "stream": "stdout"}, {"log": 'yz"\n', "stream": "stdout"}, {"log": ASA + "\n"})
    batch = parse_text(text)
    assert sorted(batch.frames["events"]["line_no"].to_list()) == [1, 3]
    assert (batch.lines, batch.parsed, batch.more) == (2, 2, -1)


@pytest.mark.parametrize(
    "text",
    [
        "message,level\nhello,info\n",
        "time;nothing\n1;2\n",
        "ts,src_ip,dst_ip,message\n2026-11-24T00:00:00Z,10.0.0.1,203.0.113.1,hello\n",
        '{"results": [1, 2]}\n{"hits": {"hits": []}}\n{"messages": [], "message": 1}\n',
        '{"data": {"result": [{}]}, "values": 1}\n',
        '_raw,_time\n"unclosed,1\n' + "x\n" * 300,
    ],
)
def test_what_is_no_envelope_stays_as_it_is(text: str) -> None:
    """And every line of it is accounted for."""
    batch = parse_text(text)
    rejects = batch.rejects.height if batch.rejects is not None else 0
    ignored = batch.ignored.height if batch.ignored is not None else 0
    assert batch.lines == batch.parsed + rejects + ignored
    assert batch.more == 0
