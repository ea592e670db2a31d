"""Tables that `sacct` prints: with a delimiter (`-P`, `-p`, `--delimiter`), or in columns of a fixed width.

Nothing is escaped in them: a command line may hold the delimiter and even line feeds. Rows are put together again by
what the other columns can hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from fwforensics.formats._moments import moment
from fwforensics.formats._records import NotReadableError, text_units

#: What stands where there is no value.
NONE = frozenset(("", "Unknown", "None", "None assigned", "N/A", "INVALID", "(null)"))
#: Columns of free text, the one that most often holds a delimiter first.
FREE = ("SubmitLine", "Comment", "AdminComment", "SystemComment", "JobName", "WorkDir", "Extra", "Constraints",
        "StdOut", "StdErr", "StdIn", "Container", "Reason")  # fmt: skip
TIMES = ("Start", "End", "Submit", "Eligible")
_COMMON = frozenset(
    (
        *("JobName", "State", "NodeList", "Elapsed", "ElapsedRaw", "User", "Account", "Partition", "ExitCode"),
        *("AllocCPUS", "AllocTRES", "NNodes", "SubmitLine", "JobIDRaw", "ReqMem", "MaxRSS", *TIMES),
    )
)
_FORMS = {
    "Elapsed": r"(?:(?:\d+-)?\d+:)?\d+:\d+(?:\.\d+)?",
    "ExitCode": r"\d+:\d+",
    "State": r"[A-Z_]+(?: by .+)?\+?",
    "JobID": r"\d.*",
    "JobIDRaw": r"\d.*",
}
_DELIMITER = re.compile(r"[A-Za-z]+([^A-Za-z0-9\s_]+|\t)(?=[A-Za-z])")
#: A row that goes on for longer than this is none.
MAX_LINES, MAX_SIZE = 2_000, 1 << 20


@dataclass(slots=True)
class Header:
    """Column names, and the delimiter or the places that part them."""

    names: list[str]
    delimiter: str | None
    places: list[tuple[int, int]] = field(default_factory=list)

    def row(self, cells: list[str]) -> dict[str, str] | None:
        """Cells by name; where there are too many, those of a free text are one. None where nothing fits."""
        surplus = len(cells) - len(self.names)
        if surplus == 0:
            return self._named(cells)
        for name in FREE if surplus > 0 else ():
            if name in self.names:
                at = self.names.index(name)
                joined = (self.delimiter or "").join(cells[at : at + surplus + 1])
                row = self._named([*cells[:at], joined, *cells[at + surplus + 1 :]])
                if _plausible(row):
                    return row
        return None

    def _named(self, cells: list[str]) -> dict[str, str]:
        return {n: c.strip() for n, c in zip(self.names, cells, strict=True) if n}


def header_of(line: str) -> Header | None:
    """The header that a line is: a job's id and other columns of sacct, and nothing but names."""
    found = _DELIMITER.match(line)
    delimiter = found.group(1) if found else None
    names = line.strip("\r\n").split(delimiter) if delimiter else line.split()
    named = {n for n in names if n}
    if not {"JobID", "JobIDRaw"} & named or not _COMMON & named or len(named) < 2:
        return None
    return Header(names, delimiter) if all(n.isascii() and n.isalnum() for n in named) else None


def _plausible(row: dict[str, str]) -> bool:
    """Could every column whose form is known hold what it has here?"""
    timed = all(row[n] in NONE or moment(row[n]) is not None for n in TIMES if n in row)
    return timed and all(row[n] in NONE or re.fullmatch(p, row[n]) for n, p in _FORMS.items() if n in row)


def table_units(stream: BinaryIO) -> Iterator[tuple[int, Any, bytes]]:
    """Rows as objects by the header's names; a header is an empty object, a blank line None."""
    header: Header | None = None
    open_row: list[tuple[int, str, bytes]] = []
    for number, line, raw in text_units(stream):
        found = header_of(line)
        if header is not None and header.delimiter and found is None:
            given, open_row = _with(header, open_row, (number, line, raw))
            yield from given
            continue
        yield from _unfinished(open_row)
        open_row = []
        if found is not None:
            header = found
            yield number, {}, raw
        elif header is None:
            yield number, NotReadableError("no header before it names the columns") if line.strip() else None, raw
        else:
            yield number, _fixed(header, line), raw
    yield from _unfinished(open_row)


Part = tuple[int, str, bytes]


def _with(header: Header, before: list[Part], part: Part) -> tuple[list[tuple[int, Any, bytes]], list[Part]]:
    """What a further line makes of a row that is open: units, and what is still open."""
    alone = header.row(part[1].split(header.delimiter))
    if alone is not None and (not before or _plausible(alone)):
        return [*_unfinished(before), (part[0], alone, part[2])], []
    if not before and not part[1].strip():
        return [(part[0], None, part[2])], []
    parts = [*before, part]
    text = "\n".join(p[1] for p in parts)
    cells = text.split(header.delimiter)
    if len(cells) >= len(header.names):
        row = header.row(cells)
        if row is not None and (not before or _plausible(row)):
            return [(parts[0][0], row, b"".join(p[2] for p in parts))], []
        return list(_unfinished(parts)), []
    if len(parts) > MAX_LINES or len(text) > MAX_SIZE:
        return list(_unfinished(parts)), []
    return [], parts


def _unfinished(parts: list[Part]) -> Iterator[tuple[int, Any, bytes]]:
    """Lines that are no row, neither alone nor together."""
    for number, line, raw in parts:
        yield number, NotReadableError("not the columns that the header names") if line.strip() else None, raw


def _fixed(header: Header, line: str) -> Any:
    """A row of fixed width; the line of dashes under the header says where columns stand."""
    if not line.strip():
        return None
    if re.fullmatch(r"[- ]+", line.rstrip()):
        header.places = [m.span() for m in re.finditer("-+", line)]
        return {}
    if len(header.places) != len(header.names):
        return NotReadableError("no line of dashes below the header says where columns stand")
    return {n: line[a:b].strip() for n, (a, b) in zip(header.names, header.places, strict=True)}
