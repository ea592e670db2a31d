"""Rows as bytes in a machine format (or Markdown), a batch at a time: an answer may be larger than memory.

CSV cells never begin a formula. A file appears whole, under its name, or not at all.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, cast

import polars as pl

from fwforensics.cli.values import CONTROLS, OutputFormat, cell, plain, style, visible
from fwforensics.errors import FwfError, UsageError


def write(batches: Iterable[pl.DataFrame], output: OutputFormat, target: BinaryIO) -> int:
    """Write rows; the first batch tells the columns, whether or not it has rows. Returns how many there were."""
    stream = iter(batches)
    first = next(stream, pl.DataFrame())
    rows = 0

    def counted() -> Iterator[pl.DataFrame]:
        nonlocal rows
        for frame in chain([first], stream):
            rows += frame.height
            yield frame

    if output is OutputFormat.PARQUET:
        _write_parquet(first, counted(), target)
    else:
        writer = {OutputFormat.JSON: _json, OutputFormat.JSONL: _jsonl, OutputFormat.CSV: _csv}.get(output, _markdown)
        target.writelines(text.encode(errors="backslashreplace") for text in writer(counted()))
    target.flush()
    return rows


@contextmanager
def whole_file(target: Path, *, clobber: bool) -> Iterator[BinaryIO]:
    """A file to write into that gets its name when all of it is written; whatever goes wrong, nothing is left.

    Raises:
        UsageError: the file is there already, and `clobber` is not set.
        FwfError: it cannot be written.
    """
    require_free(target, clobber=clobber)
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with part.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        require_free(target, clobber=clobber)
        part.replace(target)
    except OSError as error:
        why = error.strerror or str(error)
        raise FwfError(f"cannot be written: {why}", where=str(target), remedy="nothing of it was kept") from error
    finally:
        part.unlink(missing_ok=True)


def require_free(target: Path, *, clobber: bool) -> None:
    """Raise where a file must not be written to."""
    if target.is_dir():
        raise UsageError("this is a folder", where=str(target), remedy="name a file in it")
    if not clobber and (target.exists() or target.is_symlink()):
        raise UsageError("the file is there already", where=str(target), remedy="--clobber overwrites it")


class _Counted:
    """A stream that cannot say where it is, such as a pipe, as Parquet wants it."""

    closed = False

    def __init__(self, target: BinaryIO) -> None:
        self._target, self._at = target, 0

    def write(self, data: bytes) -> int:
        self._target.write(data)
        self._at += len(data)
        return len(data)

    def tell(self) -> int:
        return self._at

    def flush(self) -> None:
        self._target.flush()

    def close(self) -> None:
        """The target is the caller's."""


def _write_parquet(first: pl.DataFrame, frames: Iterator[pl.DataFrame], target: BinaryIO) -> None:
    import pyarrow.parquet as pq  # 0.2 s that no other command needs

    def arrow(frame: pl.DataFrame) -> Any:
        return frame.to_arrow(compat_level=pl.CompatLevel.oldest())

    with pq.ParquetWriter(_Counted(target), arrow(first).schema, compression="zstd") as writer:
        for frame in frames:
            if frame.height:
                writer.write_table(arrow(frame))


def _json(frames: Iterator[pl.DataFrame]) -> Iterator[str]:
    before = "[\n"
    for frame in frames:
        for row in frame.iter_rows(named=True):
            text = escaped_json(json.dumps([_plain(row)], ensure_ascii=False, default=str, indent=1))
            yield before + text[2:-2]
            before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def _jsonl(frames: Iterator[pl.DataFrame]) -> Iterator[str]:
    for frame in frames:
        if all(map(_is_plain, frame.dtypes)):
            times = [_rfc3339(c) for c, t in frame.schema.items() if isinstance(t, pl.Datetime)]
            yield escaped_json(frame.with_columns(times).write_ndjson())
        else:
            rows = (json.dumps(_plain(r), ensure_ascii=False, default=str) for r in frame.iter_rows(named=True))
            yield escaped_json("".join(f"{row}\n" for row in rows))


def _is_plain(dtype: pl.DataType) -> bool:
    """Does JSON have this type, or is it a time in UTC?"""
    if isinstance(dtype, pl.List):
        return _is_plain(cast("pl.DataType", dtype.inner)) and not isinstance(dtype.inner, pl.Datetime)
    in_utc = isinstance(dtype, pl.Datetime) and dtype.time_zone is None
    return in_utc or dtype.is_integer() or dtype.is_float() or dtype in (pl.String, pl.Boolean, pl.Null)


def _rfc3339(column: str) -> pl.Expr:
    """What `plain` makes of a time, for a whole column."""
    time = pl.col(column).dt.replace_time_zone("UTC")
    if style.zone is not None:
        time = time.dt.convert_time_zone(str(style.zone))
    fraction = pl.when(time.dt.microsecond() == 0).then(pl.lit("")).otherwise(time.dt.strftime("%.6f"))
    zone = time.dt.strftime("%:z").str.replace("+00:00", "Z", literal=True)
    return pl.concat_str(time.dt.strftime("%Y-%m-%dT%H:%M:%S"), fraction, zone).alias(column)


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {k: plain(v) for k, v in row.items()}


def escaped_json(text: str) -> str:
    """JSON text in which control characters and direction marks are escapes; line feeds stay."""
    return CONTROLS.sub(lambda m: f"\\u{ord(m.group()):04x}", text)


def _csv(frames: Iterator[pl.DataFrame]) -> Iterator[str]:
    """CSV whose cells no spreadsheet takes for a formula."""
    header = True
    for frame in frames:
        yield _guarded(_flat(frame)).write_csv(include_header=header)
        header = False


def _flat(frame: pl.DataFrame) -> pl.DataFrame:
    """Nested values as JSON, times as RFC 3339."""
    return frame.with_columns(
        pl.col(c).map_elements(lambda v: json.dumps(plain(v), default=str, ensure_ascii=False), return_dtype=pl.String)
        if isinstance(t, pl.List | pl.Struct)
        else pl.col(c).dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")
        for c, t in frame.schema.items()
        if isinstance(t, pl.List | pl.Struct | pl.Datetime)
    )


def _guarded(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(
        pl.when(pl.col(c).str.contains(r"^[=+\-@\t\r]"))
        .then(pl.concat_str([pl.lit("'"), pl.col(c)]))
        .otherwise(pl.col(c))
        .alias(c)
        for c, t in frame.schema.items()
        if t == pl.String
    )


def _markdown(frames: Iterator[pl.DataFrame]) -> Iterator[str]:
    def escaped(value: Any) -> str:
        text = cell(value).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace(">", "&gt;")
        return text.replace("`", "\\`").replace("[", "\\[").replace("*", "\\*").replace("_", "\\_")

    headed = False
    for frame in frames:
        if not headed:
            yield "| " + " | ".join(escaped(c) for c in frame.columns) + " |\n|" + " --- |" * frame.width + "\n"
            headed = True
        for row in frame.iter_rows():
            yield "| " + " | ".join(map(escaped, row)) + " |\n"


class Terminal:
    """A terminal as a target: control characters are written out, even inside CSV."""

    def __init__(self, target: BinaryIO) -> None:
        self._target = target

    def write(self, data: bytes) -> int:
        """Like a file's `write`."""
        return self._target.write(visible(data.decode(errors="backslashreplace")).encode())

    def flush(self) -> None:
        """Like a file's `flush`."""
        self._target.flush()


def to_stdout(stdout: BinaryIO) -> BinaryIO:
    """Where rows go that are printed."""
    return cast("BinaryIO", Terminal(stdout)) if stdout.isatty() else stdout
