"""Is this content new? Copies are skipped, grown files continued, overlapping rotations taken once.

A source is known by the SHA-256 of its decompressed content, whatever its name and compression. Of a source that
begins like an earlier one of the same path or rotation family, only what follows is parsed. Of two rotations that
overlap, the block where the end of one is the beginning of the other counts once if it has at least 100 lines; single
equal lines are true repeats and stay.
"""

from __future__ import annotations

import codecs
import hashlib
import json
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np

from fwforensics import edges
from fwforensics.errors import FwfError, SourceError, UsageError
from fwforensics.queries import run_build
from fwforensics.reader import CHUNK, Chunk, Content, Source, find
from fwforensics.reader import HEAD as HEAD_READ
from fwforensics.removal import remove_rows, require_independent
from fwforensics.store import Case
from fwforensics.unicode import Utf16, transcoder

HEAD = 4096
MIN_LINES = 100
#: As much of the beginning or end of a rotation as is held against its sibling.
WINDOW = 64 << 20
ALREADY = "already in source {}"
_ADDRESS = re.compile(r"^\d{1,3}(?:\.\d{1,3}){3}(?=$|\.)")
_ROTATION = re.compile(
    r"(?:\.(?:gz|bz2|xz|zst|zip|lz4|\d{1,3}|old|\d{8,14}(?:T\d{4,6}Z?)?)|[-_.]\d{4}-?\d\d-?\d\d(?:[-_T]?\d{2,6})?|-\d{10})$"
)


def head_digest(head: bytes) -> str:
    """Of the first 4 KiB, or of all of shorter content."""
    return hashlib.sha256(head[:HEAD]).hexdigest()


def rotation_stem(name: str) -> str:
    """`fw.log` of `fw.log.1.gz` and `fw.log-20260101`."""
    address = _ADDRESS.match(name)
    kept = address.end() if address else 1  # a name that is an address is no rotation of its first numbers
    while (match := _ROTATION.search(name)) and match.start() >= kept:
        name = name[: match.start()]
    return name


@dataclass(slots=True)
class Known:
    """What the case knows of a source.

    Attributes:
        duplicate_of: it is wholly in this source.
        replaces: it takes this source's place.
        skips: (from byte, to byte, owner): content that the owner has.
        year: (year, month) where the earlier source ended, if its years were counted.
    """

    duplicate_of: int | None = None
    replaces: int | None = None
    skips: list[tuple[int, int, int]] = field(default_factory=list)
    year: tuple[int, int] | None = None
    message: str = ""
    _at: int = 0

    def split(self, chunk: Chunk) -> Iterator[tuple[Chunk, int | None]]:
        """The chunk's parts with the source that has them already (None: new)."""
        if not self.skips or chunk.long:
            self._at += chunk.long + 1 if chunk.long else len(chunk.data)
            yield chunk, None
            return
        begin, number = self._at, chunk.first
        end = begin + len(chunk.data)
        cuts = sorted({begin, end, *(b for s in self.skips for b in s[:2] if begin < b < end)})
        for low, high in pairwise(cuts):
            data = chunk.data[low - begin : high - begin]
            owner = next((o for a, b, o in self.skips if a <= low and high <= b), None)
            yield Chunk(data, number, 0, chunk.size), owner
            number += data.count(b"\n")
        self._at = end

    def verify(self, content: Content) -> None:
        """A file that changes while it is read would break the account of what was skipped."""
        for _, end, owner in self.skips:
            if end > content.size:
                raise SourceError(
                    f"the file shrank while it was read (it continued source {owner})", where=content.label
                )


@dataclass(slots=True)
class _Earlier:
    """A source that is in the case."""

    source_id: int
    path: str
    member: str | None
    sha256: str
    size: int
    options: str
    version: str
    opening: int | None
    closing: int | None
    container: str | None

    def label(self) -> str:
        return f"{self.path}!{self.member}" if self.member else self.path


