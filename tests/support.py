"""What several tests need: log lines, cases, the command."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from fwforensics.blank import writable
from fwforensics.cli.app import run
from fwforensics.formats._documents import Documents
from fwforensics.formats._lines import Lines
from fwforensics.ingest import Options, Report, ingest
from fwforensics.intake.documents import holds_documents
from fwforensics.store import Case

START = datetime(2026, 3, 1)  # noqa: DTZ001 (cases hold UTC without saying so)
MTIME = 1_775_000_000  # 2026-03-31: year-less times of March are this year's


def iptables_line(n: int, *, host: str = "gw1", prefix: str = "FW-DROP:") -> str:
    """One distinct netfilter line a second."""
    when = START + timedelta(seconds=n)
    stamp = f"{when:%b} {when.day:2d} {when:%H:%M:%S}"
    return (
        f"{stamp} {host} kernel: {prefix} IN=eth1 OUT=eth0 MAC=02:00:5e:10:00:01:02:00:5e:10:00:02:08:00 "
        f"SRC=10.1.{n // 250 % 250}.{n % 250 + 1} DST=203.0.113.{n % 200 + 1} LEN=60 TOS=0x00 PREC=0x00 "
        f"TTL=63 ID={n % 65536} DF "
        f"PROTO=TCP SPT={1024 + n % 60000} DPT=3333 WINDOW=64240 RES=0x00 SYN URGP=0 "
    )


def lines_of(content: bytes) -> Lines:
    """A sample's lines, or its records where it is a JSON document."""
    if not holds_documents(content):
        return Lines.of(content)
    lines = Documents().feed(content, final=True).lines
    assert lines is not None
    return lines


def write_log(path: Path, first: int, last: int, **options: str) -> Path:
    """Lines `first` … `last - 1`, with an age that fits their year-less times."""
    path.write_text("".join(iptables_line(n, **options) + "\n" for n in range(first, last)))
    os.utime(path, (MTIME, MTIME))
    return path


def take(case: Path, *inputs: Path | str, **options: Any) -> Report:
    """Ingest into a case file."""
    with writable(case, create=True) as opened:
        return ingest(opened, [str(i) for i in inputs], Options(**options))


def ask(case: Path, sql: str) -> list[dict[str, Any]]:
    """Rows of a query."""
    with Case(case, read_only=True) as opened:
        return opened.sql(sql).rows()


def one(case: Path, sql: str) -> Any:
    """The one value of a query."""
    with Case(case, read_only=True) as opened:
        return opened.sql(sql).scalar()


def fwf(
    *arguments: str | Path, stdin: bytes | None = None, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run the command in this process: what it prints and how it ends, without the seconds that a start takes."""
    given = [str(a) for a in arguments]
    streams = [io.TextIOWrapper(io.BytesIO(b), encoding="utf-8") for b in (stdin or b"", b"", b"")]
    with (
        patch.dict(os.environ, {"NO_COLOR": "1", **(env or {})}),
        patch.multiple(sys, stdin=streams[0], stdout=streams[1], stderr=streams[2]),
    ):
        code = run(given)
        for stream in streams[1:]:
            stream.flush()
    out, err = (stream.detach().getvalue() for stream in streams[1:])  # type: ignore[attr-defined]
    return subprocess.CompletedProcess(given, code, out, err)


def fwf_process(
    *arguments: str | Path, stdin: bytes | None = None, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run the command as a user would, in a process of its own."""
    command = [sys.executable, "-m", "fwforensics", *map(str, arguments)]
    return subprocess.run(
        command, input=stdin, capture_output=True, check=False, env={**os.environ, "NO_COLOR": "1", **(env or {})}
    )
