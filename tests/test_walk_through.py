"""What the README shows is what the commands print."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.walk_through import README, blocks, printed, tidy

TEXT = README.read_text(encoding="utf-8")
COMMANDS = [(b["command"], b["output"]) for b in blocks(TEXT)]


@pytest.fixture(scope="module")
def tour(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A case of one's own: some commands write to it."""
    folder = tmp_path_factory.mktemp("tour")
    shutil.copy(demo, folder / "case.duckdb")
    return folder / "case.duckdb"


def test_it_is_ten_commands() -> None:
    assert len(COMMANDS) == TEXT.count("\n$ ") == 10


def test_the_first_one_is_the_demo(demo: Path) -> None:
    command, shown = COMMANDS[0]
    assert command.startswith("fwf demo")
    printed_then = (demo.parent / "demo.out").read_text(encoding="utf-8")
    assert tidy(printed_then, command.partition(" | ")[2]) == shown


@pytest.mark.parametrize(("command", "shown"), COMMANDS[1:], ids=[c.split(" | ")[0][:40] for c, _ in COMMANDS[1:]])
def test_a_command_prints_what_is_shown(tour: Path, command: str, shown: str) -> None:
    assert printed(command, tour, tour.parent) == shown


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(((?!https?:)[^)#]+)", TEXT):
        assert (README.parent / target).exists(), target
