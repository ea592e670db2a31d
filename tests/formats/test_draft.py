"""`fwf sniff` drafts a mapping file for what no format reads, and the draft reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import ask, fwf


def rows(form: str, head: str = "") -> str:
    """Six lines of one form."""
    body = [
        form.format(n=n, verdict=("Permit", "DROP")[n % 2], a=f"10.0.0.{n + 1}", quote='"a, b; c"', t=f"08:00:0{n}")
        for n in range(6)
    ]
    return head + "\n".join(body) + "\n"


LOGS = {
    "csv": rows(
        "2026-03-01T{t}Z,{a},40000,203.0.113.9,3333,TCP,{verdict},{quote}",
        "Event Time,Source IP,Source Port,Dest IP,Dest Port,Protocol,Verdict,Note\n",
    ),
    "semicolons and quotes": rows(
        '"01.03.2026 {t}";"{a}";"40000";"203.0.113.9";"3333";"TCP";"{verdict}";{quote}',
        '"Date";"SrcAddr";"SrcPort";"DstAddr";"DstPort";"Proto";"Action";"Text"\r\n',
    ),
    "tabs": rows(
        "2026-03-01\t{t}\t{a}:40000\t203.0.113.9:3333\ttcp\t{verdict}\tx y",
        "date\ttime\tsrc\tdst\tproto\tresult\tnote\n",
    ),
    "no header": rows("2026-03-01 {t},fw1,{verdict},TCP,{a},40000,203.0.113.9,3333,{quote}"),
    "pipes without header": rows("{verdict}|2026/03/01 {t}|tcp|{a}|40000|203.0.113.9|3333|x"),
    "pairs": rows(
        'x: when="2026-03-01 {t}" verdict={verdict} src={a} spt=40000 dst=203.0.113.9 dpt=3333 proto=6 m={quote}'
    ),
    "pairs with commas": rows(
        "when=2026-03-01T{t}Z,verdict={verdict},source={a},sourceport=40000,dest=203.0.113.9,destport=3333,protocol=tcp"
    ),
    "json": rows(
        '{{"when":"2026-03-01T{t}Z","net":{{"src":{{"ip":"{a}","port":40000}},"dst":{{"ip":"203.0.113.9","port":3333}}}},'
        '"transport":"tcp","decision":"{verdict}"}}'
    ),
    "json without names": rows(
        '{{"p1":"1772352000","p2":"{a}","p3":"40000","p4":"203.0.113.9","p5":"3333","p6":"TCP","p7":"{verdict}"}}'
    ),
    "free text": rows("[2026-03-01 {t}] box7 rule 12 says {verdict} for tcp {a}:40000 to 203.0.113.9:3333 (why not)"),
    "free text, verdict last": rows("Mar  1 2026 {t} box7: {a}/40000 -> 203.0.113.9/3333 tcp, {verdict}"),
}  # fmt: skip


@pytest.mark.parametrize("text", LOGS.values(), ids=LOGS.keys())
def test_a_draft_reads_the_log_that_it_was_made_for(text: str, tmp_path: Path) -> None:
    """Times, ends, ports, protocol and verdicts of every line."""
    log, mapping, case = tmp_path / "x.log", tmp_path / "m.toml", tmp_path / "c.duckdb"
    log.write_text(text)
    made = fwf("sniff", log)
    assert made.returncode == 3
    mapping.write_bytes(made.stdout)
    done = fwf("ingest", log, "--map", mapping, "--case", case)
    assert done.returncode == 0, done.stderr.decode() + made.stdout.decode()
    found = ask(case, "SELECT ts::VARCHAR AS ts, * EXCLUDE (ts) FROM events ORDER BY line_no")
    assert len(found) == 6, made.stdout.decode()
    for row in found:
        assert row["ts"].startswith("2026-03-01 08:00:0"), made.stdout.decode()
        assert row["src_ip"].startswith("10.0.0.")
        assert (row["dst_ip"], row["src_port"], row["dst_port"]) == ("203.0.113.9", 40000, 3333), made.stdout.decode()
        assert row["protocol"] == "tcp"
    assert [r["action"] for r in found] == ["allow", "deny"] * 3, made.stdout.decode()


def test_names_and_values_of_a_log_cannot_break_out_of_the_draft(tmp_path: Path) -> None:
    """They are TOML strings, and no terminal is spoken to."""
    log, mapping = tmp_path / "x.log", tmp_path / "m.toml"
    names = '"src\\"]\\n[x]":"10.0.0.1","\\u001b[31m":"a\'\\u0007"'
    bad = '{"when":"2026-03-01T08:00:00Z",' + names + ',"dst":"203.0.113.9","src":"10.0.0.1"}\n'
    log.write_text(bad * 3)
    made = fwf("sniff", log)
    assert b"\x1b" not in made.stdout
    mapping.write_bytes(made.stdout)
    assert fwf("ingest", log, "--map", mapping, "--case", tmp_path / "c.duckdb").returncode == 0
    assert ask(tmp_path / "c.duckdb", "SELECT count(*) AS n FROM events WHERE dst_ip = '203.0.113.9'") == [{"n": 3}]


def test_words_without_traffic_give_no_draft(tmp_path: Path) -> None:
    """Then the table says that nothing was recognised."""
    (tmp_path / "x.log").write_text("hello\nworld\n" * 9)
    made = fwf("sniff", tmp_path / "x.log")
    assert made.returncode == 3
    assert b"not recognised" in made.stdout


def test_a_word_that_is_no_action_stays_out_of_the_column(tmp_path: Path) -> None:
    """It is what the column of dispositions is for."""
    (tmp_path / "x.csv").write_text("ts,src,dst,verdict\n2026-03-01T08:00:00Z,10.0.0.1,203.0.113.9,LOGGED\n")
    mapping = 'table = "events"\nlayout = "csv"\n[columns]\nts = "ts"\nsrc_ip = "src"\ndst_ip = "dst"\n'
    (tmp_path / "m.toml").write_text(mapping + 'action = { field = "verdict", words = { "DROP" = "deny" } }\n')
    case = tmp_path / "c.duckdb"
    assert fwf("ingest", tmp_path / "x.csv", "--map", tmp_path / "m.toml", "--case", case).returncode == 0
    assert ask(case, "SELECT action FROM events") == [{"action": None}]
