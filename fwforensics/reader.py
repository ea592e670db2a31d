"""Any input as decompressed bytes and numbered lines; nothing else opens evidence, and evidence is only ever read.

A path, folder, glob or `-` becomes `Source`s: plain files, the content of compressed files, members of archives. What a
file is, its first bytes say, not its name. Memory stays bounded whatever the size, and decompression is stopped at a
ratio and a size that look like a bomb.
"""

from __future__ import annotations

import glob
import hashlib
import os
import shutil
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any, BinaryIO, cast

from fwforensics.archives import BROKEN, EPOCH, INTO, Archive, Received, is_archive, utc
from fwforensics.archives import HEAD as HEAD_OF_ARCHIVE
from fwforensics.errors import SourceError, UsageError
from fwforensics.inflate import DAMAGED, Inflating, Limits
from fwforensics.unicode import transcoder

#: What reading a file or an archive raises; the content of compressed streams is looked after by `Inflating`.
UNREADABLE = (OSError, EOFError, zlib.error, *BROKEN)
CHUNK = 4 << 20
HEAD = 64 << 10
#: A line longer than this is not assembled; its first part is handed on as a reject.
MAX_LINE = 16 << 20
KEEP_OF_LONG = 1 << 20
STDIN = "-"


Opener = Callable[[], AbstractContextManager[BinaryIO]]


@dataclass(slots=True)
class Source:
    """One input: a file, the content of a compressed file, a member of an archive, or stdin.

    Attributes:
        path: where it was read from, absolute; `-` for stdin.
        member: name inside the archive; inside an archive in an archive, the way there: `logs/fw.zip!fw.log`.
        mtime: when it was last changed, UTC without zone; of the member where there is one.
        stored_size: bytes as stored, for progress.
        container_digest: works out the SHA-256 of the file as received, where that is not its content's.
    """

    path: str
    member: str | None
    mtime: datetime
    stored_size: int
    limits: Limits
    opener: Opener
    container_digest: Callable[[], str] | None = None

    @property
    def container_sha256(self) -> str | None:
        """Of the file as received; None where its content is all that it is."""
        return self.container_digest() if self.container_digest is not None else None

    @property
    def label(self) -> str:
        """Path and member for people."""
        return f"{self.path}!{self.member}" if self.member else self.path

    @property
    def name(self) -> str:
        """File name of the member or the file."""
        return Path(self.member or self.path).name

    @contextmanager
    def open(self) -> Iterator[Content]:
        """The decompressed content."""
        try:
            with self.opener() as raw:
                yield Content(raw, self.label)
        except UNREADABLE as error:
            raise SourceError(str(error) or type(error).__name__, where=self.label) from error


@dataclass(slots=True)
class Content:
    """Decompressed bytes, hashed as they are read.

    Attributes:
        size: bytes read so far.
        truncated: why the stream ended early, or None.
    """

    raw: BinaryIO
    label: str
    size: int = 0
    _sha: Any = field(default_factory=hashlib.sha256)
    _ahead: bytes = b""
    _begin: bytes = b""
    _back: bytes = b""
    _last: bytes = b""

    @property
    def truncated(self) -> str | None:
        """Why the stream ended early, or None."""
        return cast("str | None", getattr(self.raw, "truncated", None))

    @property
    def sha256(self) -> str:
        """Of all bytes read so far."""
        return str(self._sha.hexdigest())

    @property
    def tail(self) -> bytes:
        """The last 64 KiB read so far."""
        return self._last

    def head(self, size: int = HEAD) -> bytes:
        """The next bytes, without reading past them."""
        while len(self._ahead) < size:
            block = self.raw.read(size - len(self._ahead))
            if not block:
                break
            self._ahead += block
        return self._ahead[:size]

    def read(self, size: int = -1) -> bytes:
        """Read up to `size` bytes (all that is left if negative)."""
        if size < 0:
            return b"".join(iter(lambda: self.read(CHUNK), b""))
        if self._back:
            again, self._back = self._back[:size], self._back[size:]
            return again
        if self._ahead:
            block, self._ahead = self._ahead[:size], self._ahead[size:]
        else:
            block = self.raw.read(size) or b""
        if self.size < HEAD:
            self._begin += block[: HEAD - self.size]
        self._last = (block if len(block) >= HEAD else self._last + block)[-HEAD:]
        self.size += len(block)
        self._sha.update(block)
        return block

    def seek(self, target: int) -> int:
        """Go to a byte: forward anywhere, back only while nothing past the first 64 KiB was read."""
        at = self.size - len(self._back)
        if target < at or self._back:
            if self.size > len(self._begin):
                raise SourceError("a stream cannot be read backwards", where=self.label)
            self._back = self._begin[target:]
            at = min(target, self.size)
        while at < target and (block := self.read(min(target - at, CHUNK))):
            at += len(block)
        return at

    def readinto(self, target: bytearray | memoryview) -> int:
        """Fill a buffer, as file objects do."""
        block = self.read(len(target))
        target[: len(block)] = block
        return len(block)