def identify(
    case: Case, source: Source, head: bytes, options: str, version: str, *, replace: bool, whole: bool = False
) -> Known:
    """Find out whether the case has a source already, in whole or in part.

    Args:
        case: the case.
        source: the source; it is read through if it begins like an earlier one.
        head: its first bytes.
        options: how it would be read, as recorded.
        version: of the parsers.
        replace: take the place of what is there.
        whole: only look for exact copies (binary formats cannot be continued in the middle).
    """
    alike = _alike(case, head)
    digests: dict[int, str] = {}
    size, same, copies, damage = -1, None, [], None
    if alike:
        size, digests, damage = _digests(source, {e.size for e in alike})
        copies = [e for e in alike if e.size == size and e.sha256 == digests[size]]
        # Of damaged files, what can be read may be alike though the files are not.
        same = next((e for e in copies if not damage or e.container == source.container_sha256), None)
    grown = [e for e in alike if e.size < size and digests.get(e.size) == e.sha256 and _family(e, source)]
    # What cannot be continued inside (binary content, transcoded text) is read anew in place of what it began as.
    if replace or (grown and same is None and (whole or isinstance(transcoder(head), Utf16))):
        place = _make_room(case, source, [*([same] if same else []), *grown], replace=replace)
        message = f"in place of source {place}" if place else ""
        return Known(replaces=place, message=message) if whole else _rotation(case, source, head, replaces=place)
    if same is not None:
        return _copy(source, same, options, version)
    if whole or source.path == "-" or not size:
        return Known()
    if grown:
        return _continued(case, source, head, max(grown, key=lambda e: e.size))
    part = next(iter(copies), None) or (_part_of(alike, source, size, digests[size]) if alike else None)
    if part is not None:
        return Known(skips=[(0, size, part.source_id)], message=f"all of it is in source {part.source_id}")
    return _rotation(case, source, head)


def _make_room(case: Case, source: Source, contained: list[_Earlier], *, replace: bool) -> int | None:
    """Remove what this source takes the place of; what leaned on that leans on this source from now on."""
    gone = {e.source_id for e in contained}
    if replace:
        same_path = _earlier(case, "path = ? AND member IS NOT DISTINCT FROM ?", [source.path, source.member])
        others = {e.source_id for e in same_path} - gone
        require_independent(case, others, besides=gone | others)
        gone |= others
    if not gone:
        return None
    place = min(gone)
    for source_id in gone:
        remove_rows(case, source_id)
        case.execute("UPDATE source_skips SET owner = ? WHERE owner = ?", [place, source_id])
        case.execute(
            "UPDATE ignored SET reason = ? WHERE reason = ?", [ALREADY.format(place), ALREADY.format(source_id)]
        )
    return place


def _earlier(case: Case, where: str, values: list[object]) -> list[_Earlier]:
    rows = case.sql(
        "SELECT source_id, path, member, sha256, size_bytes, options, parser_version, opening, closing, "
        f"container_sha256 FROM sources WHERE {where} ORDER BY source_id",
        values,
    ).pl()
    return [_Earlier(*row) for row in rows.iter_rows()]


def _alike(case: Case, head: bytes) -> list[_Earlier]:
    """Sources whose first bytes are this content's."""
    sizes = case.sql(
        "SELECT DISTINCT size_bytes s FROM sources WHERE size_bytes < ? AND size_bytes <= ?", [HEAD, len(head)]
    )
    digests = {hashlib.sha256(head[: int(s)]).hexdigest() for s in sizes.pl()["s"]} | {head_digest(head)}
    return _earlier(case, "head_sha256 IN (SELECT unnest(?)) AND (size_bytes > 0 OR ? = 0)", [list(digests), len(head)])


def _digests(source: Source, sizes: set[int]) -> tuple[int, dict[int, str], str | None]:
    """Size of the content, the digest of its beginning at each of `sizes` and at the end, and why it ended early."""
    marks = sorted(sizes)
    digest, done, result = hashlib.sha256(), 0, {}
    with source.open() as content:
        while True:
            want = next((m - done for m in marks if m > done), CHUNK)
            block = content.read(min(want, CHUNK))
            if not block:
                break
            digest.update(block)
            done += len(block)
            if done in sizes:
                result[done] = digest.hexdigest()
        damage = content.truncated
    result[done] = digest.hexdigest()
    return done, result, damage


def content_digest(source: Source) -> str:
    """SHA-256 of all of a source's content."""
    size, digests, _ = _digests(source, set())
    return digests[size]


def _family(earlier: _Earlier, source: Source) -> bool:
    """Same path, or rotation siblings in one folder (or one archive)."""
    if earlier.path == source.path and earlier.member == source.member:
        return True
    mine, theirs = Path(source.member or source.path), Path(earlier.member or earlier.path)
    same_folder = mine.parent == theirs.parent and (source.member is None) == (earlier.member is None)
    return same_folder and rotation_stem(mine.name) == rotation_stem(theirs.name)


