"""New cases are copies of an empty one that is kept: eight hundred columns with their comments take a second to make.

It lies compressed, with a checksum, in `$XDG_CACHE_HOME/fwforensics` (else `~/.cache/fwforensics`); its name says what
it was made of. Where it cannot be kept, or is damaged, the case is made anew.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path

import zstandard

from fwforensics.queries import install, is_installed, query_dirs
from fwforensics.schema import SCHEMA_VERSION, TABLES
from fwforensics.store import MEMORY_LIMIT, Case, now
from fwforensics.version import __version__


def writable(path: Path, *, create: bool = False, memory_limit: str = MEMORY_LIMIT) -> Case:
    """Open a case to change; a new one gets tables, views and macros, an interrupted one is put in order."""
    is_copy = create and not path.exists() and _copied(path)
    case = Case(path, create=create, memory_limit=memory_limit)
    try:
        case.execute("UPDATE meta SET created_at = ? WHERE created_at IS NULL", [now()])
        case.has_fresh_views = is_copy
        if not (is_copy or is_installed(case)):
            install(case)
    except BaseException:
        case.close()
        raise
    return case


def _copied(path: Path) -> bool:
    """Put the empty case there, all of it or nothing; False where that cannot be done."""
    if len(query_dirs()) > 1:  # it has the macros of this release, and none of the analyst's own
        return False
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        content = _content()
        beside.write_bytes(content)
        # Refused where another process has made the case meanwhile, whose place a rename would take.
        os.link(beside, path)
    except (OSError, RuntimeError, zstandard.ZstdError):
        return False
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
    return True


def _content() -> bytes:
    """The empty case of this release as a file's bytes; kept for the next time."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fwforensics"
    kept = folder / f"empty-{_origin()}.duckdb.zst"
    with suppress(FileNotFoundError, zstandard.ZstdError):
        return zstandard.ZstdDecompressor().decompress(kept.read_bytes())
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix="making-") as place:
        content = _made(Path(place) / "empty.duckdb")
        packed = Path(place) / "packed"
        packed.write_bytes(zstandard.ZstdCompressor(write_checksum=True).compress(content))
        for older in folder.glob("empty-*"):
            older.unlink(missing_ok=True)
        packed.replace(kept)
    return content


def _made(path: Path) -> bytes:
    with Case(path, create=True) as case:
        install(case)
        case.execute("UPDATE meta SET created_at = NULL")
        case.checkpoint()
    return path.read_bytes()


@cache
def _origin() -> str:
    """A digest of all that an empty case is made of."""
    ddl = (statement for table in TABLES.values() for statement in table.ddl())
    parts = [__version__, version("duckdb"), str(SCHEMA_VERSION), *ddl]
    digest = hashlib.sha256("\0".join(parts).encode())
    own = query_dirs()[0]
    for path in sorted((*own.rglob("*.sql"), own / "thresholds.toml")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:24]