@dataclass(slots=True)
class Chunk:
    """Whole lines.

    Attributes:
        data: lines with their line feeds.
        first: number of the first of them.
        long: the line is a monster of this many bytes, of which `data` has the first part.
        size: decompressed bytes of the source read so far.
    """

    data: bytes
    first: int
    long: int = 0
    size: int = 0


def chunks(content: Content, size: int = 2 * CHUNK) -> Iterator[Chunk]:
    """Cut content into batches of whole lines, numbered from 1; a line feed ends a line, nothing else does."""
    text = transcoder(content.head(4096))
    carry: list[bytes] = []
    carried, number = 0, 1
    monster: tuple[bytes, int] | None = None
    while block := content.read(size):
        block = text(block)
        cut = block.rfind(b"\n") + 1
        if monster is not None:
            end = block.find(b"\n") + 1
            if not end:
                monster = (monster[0], monster[1] + len(block))
                continue
            yield Chunk(monster[0], number, monster[1] + end - 1, content.size)
            number, monster = number + 1, None
            block, cut = block[end:], cut - end
        if cut:
            data = b"".join((*carry, block[:cut]))
            yield Chunk(data, number, 0, content.size)
            number += data.count(b"\n")
            carry, carried = [], 0
        carry.append(block[cut:])
        carried += len(block) - cut
        if carried > MAX_LINE:
            monster = (b"".join(carry)[:KEEP_OF_LONG], carried)
            carry, carried = [], 0
    rest = b"".join((*carry, text(b"", final=True)))
    if monster is not None:
        yield Chunk(monster[0], number, monster[1] + len(rest), content.size)
    elif rest:
        yield Chunk(rest, number, 0, content.size)


def expand(inputs: Sequence[str], limits: Limits | None = None) -> Iterator[Source]:
    """The sources behind paths, folders (recursive, sorted), globs and `-`; each path once."""
    paths = dict.fromkeys(path for given in inputs for path in _paths(given))
    for path in paths:
        yield from _or_unreadable(path, limits or Limits())


def _or_unreadable(path: str, limits: Limits) -> Iterator[Source]:
    """The sources in one file; what stops them becomes a source that cannot be opened: the next file is read."""
    try:
        yield from sources(path, limits)
    except UNREADABLE as error:
        failed = SourceError(str(error) or type(error).__name__, where=path)
        yield Source(path, None, EPOCH, 0, limits, _failing(failed))
    except SourceError as error:
        yield Source(path, None, EPOCH, 0, limits, _failing(error))


def _failing(error: SourceError) -> Opener:
    @contextmanager
    def opener() -> Iterator[BinaryIO]:
        raise error
        yield

    return opener


def _paths(given: str) -> list[str]:
    if given == STDIN:
        return [STDIN]
    path = Path(given)
    if path.is_dir():
        found = (Path(root) / name for root, _, names in os.walk(path) for name in names)
        return sorted(str(f.resolve()) for f in found if f.is_file() and not _is_case(f))
    if path.exists():
        return [str(path.resolve() if path.is_file() else path.absolute())]
    matched = sorted(p for g in glob.glob(given, recursive=True) if Path(g).exists() for p in _paths(g))  # noqa: PTH207 (user's own pattern)
    if not matched:
        raise UsageError("there is no such file or folder, and nothing matches it as a pattern", where=given)
    return matched


def _is_case(path: Path) -> bool:
    """A case beside the logs is no evidence."""
    if path.suffix in (".wal", ".tmp") and ".duckdb" in path.name:
        return True
    try:
        with path.open("rb") as f:
            return f.read(12)[8:12] == b"DUCK"
    except OSError:
        return False