def _copy(source: Source, earlier: _Earlier, options: str, version: str) -> Known:
    """The same content again."""
    if json.loads(earlier.options or "{}") != json.loads(options):
        raise UsageError(
            f"this content is source {earlier.source_id} ({earlier.label()}), read with {earlier.options}, "
            f"and now asked for with {options}",
            where=source.label,
            remedy="to read it anew: fwf ingest --replace; to be rid of it: fwf sources remove "
            f"{earlier.source_id}; sensor and run alone: fwf sources set {earlier.source_id}",
        )
    if earlier.version != version:
        raise UsageError(
            f"this content is source {earlier.source_id}, read by parsers {earlier.version}; these are {version}",
            where=source.label,
            remedy="to read it anew: fwf ingest --replace",
        )
    return Known(
        duplicate_of=earlier.source_id, message=f"same content as source {earlier.source_id} ({earlier.label()})"
    )


def _continued(case: Case, source: Source, head: bytes, earlier: _Earlier) -> Known:
    """A grown file: its beginning is an earlier source."""
    run_build(case, "without_damage", {"source": earlier.source_id})
    row = case.sql("SELECT lines, last_ts, year_basis FROM sources WHERE source_id = ?", [earlier.source_id]).rows()[0]
    end = earlier.size
    if row["lines"] and not _ends_line(source, earlier.size):
        end = _reopen_last_line(case, source, earlier, int(row["lines"]))
    known = _rotation(case, source, head)
    others = [s for s in known.skips if s[0] >= end and s[2] != earlier.source_id]
    known.skips = [(0, end, earlier.source_id), *others]
    if row["year_basis"] == "option" and row["last_ts"] is not None:
        known.year = (row["last_ts"].year, row["last_ts"].month)
    known.message = f"continues source {earlier.source_id} from byte {end:,} on"
    return known


def _ends_line(source: Source, size: int) -> bool:
    return _slice(source, size - 1, size) == b"\n"


def _reopen_last_line(case: Case, source: Source, earlier: _Earlier, last_line: int) -> int:
    """The earlier source ended inside a line, which is whole now: it is read here, and no longer there."""
    window = _slice(source, max(0, earlier.size - WINDOW), earlier.size)
    begin = earlier.size - len(window) + window.rfind(b"\n") + 1
    counted = case.sql(
        "SELECT (SELECT count(*) FROM rejects WHERE source_id = $s AND line_no = $n) AS rejects, "
        "(SELECT count(*) FROM events WHERE source_id = $s AND line_no = $n)"
        " + (SELECT count(*) FROM activity WHERE source_id = $s AND line_no = $n) AS rows",
        {"s": earlier.source_id, "n": last_line},
    ).rows()[0]
    for table in ("events", "activity", "leases", "translations", "gpu_samples", "rejects"):
        case.execute(f"DELETE FROM {table} WHERE source_id = ? AND line_no = ?", [earlier.source_id, last_line])
    if counted["rejects"] or counted["rows"]:
        column = "rejects" if counted["rejects"] else "parsed"
        case.execute(
            f"UPDATE sources SET {column} = {column} - 1, ignored = ignored + 1, rows = rows - ? WHERE source_id = ?",
            [counted["rows"], earlier.source_id],
        )
        case.execute(
            "INSERT INTO ignored VALUES (?, ?, NULL, 1, ?, ?, ?)",
            [earlier.source_id, "unfinished, read whole in a later source", last_line, last_line, ""],
        )
    return begin


def _slice(source: Source, begin: int, end: int) -> bytes:
    """Some bytes out of the middle of the content."""
    with source.open() as content:
        done = 0
        while done < begin:
            block = content.read(min(CHUNK, begin - done))
            if not block:
                return b""
            done += len(block)
        parts = []
        while done < end and (block := content.read(min(CHUNK, end - done))):
            parts.append(block)
            done += len(block)
    return b"".join(parts)


def _part_of(alike: list[_Earlier], source: Source, size: int, total: str) -> _Earlier | None:
    """An earlier, longer source of the family that begins with all of this one."""
    for earlier in alike:
        if earlier.size > size and _family(earlier, source):
            begun = _again(earlier)
            if begun is not None and _digests(begun, {size})[1].get(size) == total:
                return earlier
    return None


