"""From the case back to the evidence: is it still what was ingested, and what does the raw line say?"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO, cast

import numpy as np

from fwforensics.errors import EvidenceError, FwfError, UsageError
from fwforensics.formats import find_format
from fwforensics.intake.documents import Records, pieces
from fwforensics.queries import listing
from fwforensics.reader import CHUNK, HEAD, KEEP_OF_LONG, Chunk, Content, Source, find
from fwforensics.store import Case

STDIN = "-"


@dataclass(frozen=True, slots=True)
class RawLine:
    r"""One line of evidence: where it is, and its bytes as text (what is no UTF-8 as `\\xNN`)."""

    source_id: int
    label: str
    line_no: int
    raw: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a source since it was ingested: ok, grown, changed, missing, unverifiable."""

    source_id: int
    label: str
    state: str
    detail: str = ""


@dataclass(slots=True)
class _Prefix:
    """The first bytes of a content, as much as was ingested, hashed while they are read."""

    content: Content
    left: int
    digest: Any = field(default_factory=hashlib.sha256)

    def read(self, size: int = -1) -> bytes:
        """Like a file's `read`."""
        if size < 0:
            return b"".join(iter(lambda: self.read(CHUNK), b""))
        block = self.content.read(min(size, self.left))
        self.left -= len(block)
        self.digest.update(block)
        return block

    def head(self, size: int = HEAD) -> bytes:
        """The next bytes, without reading past them."""
        return self.content.head(min(size, self.left)) if self.left else b""

    @property
    def size(self) -> int:
        """Bytes read so far."""
        return self.content.size


def verify(case: Case) -> Iterator[Verdict]:
    """Hash every source again; only as much of it as was ingested counts."""
    for row in case.sql("SELECT * FROM sources ORDER BY source_id").rows():
        yield _verdict(row)


def _label(row: dict[str, Any]) -> str:
    return f"{row['path']}!{row['member']}" if row["member"] else str(row["path"])


def _verdict(row: dict[str, Any]) -> Verdict:
    label = _label(row)
    if row["path"] == STDIN:
        return Verdict(row["source_id"], label, "unverifiable", "it came through stdin")
    try:
        with find(row["path"], row["member"]).open() as content:
            prefix = _Prefix(content, row["size_bytes"])
            prefix.read()
            more = bool(content.head(1))
    except FwfError as error:
        return Verdict(row["source_id"], label, "missing", error.message)
    if prefix.left or prefix.digest.hexdigest() != row["sha256"]:
        return Verdict(row["source_id"], label, "changed", "its SHA-256 is not what was ingested")
    return Verdict(
        row["source_id"],
        label,
        "grown" if more else "ok",
        "there is more now; ingest again to continue" if more else "",
    )


def of_finding(case: Case, finding: str) -> list[tuple[int, int]]:
    """(source, line) of all events behind a pattern (`P-…`) or violation (`V-…`)."""
    name = {"P-": "pattern-lines", "V-": "violation-lines"}.get(finding[:2].upper())
    if name is None:
        raise UsageError(f"{finding!r} is neither a pattern (P-…) nor a violation (V-…)", remedy="see: fwf hunt")
    found = list(listing(case, name, finding=finding[:2].upper() + finding[2:].lower()).iter_rows())
    if not found:
        raise UsageError(f"there is no finding {finding}", remedy="see: fwf hunt")
    return found


def raw_lines(case: Case, places: Iterable[tuple[int, int]]) -> Iterator[RawLine]:
    """The raw lines at (source, line) places, after the hash of each source was checked."""
    by_source: dict[int, set[int]] = {}
    for source_id, line_no in places:
        by_source.setdefault(source_id, set()).add(line_no)
    for source_id, numbers in by_source.items():
        rows = case.sql("SELECT * FROM sources WHERE source_id = ?", [source_id]).rows()
        if not rows:
            raise UsageError(f"there is no source {source_id}", remedy="see: fwf sources")
        yield from _of_source(rows[0], numbers)


def _of_source(row: dict[str, Any], numbers: set[int]) -> Iterator[RawLine]:
    label = _label(row)
    if row["path"] == STDIN:
        raise EvidenceError("the source came through stdin and cannot be read again", where=label)
    source = find(row["path"], row["member"])
    fmt = find_format(row["format"]) if row["format"] else None
    if fmt is not None and fmt.binary is not None:
        found = _units(source, row, fmt.binary.unit_at, numbers)
    else:
        found = _text(source, row, numbers)
    for number in sorted(found):
        yield RawLine(row["source_id"], label, number, found[number])


def _checked(row: dict[str, Any], prefix: _Prefix) -> None:
    if prefix.left or prefix.digest.hexdigest() != row["sha256"]:
        raise EvidenceError(
            f"this is no longer what was ingested as source {row['source_id']}",
            where=_label(row),
            remedy="see: fwf verify",
        )


def _text(source: Source, row: dict[str, Any], numbers: set[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    with source.open() as content:
        prefix = _Prefix(content, row["size_bytes"])
        for chunk in pieces(cast("Content", prefix)):
            if isinstance(chunk, Records):
                _add_records(chunk, numbers, found)
                continue
            last = chunk.first + chunk.data.count(b"\n") - chunk.data.endswith(b"\n")
            wanted = [n for n in numbers if chunk.first <= n <= last and n not in found]
            if wanted:
                found |= _pick(chunk, wanted)
    _checked(row, prefix)
    return found


def _add_records(records: Records, numbers: set[int], found: dict[int, str]) -> None:
    """Records that begin on the wanted lines, one below the other; a line may hold a whole file."""
    here = np.flatnonzero(np.isin(records.lines.numbers, np.fromiter(numbers, np.uint64)))
    for number, text in zip(records.lines.numbers[here].tolist(), records.lines.take(here).text, strict=True):
        have = found.get(number)
        if have is None or len(have) < KEEP_OF_LONG:
            found[number] = text if have is None else f"{have}\n{text}"[:KEEP_OF_LONG]


def _pick(chunk: Chunk, wanted: list[int]) -> dict[int, str]:
    if chunk.long:
        return {chunk.first: f"{chunk.data.decode(errors='backslashreplace')}… ({chunk.long:,} bytes)"}
    lines = chunk.data.removesuffix(b"\n").split(b"\n")
    return {
        n: lines[n - chunk.first].removesuffix(b"\r").decode(errors="backslashreplace")
        for n in wanted
        if n - chunk.first < len(lines)
    }


def _units(source: Source, row: dict[str, Any], unit_at: Any, numbers: set[int]) -> dict[int, str]:
    with source.open() as content:
        prefix = _Prefix(content, row["size_bytes"])
        data = prefix.read()
    _checked(row, prefix)
    found = {}
    for number in numbers:
        raw = unit_at(cast("BinaryIO", io.BytesIO(data)), number)
        if raw is not None:
            found[number] = raw.hex(" ")
    return found
