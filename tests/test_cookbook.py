"""Every statement of the cookbook runs as an analyst runs it, and gives rows on the sample incident."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fwforensics import store

TEXT = (Path(__file__).parent.parent / "docs" / "sql-cookbook.md").read_text(encoding="utf-8")
QUESTIONS = dict(re.findall(r"^### \d+\. (.+?)\n.*?```sql\n(.*?)```", TEXT, re.DOTALL | re.MULTILINE))


def test_there_are_as_many_as_the_title_says() -> None:
    assert len(QUESTIONS) == TEXT.count("```sql") == 22


@pytest.mark.parametrize("question", QUESTIONS)
def test_it_has_an_answer(demo: Path, question: str) -> None:
    con = store.analyst(demo)
    try:
        assert sum(frame.height for frame in store.stream(con, QUESTIONS[question])) > 0
    finally:
        con.close()
