"""The command as a user meets it: data on stdout, narration on stderr, exit codes, hostile text."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from tests.support import MTIME, ask, fwf, iptables_line, write_log

HOSTILE = "\x1b[31mRED\x1b]0;title\x07\u202e=cmd|'/c calc'!A1<script>alert(1)</script>"


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A case with denied traffic of one host over two runs, and one line of an attacker."""
    folder = tmp_path_factory.mktemp("cli")
    log = write_log(folder / "fw.log", 0, 400)
    with log.open("a") as f:
        f.write(iptables_line(400, prefix=f"={HOSTILE}DROP:") + "\n")
        f.write("Mar  1 00:10:00 gw1 kernel: SRC=1.2.3.4 DST=5.6.7.8 LEN=1 PROTO=TCP SPT=1 DPT=2 \x1b[2J\n")
        f.write("Mar  1 00:10:01 gw1 sshd[1]: session opened\n")
    os.utime(log, (MTIME, MTIME))
    runs = folder / "runs.csv"
    runs.write_text("run_id,start,end,addresses\nr1,2026-03-01T00:00:00Z,2026-03-01T00:03:00Z,10.1.0.1;10.1.1.1\n"
                    "r2,2026-03-01T00:03:00Z,2026-03-01T00:08:00Z,10.1.0.1;10.1.1.1\n")  # fmt: skip
    path = folder / "c.duckdb"
    assert fwf("ingest", log, "--case", path).returncode == 0
    assert fwf("runs", "import", runs, "--case", path).returncode == 0
    assert fwf("hunt", "--case", path).returncode == 0
    return path


@pytest.mark.parametrize("output", ["json", "jsonl", "csv", "parquet", "markdown", "table"])
def test_every_output_format_has_the_same_rows(case: Path, output: str) -> None:
    """Stdout holds nothing but the rows, in the format that was asked for."""
    result = fwf("sql", "SELECT line_no, ts, rule FROM events ORDER BY line_no", "--case", case, "-o", output)
    assert result.returncode == 0
    text = result.stdout
    count = {
        "json": lambda: len(json.loads(text)),
        "jsonl": lambda: len([json.loads(x) for x in text.decode().splitlines()]),
        "csv": lambda: len(list(csv.DictReader(io.StringIO(text.decode())))),
        "parquet": lambda: pl.read_parquet(io.BytesIO(text)).height,
        "markdown": lambda: text.decode().count("\n") - 2,
        "table": lambda: 401,
    }[output]()
    assert count == 401
    if output == "table":
        assert b"showing 200 of 401" in result.stderr


@pytest.mark.parametrize(
    "command", [["sql", "SELECT rule, extra FROM events WHERE line_no > 400"], ["rejects"], ["info"], ["hunt"]]
)
@pytest.mark.parametrize("output", ["table", "markdown"])
def test_no_escape_sequence_reaches_the_terminal(case: Path, command: list[str], output: str) -> None:
    """Control characters and direction marks of a log are written out, never sent."""
    result = fwf(*command, "--case", case, "-o", output)
    for channel in (result.stdout, result.stderr):
        text = channel.decode()
        assert "\x1b" not in text and "\x07" not in text and "\u202e" not in text
    if command[0] == "sql":
        assert "\\x1b[31mRED" in result.stdout.decode() or "\\\\x1b" in result.stdout.decode()


def test_csv_cells_begin_no_formula(case: Path) -> None:
    """A spreadsheet that opens an export calculates nothing that an attacker wrote."""
    rows = fwf("sql", "SELECT rule FROM events WHERE line_no = 401", "--case", case, "-o", "csv").stdout.decode()
    cell = next(csv.DictReader(io.StringIO(rows)))["rule"]
    assert cell.startswith("'=")


