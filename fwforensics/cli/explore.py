"""`fwf explore`: the case in a full-screen SQL editor."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec

from fwforensics.cli import options, render
from fwforensics.cli.app import app
from fwforensics.errors import FwfError, UsageError


@app.command()
def explore(case: options.CasePath = None) -> None:
    """Open the case read-only in Harlequin, a full-screen SQL editor (extra `explore`)."""
    if find_spec("harlequin") is None:
        raise FwfError("Harlequin is not installed", remedy="pip install 'fwforensics[explore]'; or: fwf sql")
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("a full-screen editor needs a terminal", remedy='fwf sql "SELECT …"')
    options.reading(case).close()  # an interrupted ingest is finished before anything is looked at
    path = str(options.case_path(case).resolve())
    render.say("read-only; F1 shows the keys, Ctrl-Q leaves")
    # No start-up file and no extension of the user's: the log's text must find nothing to work with.
    arguments = ["-m", "harlequin", "--adapter", "duckdb", "--read-only", "--no-init", path]
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, *arguments])  # noqa: S606 (our own interpreter, no shell)