def _again(earlier: _Earlier) -> Source | None:
    """The evidence of an earlier source, if it is still there."""
    try:
        return find(earlier.path, earlier.member)
    except FwfError:
        return None


def _rotation(case: Case, source: Source, head: bytes, replaces: int | None = None) -> Known:
    """Blocks that this content shares with the beginning or end of a rotation sibling.

    Only siblings whose first or last lines stand here, by their fingerprints, are read again.
    """
    skips: list[tuple[int, int, int]] = []
    # The reader drops a byte order mark: places in its text lie that many bytes behind those in the file.
    begins_at = len(codecs.BOM_UTF8) if head.startswith(codecs.BOM_UTF8) else 0
    bare = Known(replaces=replaces, _at=begins_at, message=f"in place of source {replaces}" if replaces else "")
    short = len(head) < HEAD_READ and head.count(b"\n") < MIN_LINES
    if short or source.path == "-" or isinstance(transcoder(head), Utf16):
        return bare
    name = Path(source.member or source.path)
    begins = str(name.with_name(rotation_stem(name.name)))
    rows = _earlier(case, "size_bytes > 0 AND starts_with(coalesce(member, path), ?)", [begins])
    siblings = [e for e in rows if _family(e, source) and (e.path, e.member) != (source.path, source.member)]
    if not siblings:
        return bare
    size, begin, end = _windows(source, head)
    for earlier, may_lead, may_follow in _overlapping(siblings, begin, end):
        theirs = _again(earlier)
        if theirs is None:
            continue
        shared = 0
        if may_lead:
            shared = _shared_lines(_slice(theirs, max(0, earlier.size - WINDOW), earlier.size), begin)
        if shared:
            skips.append((0, shared, earlier.source_id))
            continue
        shared = _shared_lines(end, _slice(theirs, 0, min(WINDOW, earlier.size))) if may_follow else 0
        if shared:
            skips.append((size - shared, size, earlier.source_id))
    message = "; ".join(f"bytes {a:,}–{b:,} are in source {o}" for a, b, o in skips)
    return Known(replaces=replaces, skips=skips, message=message or bare.message, _at=begins_at)


def _overlapping(siblings: list[_Earlier], begin: bytes, end: bytes) -> Iterator[tuple[_Earlier, bool, bool]]:
    """The siblings whose last lines stand in `begin`, or whose first lines stand in `end`, and which of both."""
    leads = np.isin(np.array([e.closing or edges.NEVER for e in siblings], np.uint64), edges.runs(begin))
    follows = np.isin(np.array([e.opening or edges.NEVER for e in siblings], np.uint64), edges.runs(end))
    for earlier, lead, follow in zip(siblings, leads.tolist(), follows.tolist(), strict=True):
        may_lead, may_follow = lead or earlier.closing is None, follow or earlier.opening is None
        if may_lead or may_follow:
            yield earlier, may_lead, may_follow


def _windows(source: Source, head: bytes) -> tuple[int, bytes, bytes]:
    """Size of the content, and as much of its beginning and end as is held against siblings."""
    if len(head) < HEAD_READ:
        return len(head), head, head
    begin: list[bytes] = []
    end: deque[bytes] = deque()
    size = held = 0
    with source.open() as content:
        while block := content.read(CHUNK):
            if size < WINDOW:
                begin.append(block)
            end.append(block)
            size, held = size + len(block), held + len(block)
            while held - len(end[0]) >= WINDOW:
                held -= len(end.popleft())
    return size, b"".join(begin)[:WINDOW], b"".join(end)[-WINDOW:]


def _shared_lines(end_of_one: bytes, begin_of_other: bytes) -> int:
    """Length of the longest block of at least `MIN_LINES` whole lines that ends one and begins the other."""
    probe_end = 0
    for _ in range(MIN_LINES):
        probe_end = begin_of_other.find(b"\n", probe_end) + 1
        if not probe_end:
            return 0
    probe = begin_of_other[:probe_end]
    at = end_of_one.find(probe)
    while at >= 0:
        begins_line = at == 0 or end_of_one[at - 1 : at] == b"\n"
        block = end_of_one[at:]
        if begins_line and begin_of_other.startswith(block) and block.endswith(b"\n"):
            return len(block)
        at = end_of_one.find(probe, at + 1)
    return 0
