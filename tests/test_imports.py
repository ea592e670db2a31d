"""What a command does not need, it does not wait for."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize("arguments", [["--help"], ["info", "--help"], ["sql", "--help"]])
def test_help_does_not_wait_for_the_statistics(arguments: list[str]) -> None:
    """SciPy, the suffix list, the Parquet writer and what draws charts are for the commands that use them."""
    code = (
        "import sys; from fwforensics.cli.app import load\n"
        f"load()(args={arguments!r}, prog_name='fwf', standalone_mode=False)\n"
        "heavy = {'scipy', 'tldextract', 'pyarrow.parquet', 'jinja2', 'altair', 'vl_convert'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