def sources(path: str, limits: Limits, wanted: str | None = None) -> Iterator[Source]:
    """The sources in one file: itself, its content, or the members of the archive that it is.

    Args:
        path: the file, or `-`.
        limits: when decompression is stopped.
        wanted: of an archive, only the member of this name; no other is opened.
    """
    if path == STDIN:
        now = datetime.now(UTC).replace(tzinfo=None)
        yield Source(STDIN, None, now, 0, limits, _stdin_opener(limits))
        return
    try:
        stat = Path(path).stat()
        if not Path(path).is_file():
            raise SourceError("this is a pipe or a device, no file", where=path, remedy="… | fwf ingest -")
        with closing(_decompressed(path, limits)) as raw:
            head, is_plain = raw.read(HEAD_OF_ARCHIVE) or b"", raw.is_plain
    except DAMAGED as error:
        raise SourceError(str(error), where=path) from error
    digest = None if is_plain and not is_archive(head) else cache(partial(_file_digest, path))
    if is_archive(head):
        yield from _members(_archive(path, stat.st_size, stat.st_mtime_ns, limits), digest, wanted)
    else:
        opener = lambda: closing(cast("BinaryIO", _decompressed(path, limits)))  # noqa: E731 (it is one expression)
        yield Source(path, None, utc(stat.st_mtime), stat.st_size, limits, opener, digest)


@lru_cache(maxsize=1)
def _archive(path: str, size: int, mtime_ns: int, limits: Limits) -> Archive:
    """The archive that a file is; the last one stays open, since its members are asked for one after the other."""
    received = Received(path, size, utc(mtime_ns / 1e9), limits)
    with closing(_decompressed(path, limits)) as raw:
        head = raw.read(HEAD_OF_ARCHIVE)
        if raw.is_plain:
            return Archive(Path(path).open("rb"), head, received)
    with closing(_decompressed(path, limits)) as raw:
        return Archive(received.unpack(cast("BinaryIO", raw)), head, received)


def _members(archive: Archive, digest: Callable[[], str] | None, wanted: str | None) -> Iterator[Source]:
    """The files in an archive, and those in the archives in it; what cannot be opened is a source that says so."""
    path, limits = archive.received.path, archive.received.limits
    for member in archive.members:
        name = member.name
        if wanted is not None and wanted != name and not wanted.startswith(name + INTO):
            continue
        opener: Opener = partial(_closing, member.open)
        try:
            inner = archive.inside(member)
        except SourceError as error:
            inner, opener = None, _failing(error)
        except DAMAGED:
            inner = None  # a file like any other: it is read as far as it goes
        except UNREADABLE as error:
            inner, opener = None, _failing(SourceError(str(error), where=f"{path}{INTO}{name}"))
        if inner is not None:
            yield from _members(inner, digest, wanted)
        else:
            yield Source(path, name, member.mtime, member.stored_size, limits, opener, digest)


def _closing(opener: Callable[[], BinaryIO]) -> AbstractContextManager[BinaryIO]:
    return closing(opener())


def _file_digest(path: str) -> str:
    with Path(path).open("rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


def _stdin_opener(limits: Limits) -> Opener:
    """Stdin can be read once: it is kept in a file without a name, so that it can be compared and then parsed."""
    kept: list[Any] = []

    @contextmanager
    def opener() -> Iterator[BinaryIO]:
        if not kept:
            kept.append(tempfile.NamedTemporaryFile(prefix="fwf-stdin-"))  # noqa: SIM115 (lives as long as the source)
            shutil.copyfileobj(sys.stdin.buffer, kept[0], CHUNK)
            kept[0].flush()
        with Path(kept[0].name).open("rb") as again:
            yield cast("BinaryIO", Inflating(again, limits))

    return opener


def _decompressed(path: str, limits: Limits) -> Inflating:
    return Inflating(Path(path).open("rb"), limits, path)


def find(path: str, member: str | None, limits: Limits | None = None) -> Source:
    """The source at a place that was read before."""
    if not Path(path).exists():
        raise SourceError("the file is no longer there", where=path)
    for source in sources(path, limits or Limits(), member):
        if source.member == member:
            return source
    raise SourceError(f"the archive has no member {member!r}", where=path)
