"""The prompt of `fwf sql`: history, completion, highlighting; the same locked-down connection as one statement has."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.history import FileHistory
from prompt_toolkit.lexers import PygmentsLexer
from pygments.lexers.sql import SqlLexer

from fwforensics import queries, store
from fwforensics.cli import render
from fwforensics.errors import FwfError
from fwforensics.store import Case

LEAVE = ("exit", "quit", "exit;", "quit;", ".exit", ".quit", "\\q")
WORDS = (
    "SELECT", "FROM", "WHERE", "GROUP", "ORDER", "BY", "HAVING", "LIMIT", "JOIN", "LEFT", "USING", "ON", "AS",
    "WITH", "UNION", "ALL", "DISTINCT", "COUNT", "SUM", "MIN", "MAX", "BETWEEN", "LIKE", "ILIKE", "IN", "IS", "NOT",
    "NULL", "AND", "OR", "CASE", "WHEN", "THEN", "ELSE", "END", "DESC", "ASC", "INTERVAL", "TIMESTAMP", "UNNEST",
    "DESCRIBE",
)  # fmt: skip
NAME = re.compile(r"[\w.]*$")
#: Where what stands next is a table.
AFTER_FROM = re.compile(r"\b(?:from|join|describe|summarize)\s+\w*$", re.IGNORECASE)


class CaseCompleter(Completer):
    """Completes tables, views, macros and columns of a case; tables alone behind FROM."""

    def __init__(self, case: Case) -> None:
        self._columns: dict[str, list[str]] = {}
        self._macros: list[str] = []
        for relation, column in queries.listing(case, "completions").iter_rows():
            if column is None:
                self._macros.append(relation)
            else:
                self._columns.setdefault(relation, []).append(column)

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
        """See `Completer`."""
        del complete_event
        before = document.text_before_cursor
        word = (NAME.search(before) or [""])[0].lower()
        if word.strip(".") or AFTER_FROM.search(before):
            found = (c for c in self._candidates(before) if c.lower().startswith(word))
            yield from (Completion(c, start_position=-len(word)) for c in dict.fromkeys(found))

    def _candidates(self, before: str) -> Iterable[str]:
        tables = [*self._columns, *self._macros]
        if AFTER_FROM.search(before):
            return tables
        read = [t for t in self._columns if re.search(rf"\b{t}\b", before)]
        columns = [c for t in read or self._columns for c in self._columns[t]]
        return [*columns, *tables, *WORDS]


def history_file() -> Path:
    """Where statements are remembered: beside the user's other state, readable by nobody else."""
    folder = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "fwforensics"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / "sql_history"
    path.touch(mode=0o600)
    return path


def run(path: Path, limit: int | None) -> None:
    """Read statements until the user leaves; an error is told and the next statement asked for."""
    with Case(path, read_only=True) as case:
        completer = CaseCompleter(case)
    con = store.analyst(path)
    try:
        session: PromptSession[str] = PromptSession(
            "fwf> ", history=FileHistory(str(history_file())), completer=completer,
            lexer=PygmentsLexer(SqlLexer), auto_suggest=AutoSuggestFromHistory(), complete_while_typing=False,
        )  # fmt: skip
        render.say("read-only; Tab completes, ↑ recalls, a statement ends with ; and Ctrl-D leaves")
        for statement in _statements(session):
            try:
                render.stream(store.stream(con, statement), limit=limit)
            except FwfError as error:
                render.complain(error)
            except KeyboardInterrupt:
                render.say("interrupted")
    finally:
        con.close()


def _statements(session: PromptSession[str]) -> Iterator[str]:
    """Statements, which may span lines until a semicolon."""
    lines: list[str] = []
    while True:
        try:
            line = session.prompt("fwf> " if not lines else "...> ")
        except KeyboardInterrupt:
            lines.clear()
            continue
        except EOFError:
            return
        if not lines and line.strip().lower() in LEAVE:
            return
        lines.append(line)
        whole = "\n".join(lines).strip()
        if whole.endswith(";"):
            lines.clear()
            if statement := whole.rstrip("; \n"):
                yield statement
        elif not whole:
            lines.clear()
