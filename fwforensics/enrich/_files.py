"""Files that an analyst gives: decompressed, with the day they were last changed."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from fwforensics.errors import UsageError
from fwforensics.reader import expand


@dataclass(frozen=True, slots=True)
class Given:
    """A file's content, its name without folder, and the day it was last changed."""

    name: str
    path: str
    content: bytes
    changed: datetime

    @property
    def text(self) -> str:
        """The content as text; bad bytes are written out."""
        return self.content.decode("utf-8-sig", "backslashreplace")


def require(path: str) -> Path:
    """A file that is there."""
    if not Path(path).is_file():
        raise UsageError("there is no such file", where=path)
    return Path(path)


def read(path: str) -> Iterator[Given]:
    """The file, or all members of an archive, decompressed."""
    require(path)
    for source in expand([path]):
        with source.open() as opened:
            content = opened.read()
            if opened.truncated:
                raise UsageError(f"the file is damaged: {opened.truncated}", where=source.label)
        yield Given(source.name, str(Path(path).resolve()), content, source.mtime)


def csv(given: Given, needed: Iterable[str], aliases: dict[str, str]) -> pl.DataFrame:
    """A CSV with a header: names in lower case, aliases resolved, empty texts as NULL."""
    if not given.content.strip():
        raise UsageError("the file is empty", where=given.path)
    separator = max(",;\t", key=given.text.split("\n", 1)[0].count)
    try:
        frame = pl.read_csv(
            io.StringIO(given.text), infer_schema=False, separator=separator, truncate_ragged_lines=True
        )
    except pl.exceptions.PolarsError as error:
        raise UsageError(f"this is no CSV: {str(error).splitlines()[0]}", where=given.path) from error
    seen: dict[str, pl.Series] = {}
    for name in frame.columns:
        plain = name.strip().lower().replace(" ", "_").replace("-", "_")
        seen.setdefault(aliases.get(plain, plain), frame[name].str.strip_chars().replace("", None))
    if missing := set(needed) - set(seen):
        known = ", ".join(frame.columns)
        raise UsageError(
            f"there is no column {min(missing)}", where=given.path, remedy=f"its columns are: {known[:200]}"
        )
    return pl.DataFrame([values.alias(name) for name, values in seen.items()])
