"""A case for reports: four runs, three of them observed, one with a hole in its log, and hostile text.

A miner follows calls of `bash: miner` by two seconds. What an attacker can write (a run's name, commands, a log's rule)
holds markup, quotes, escapes and direction marks, and one field has a megabyte.
"""

from __future__ import annotations

import atexit
import json
import shutil
import tempfile
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from fwforensics import hunt, open_case, safelist
from fwforensics import ingest as ingesting
from fwforensics.manifest import import_manifest
from fwforensics.report import document, pages
from fwforensics.report.build import Options, build
from fwforensics.report.model import Report
from fwforensics.store import Case

START = datetime(2026, 3, 2, 6)  # noqa: DTZ001 (cases hold UTC without saying so)
AT = datetime(2026, 3, 9, 12)  # noqa: DTZ001
MARKUP = "</script><script>document.title='owned'</script><img src=x onerror=document.title='owned'>"
QUOTES = "\"'`--><!--]]>${7*7}{{7*7}}{% raw %}&lt;"
#: No line ends: a log has one record a line.
ESCAPES = "\x1b[31mred\x1b]0;title\x07\u202egnp.exe\u2066\u200b\x85"
HOSTILE = f"{MARKUP}{QUOTES}{ESCAPES}"
RUNS = ("run-1", f"run-2 {HOSTILE}", "run-3", "run-4 was not observed")
MINER = f"miner -o pool.example.com:3333 {HOSTILE}"
LONG = 1_048_576
HOURS, HOUR = 4, timedelta(hours=1)
#: Minutes of a run in which the miner is called.
MINED = tuple(m + 7 * (m % 4) for m in range(7, HOURS * 60 - 20, 23))


def events() -> list[dict[str, object]]:
    """What a firewall let through every minute, and what it refused."""
    found = [_event(START + HOUR, "192.0.2.77", 4444, "deny", rule=HOSTILE, note="x" * LONG)]
    for day, begin in enumerate(START + timedelta(days=n) for n in range(3)):
        hole = range(90, 150) if day == 1 else range(0)
        minutes = [begin + timedelta(minutes=m) for m in range(HOURS * 60) if m not in hole]
        found += [_event(when, "203.0.113.80", 80, "allow") for when in minutes]
        mined = [begin + timedelta(minutes=m, seconds=2) for m in MINED if m not in hole]
        found += [_event(when, "198.51.100.66", 3333, "deny", dst_name="pool.example.com") for when in mined]
        found += [_event(when, "198.51.100.9", 8081, "deny", rule=HOSTILE) for when in mined[::3]]
    return sorted(found, key=lambda e: str(e["ts"]))


def _event(when: datetime, dst: str, port: int, action: str, **more: object) -> dict[str, object]:
    source = 1024 + int((when - START).total_seconds()) * 7 % 60000
    ends = {"src_ip": "10.1.0.5", "src_port": source, "dst_ip": dst, "dst_port": port, "protocol": "tcp"}
    return {"ts": f"{when.isoformat()}Z", "sensor": "fw", "kind": "firewall", "action": action, **ends, **more}


def calls() -> list[dict[str, object]]:
    """Tool calls: the miner's, and others every five minutes."""
    found = []
    for day, begin in enumerate(START + timedelta(days=n) for n in range(3)):
        tests = [
            (n, begin + timedelta(minutes=m), "python -m pytest -q") for n, m in enumerate(range(1, HOURS * 60, 5))
        ]
        mined = [(500 + n, begin + timedelta(minutes=m), MINER) for n, m in enumerate(MINED)]
        found += [_call(day, *call) for call in (*tests, *mined)]
    return found


def _call(day: int, step: int, when: datetime, command: str) -> dict[str, object]:
    times = {"start": f"{when.isoformat()}Z", "end": f"{(when + timedelta(seconds=30)).isoformat()}Z"}
    where = {"run_id": RUNS[day], "episode_id": f"ep-{day}", "step": step, "host": "train1", "sandbox_ip": "10.1.0.5"}
    return {**where, **times, "tool": "bash", "command": command, "exit_code": 0}


@cache
def hunted() -> Path:
    """The case, made once for all tests of a process."""
    folder = Path(tempfile.mkdtemp(prefix="fwf-report-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return make(folder)


@cache
def reported() -> Report:
    """Its report."""
    with Case(hunted(), read_only=True) as case:
        return build(case, Options(at=AT))


@cache
def rendered() -> str:
    """Its page."""
    return pages.render(reported(), document.claims(reported()))


def make(folder: Path) -> Path:
    """The case, hunted, with one entry in its safelist."""
    log, trace, runs = folder / "fw.jsonl", folder / "trace.jsonl", folder / "runs.jsonl"
    _write(log, [*events(), {"ts": "no time", "src_ip": "10.1.0.5", "dst_ip": "192.0.2.1", "action": "deny"}])
    _write(trace, calls())
    spans = [(run, START + timedelta(days=day)) for day, run in enumerate(RUNS)]
    _write(runs, [
        {"run_id": run, "start": f"{begin.isoformat()}Z", "end": f"{(begin + HOURS * HOUR).isoformat()}Z",
         "addresses": ["10.1.0.5"] if n < 3 else ["10.9.9.9"]}
        for n, (run, begin) in enumerate(spans)
    ])  # fmt: skip
    path = folder / "case.duckdb"
    with open_case(path, create=True) as case:
        ingesting.ingest(case, [str(log), str(trace)])
        import_manifest(case, str(runs))
        safelist.add(case, safelist.entry("198.51.100.9", reason=f"known {HOSTILE}", owner="ops"))
        hunt.hunt(case)
    return path


def _write(path: Path, rows: Sequence[dict[str, object]]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