def test_times_are_rfc3339_utc_and_display_tz_changes_only_the_display(case: Path) -> None:
    """Times print with their offset."""
    utc = json.loads(fwf("sql", "SELECT min(ts) AS t FROM events", "--case", case, "--json").stdout)
    local = json.loads(
        fwf("--display-tz", "Europe/Berlin", "sql", "SELECT min(ts) AS t FROM events", "--case", case, "--json").stdout
    )
    assert (utc[0]["t"], local[0]["t"]) == ("2026-03-01T00:00:00Z", "2026-03-01T01:00:00+01:00")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["sql", "SELECT * FROM nowhere"], 1, "nowhere"),
        (["sql", "COPY events TO '/tmp/x.csv'"], 1, ""),
        (["sql", "SELECT * FROM read_csv('/etc/passwd')"], 1, ""),
        (["sql", "DELETE FROM events"], 1, ""),
        (["sql", "SET enable_external_access = true"], 1, ""),
        (["sql"], 2, "which SQL"),
        (["query", "recuring-violations"], 2, "recurring-violations"),
        (["query", "top-talkers", "-p", "nothing=1"], 2, "no parameter"),
        (["query", "top-talkers", "-p", "nothing"], 2, "NAME=VALUE"),
        (["show", "P-000000000000"], 2, "no finding"),
        (["show", "xyz"], 2, "neither"),
        (["evidence"], 2, "which lines"),
        (["hunt", "--fail-on", "terrible"], 2, "severity"),
        (["hunt", "--since", "yesterday-ish"], 2, "no time"),
        (["hunt", "--detection", "nothing"], 2, "no detection"),
        (["sources", "remove", "99"], 2, "no source 99"),
        (["networks", "add", "10.0.0.0/99"], 2, "no network"),
        (["coverage", "declare", "gw1", "2026-03-02", "2026-03-01"], 2, "empty"),
        (["ingest", "/nowhere/at/all"], 2, "no such file"),
        (["ingest", ".", "--format", "nothing"], 2, "no format"),
        (["ingest", ".", "--tz", "Mars/Base"], 2, "time zone"),
    ],
)
def test_errors_say_what_and_have_their_exit_code(case: Path, arguments: list[str], code: int, said: str) -> None:
    """An error is a sentence on stderr with a code, never a stack trace, and stdout stays empty."""
    result = fwf(*arguments, "--case", case)
    assert result.returncode == code, result.stderr.decode()
    assert said in result.stderr.decode()
    assert "Traceback" not in result.stderr.decode()
    assert result.stdout == b""


def test_missing_case_names_the_remedy(tmp_path: Path) -> None:
    """A case that is not there is said to be so, with how to make one."""
    result = fwf("info", "--case", tmp_path / "none.duckdb")
    assert result.returncode == 1
    assert b"fwf ingest" in result.stderr


def test_case_comes_from_the_environment(case: Path) -> None:
    """$FWF_CASE stands in for --case."""
    result = fwf("sql", "SELECT count(*) AS n FROM events", "--json", env={"FWF_CASE": str(case)})
    assert json.loads(result.stdout) == [{"n": 401}]


def test_partial_ingest_is_exit_3_and_strict_takes_nothing(tmp_path: Path) -> None:
    """Rejects above the ratio, or a source that gave nothing, are exit code 3; --strict leaves the source out."""
    log = tmp_path / "bad.log"
    log.write_text("nothing that anybody reads\n" * 5 + iptables_line(1) + "\n")
    case = tmp_path / "c.duckdb"
    assert fwf("ingest", log, "--case", case, "--strict").returncode == 3
    assert json.loads(fwf("sql", "SELECT count(*) AS n FROM sources", "--json", "--case", case).stdout) == [{"n": 0}]
    assert fwf("ingest", log, "--case", case).returncode == 3
    assert fwf("ingest", log, "--case", case, "--replace", "--max-reject-ratio", "0.9").returncode == 0


def test_stdin_is_read(tmp_path: Path) -> None:
    """`-` is stdin, compressed or not."""
    case = tmp_path / "c.duckdb"
    text = "".join(iptables_line(n) + "\n" for n in range(10)).encode()
    assert fwf("ingest", "-", "--case", case, "--year", "2026", stdin=text).returncode == 0
    assert json.loads(
        fwf("sql", "SELECT count(*) AS n, min(ts) AS t FROM events", "--json", "--case", case).stdout
    ) == [{"n": 10, "t": "2026-03-01T00:00:00Z"}]


def test_findings_rest_on_raw_lines(case: Path) -> None:
    """From the first finding down to the line, byte for byte."""
    found = json.loads(fwf("hunt", "--case", case, "--json").stdout)
    best = next(f for f in found if f["runs_hit"] == 2)
    assert best["service"] == "3333/tcp"
    lines = json.loads(fwf("evidence", best["pattern_id"], "--case", case, "--json", "--limit", "0").stdout)
    assert lines
    source = Path(lines[0]["path"]).read_text().splitlines()
    assert {line["line_no"]: line["raw"] for line in lines} == {
        line["line_no"]: source[line["line_no"] - 1] for line in lines
    }


