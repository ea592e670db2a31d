"""The sample incident as a case, made once for all tests that only look at it."""

from __future__ import annotations

from pathlib import Path

import pytest
from filelock import FileLock

from tests.support import fwf_process


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A case that nobody writes to; workers share it."""
    root = tmp_path_factory.getbasetemp()
    shared = root.parent if root.name.startswith("popen-") else root
    folder = shared / "demo"
    with FileLock(shared / "demo.lock"):
        if not (shared / "demo.done").exists():
            made = fwf_process("demo", folder, env={"COLUMNS": "150"})
            assert made.returncode == 0, made.stderr.decode()
            (folder / "demo.out").write_bytes(made.stdout)
            (shared / "demo.done").touch()
    return folder / "case.duckdb"
