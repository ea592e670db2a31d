"""The commands of the README with what they print: `python -m tests.walk_through CASE` writes it anew."""

from __future__ import annotations

import io
import os
import re
import shlex
import sys
from collections.abc import Iterator
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from unittest.mock import patch

import typer

from fwforensics import samples
from fwforensics.cli import render
from fwforensics.cli.app import load
from fwforensics.cli.values import OutputFormat

README = Path(__file__).parent.parent / "README.md"
#: A command, which may go on over lines that end in a backslash, and what it printed.
BLOCK = re.compile(r"```console\n\$ (?P<command>(?:.*\\\n)*.*)\n(?P<output>(?:.*\n)*?)```")
WIDTH = "150"


def blocks(text: str) -> Iterator[re.Match[str]]:
    """All commands of a document."""
    return BLOCK.finditer(text)


def printed(command: str, case: Path, folder: Path) -> str:
    """What a command prints, as in a terminal; `| head -N` and `| tail -N` behind it are understood."""
    whole, _, cut = command.replace("\\\n", " ").partition(" | ")
    arguments = shlex.split(whole)[1:]
    written = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    environment = {"FWF_CASE": str(case), "COLUMNS": WIDTH, "NO_COLOR": "1"}
    with patch.dict(os.environ, environment), chdir(folder), redirect_stdout(written), redirect_stderr(written):
        render.style.output = OutputFormat.TABLE
        typer.main.get_command(load()).main(args=arguments, prog_name="fwf", standalone_mode=False)
    text = written.buffer.getvalue().decode()  # type: ignore[attr-defined]
    return tidy(text, cut)


def tidy(text: str, cut: str = "") -> str:
    """Without blanks at line ends, and without what differs from machine to machine."""
    text = text.replace(str(samples.CHECKOUT), "sample_logs")
    text = re.sub(r"\([\d,]+ bytes\)", "(1.7 MB)", text)
    lines = [line.rstrip() for line in text.splitlines()]
    end, _, number = cut.partition(" -")
    if number:
        lines = lines[: int(number)] if end == "head" else lines[-int(number) :]
    return "".join(f"{line}\n" for line in lines)


def main(case: Path) -> None:
    """Write what all commands print into the README; what the demo printed is beside its case."""
    text = README.read_text(encoding="utf-8")

    def shown(block: re.Match[str]) -> str:
        command = block["command"]
        if command.startswith("fwf demo"):
            output = tidy((case.parent / "demo.out").read_text(encoding="utf-8"), command.partition(" | ")[2])
        else:
            output = printed(command, case, case.parent)
        return f"```console\n$ {command}\n{output}```"

    README.write_text(BLOCK.sub(shown, text), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