def test_fail_on_is_exit_10(case: Path) -> None:
    """A finding at or above the severity is exit code 10, none is 0."""
    assert fwf("hunt", "--case", case, "--fail-on", "medium").returncode == 10
    assert fwf("hunt", "--case", case, "--fail-on", "critical").returncode == 0


def test_changed_evidence_is_refused(tmp_path: Path) -> None:
    """A line is quoted only from what was ingested; what grew since is still that."""
    log, case = write_log(tmp_path / "fw.log", 0, 20), tmp_path / "c.duckdb"
    fwf("ingest", log, "--case", case)
    with log.open("a") as f:
        f.write(iptables_line(20) + "\n")
    assert fwf("evidence", "--source", "1", "--line", "3", "--case", case).returncode == 0
    assert b"grown" in fwf("verify", "--case", case).stdout
    log.write_text(log.read_text().replace("203.0.113.4 ", "203.0.113.5 "))
    refused = fwf("evidence", "--source", "1", "--line", "3", "--case", case)
    assert (refused.returncode, refused.stdout) == (1, b"")
    assert b"no longer" in refused.stderr
    assert fwf("verify", "--case", case).returncode == 1


def test_export_does_not_overwrite_and_comes_back(case: Path, tmp_path: Path) -> None:
    """An export refuses to overwrite, and an exported table can be ingested again."""
    target = tmp_path / "events.parquet"
    assert fwf("export", "events", "-o", target, "--case", case).returncode == 0
    assert fwf("export", "events", "-o", target, "--case", case).returncode == 2
    assert fwf("export", "events", "-o", target, "--clobber", "--case", case).returncode == 0
    again = tmp_path / "again.duckdb"
    assert fwf("ingest", target, "--case", again).returncode == 0
    same = "SELECT count(*) AS n, sum(hash(ts, src_ip, src_port, dst_ip, dst_port, action, rule)) AS h FROM events"
    assert fwf("sql", same, "--json", "--case", again).stdout == fwf("sql", same, "--json", "--case", case).stdout


def test_sources_set_and_networks_change_what_follows(tmp_path: Path) -> None:
    """A sensor or run that was wrong, and what counts as inside, are corrected without reading again."""
    log, own = write_log(tmp_path / "fw.log", 0, 20), tmp_path / "c.duckdb"
    fwf("ingest", log, "--case", own)
    assert fwf("sources", "set", "1", "--sensor", "edge", "--run", "r9", "--case", own).returncode == 0
    told = json.loads(fwf("sql", "SELECT DISTINCT sensor FROM events", "--json", "--case", own).stdout)
    assert told == [{"sensor": "edge"}]
    assert json.loads(fwf("runs", "--json", "--case", own).stdout)[0]["run_id"] == "r9"
    fwf("networks", "add", "203.0.113.0/24", "--case", own)
    scope = json.loads(
        fwf("sql", "SELECT DISTINCT scope FROM addresses WHERE ip LIKE '203%'", "--json", "--case", own).stdout
    )
    assert scope == [{"scope": "internal"}]
    audit = json.loads(fwf("sql", "SELECT command FROM audit ORDER BY logged_at", "--json", "--case", own).stdout)
    assert [a["command"] for a in audit] == ["ingest", "sources set", "networks add"]


def test_sniff_stores_nothing(tmp_path: Path) -> None:
    """`fwf sniff` names the format and shows rows without making a case."""
    log = write_log(tmp_path / "fw.log", 0, 20)
    result = fwf("sniff", log, "--json")
    assert json.loads(result.stdout)[0]["format"] == "iptables"
    assert not (tmp_path / "case.duckdb").exists()


def test_demo_finds_what_recurs(demo: Path) -> None:
    """The shipped incident gives recurring violations with their denominator."""
    found = ask(demo, "SELECT category, runs_hit, runs_exposed FROM patterns WHERE suppressed_by IS NULL")
    assert any(f["runs_hit"] >= 2 and f["category"] == "mining" for f in found)
    assert all(f["runs_exposed"] == 6 for f in found)
    assert fwf("verify", "--case", demo).returncode == 0


