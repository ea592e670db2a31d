"""Zip and tar archives, compressed or not, on disk or inside one another, as members that open in any order.

What an archive is, its first bytes say. One that is compressed, or a member of another, is unpacked once into a file
without a name, which counts against the limits of the file that everything came in.
"""

from __future__ import annotations

import shutil
import sys
import tarfile
import tempfile
import weakref
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import BinaryIO, cast

from fwforensics.errors import SourceError
from fwforensics.inflate import BLOCK, Guard, Inflating, Limits

# Members may be compressed with zstd, which the standard library reads from 3.14 on.
if sys.version_info >= (3, 14):
    import zipfile
else:
    from backports.zstd import zipfile

#: What a broken archive raises; the content of compressed streams is looked after by `Inflating`.
BROKEN = (zipfile.BadZipFile, tarfile.TarError)
#: As many archives may lie in one another.
DEPTH = 4
#: Between the names of an archive and of its member.
INTO = "!"
HEAD = 512
EPOCH = datetime(1970, 1, 1, tzinfo=UTC).replace(tzinfo=None)


def utc(seconds: float) -> datetime:
    """Seconds since 1970 as the case stores times; 1970 where they are beyond all years."""
    try:
        return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
    except (ValueError, OverflowError, OSError):
        return EPOCH


@dataclass(slots=True)
class Received:
    """The file that an archive came in, and how much of it was unpacked so far.

    Attributes:
        size: bytes as stored.
        mtime: of the file; of members that have none.
    """

    path: str
    size: int
    mtime: datetime
    limits: Limits
    unpacked: int = 0

    def guard(self, label: str, stored: int) -> Guard:
        """For one member: what expands beyond reason, against its own size and that of the file."""
        return Guard(self.limits, label, lambda: max(1, min(stored, self.size)))

    def unpack(self, stream: BinaryIO) -> BinaryIO:
        """A file that can be read anywhere, with what `stream` holds."""
        guard = Guard(self.limits, self.path, lambda: max(1, self.size))
        file = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115 (its archive closes it)
        try:
            while block := stream.read(BLOCK):
                self.unpacked += len(block)
                guard.check(self.unpacked)
                file.write(block)
            file.seek(0)
        except BaseException as error:
            file.close()
            if isinstance(error, OSError):
                room = f"{shutil.disk_usage(tempfile.gettempdir()).free:,} bytes free in {tempfile.gettempdir()}"
                remedy = f"unpacking needs room ({room}); TMPDIR names another place"
                raise SourceError(str(error), where=self.path, remedy=remedy) from error
            raise
        return file


@dataclass(frozen=True, slots=True)
class Member:
    """One file in an archive: its way in, from the outermost archive on, and how to open what it holds."""

    name: str
    mtime: datetime
    stored_size: int
    open: Callable[[], BinaryIO]


class Archive:
    """An open archive; its file is closed with it."""

    def __init__(self, file: BinaryIO, head: bytes, received: Received, way: str = "", depth: int = 1) -> None:
        self.received, self.way, self.depth = received, way, depth
        self._inside: tuple[str, Archive] | None = None
        weakref.finalize(self, file.close)
        self.members = list(_zip(file, received, way) if head.startswith(b"PK") else _tar(file, received, way))

    def inside(self, member: Member) -> Archive | None:
        """The archive that a member is; None where it is none. The one asked for last stays open."""
        if self._inside is None or self._inside[0] != member.name:
            with closing(member.open()) as stream:
                head = stream.read(HEAD)
                if not is_archive(head):
                    return None
                if self.depth == DEPTH:
                    raise SourceError(
                        f"archives lie in one another more than {DEPTH} deep",
                        where=f"{self.received.path}{INTO}{member.name}",
                        remedy="unpack the outer ones first",
                    )
            with closing(member.open()) as stream:
                file = self.received.unpack(stream)
            self._inside = member.name, Archive(file, head, self.received, member.name + INTO, self.depth + 1)
        return self._inside[1]


def is_archive(head: bytes) -> bool:
    """Are these the first bytes of a zip or tar archive?"""
    return head[:4] in (b"PK\x03\x04", b"PK\x05\x06") or head[257:262] == b"ustar"


def _zip(file: BinaryIO, received: Received, way: str) -> Iterator[Member]:
    archive = zipfile.ZipFile(file)
    seen: dict[str, int] = {}
    for info in sorted((i for i in archive.infolist() if not i.is_dir()), key=lambda i: i.filename):
        name = way + _unique(info.filename, seen)
        opener = _zip_opener(archive, info, received, f"{received.path}{INTO}{name}")
        yield Member(name, _zip_time(info, received), info.compress_size or received.size, opener)


def _zip_opener(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, received: Received, label: str
) -> Callable[[], BinaryIO]:
    def opener() -> BinaryIO:
        try:
            stream = archive.open(info)
        except (RuntimeError, NotImplementedError) as error:  # encrypted, or an unknown method
            why = "it is encrypted" if info.flag_bits & 1 else str(error)
            raise SourceError(why, where=label, remedy="unpack it first, and ingest what comes out") from error
        guard = received.guard(label, info.compress_size)
        return cast("BinaryIO", Inflating(cast("BinaryIO", stream), received.limits, label, guard))

    return opener


def _zip_time(info: zipfile.ZipInfo, received: Received) -> datetime:
    """A member's time; the file's own where it has none that there could be."""
    try:
        return datetime(*info.date_time, tzinfo=UTC).replace(tzinfo=None)
    except ValueError:
        return received.mtime


def _tar(file: BinaryIO, received: Received, way: str) -> Iterator[Member]:
    archive = tarfile.open(fileobj=file, mode="r:")  # noqa: SIM115 (it has no file of its own)
    seen: dict[str, int] = {}
    for info in sorted((i for i in archive if i.isfile()), key=lambda i: i.name):
        name = way + _unique(info.name, seen)
        opener = _tar_opener(archive, info, received, f"{received.path}{INTO}{name}")
        yield Member(name, utc(info.mtime), min(received.size, info.size), opener)


def _tar_opener(
    archive: tarfile.TarFile, info: tarfile.TarInfo, received: Received, label: str
) -> Callable[[], BinaryIO]:
    def opener() -> BinaryIO:
        stream = cast("BinaryIO", archive.extractfile(info))
        return cast("BinaryIO", Inflating(stream, received.limits, label, received.guard(label, info.size)))

    return opener


def _unique(name: str, seen: dict[str, int]) -> str:
    """Members of one archive may have one name: the second is `name#2`."""
    seen[name] = seen.get(name, 0) + 1
    return name if seen[name] == 1 else f"{name}#{seen[name]}"