def test_answers_come_in_batches_of_every_format(case: Path) -> None:
    """More rows than one batch: no row is lost or doubled, and there is one header."""
    sql = "SELECT i, 'x' || i AS t, TIMESTAMP '2026-03-01' + to_seconds(i) AS ts FROM range(45000) r(i)"
    csv_text = fwf("sql", sql, "--case", case, "-o", "csv").stdout.decode()
    assert [int(r["i"]) for r in csv.DictReader(io.StringIO(csv_text))] == list(range(45000))
    jsonl = fwf("sql", sql, "--case", case, "-o", "jsonl").stdout.decode().splitlines()
    assert json.loads(jsonl[-1]) == {"i": 44999, "t": "x44999", "ts": "2026-03-01T12:29:59Z"}
    assert json.loads(fwf("sql", sql, "--case", case, "--json").stdout) == [json.loads(r) for r in jsonl]
    frame = pl.read_parquet(io.BytesIO(fwf("sql", sql, "--case", case, "-o", "parquet").stdout))
    assert frame["i"].to_list() == list(range(45000))
    shown = fwf("sql", sql, "--case", case)
    assert b"showing 200 of 45,000" in shown.stderr
    for output, nothing in (("json", b"[]\n"), ("csv", b"n\n"), ("jsonl", b"")):
        assert fwf("sql", "SELECT 1 AS n WHERE false", "--case", case, "-o", output).stdout == nothing


def test_an_export_is_whole_or_not_there(case: Path, tmp_path: Path) -> None:
    """A full disk, a folder in the way, a failing query: an error, no half file, and an old one stays as it was."""
    import resource

    target = tmp_path / "events.csv"
    command = [sys.executable, "-m", "fwforensics", "export", "events", "-o", str(target), "--case", str(case)]

    def full() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    failed = subprocess.run(command, capture_output=True, check=False, preexec_fn=full)
    assert failed.returncode == 1
    assert b"cannot be written" in failed.stderr
    assert b"Traceback" not in failed.stderr
    assert list(tmp_path.iterdir()) == []
    target.write_text("old")
    assert fwf("export", "no-such-query", "-o", target, "--clobber", "--case", case).returncode == 2
    assert target.read_text() == "old"
    (tmp_path / "x.csv").mkdir()
    assert fwf("export", "events", "-o", tmp_path / "x.csv", "--clobber", "--case", case).returncode == 2
    assert fwf("export", "events", "-o", tmp_path / "no" / "x.csv", "--case", case).returncode == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["events.csv", "x.csv"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["ingest", ".", "--max-reject-ratio", "7"], "--max-reject-ratio"),
        (["ingest", ".", "--max-ratio", "-1"], "--max-ratio"),
        (["ingest", ".", "--memory-limit", "lots"], "no amount of memory"),
        (["sources", "set", "1", "--sensor", ""], "needs a name"),
        (["runs", "import", "/nowhere/runs.csv"], "no such file"),
    ],
)
def test_options_that_cannot_mean_anything(case: Path, arguments: list[str], said: str) -> None:
    """Exit code 2 and a sentence, before anything is read."""
    result = fwf(*arguments, "--case", case)
    assert (result.returncode, said in result.stderr.decode()) == (2, True), result.stderr.decode()


def test_declarations_of_an_unknown_sensor_are_remarked_on(case: Path) -> None:
    """A misspelt sensor shows at once, and a declared clock leaves nothing undone."""
    result = fwf("clock", "set", "gw-typo", "5", "--case", case)
    assert result.returncode == 0
    assert b"'gw-typo'; there are: gw1" in result.stderr
    assert b"interrupted" not in fwf("info", "--case", case).stderr


@pytest.mark.parametrize("closed", ["stdout", "stderr"])
def test_a_closed_channel_is_no_accident(case: Path, closed: str) -> None:
    """Started without stdout or stderr, as cron may do, the command does its work."""
    number = {"stdout": 1, "stderr": 2}[closed]
    command = [sys.executable, "-m", "fwforensics", "info", "--case", str(case)]
    shell = f'exec "$@" {number}>&-'
    done = subprocess.run(["bash", "-c", shell, "-", *command], capture_output=True, check=False)
    assert done.returncode == 0
    assert b"Traceback" not in done.stderr + done.stdout
