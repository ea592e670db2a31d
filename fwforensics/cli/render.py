"""What is printed, and where: data on stdout, narration on stderr. The only module that knows rich.

Log text is hostile: control and escape characters never reach a terminal, and CSV cells never begin a formula.
"""

from __future__ import annotations

import io
import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table
from rich.text import Text

from fwforensics.errors import FwfError, UsageError


class OutputFormat(StrEnum):
    """How rows are printed."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"
    MARKDOWN = "markdown"


@dataclass(slots=True)
class Style:
    """How this run of the command prints."""

    output: OutputFormat = OutputFormat.TABLE
    quiet: bool = False
    progress: bool = True
    zone: ZoneInfo | None = None


style = Style()
#: C0 and C1 controls, and marks that turn the direction of text.
CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069\ufeff\ud800-\udfff]"
)
#: Texts up to this length never fold; longer ones keep at least `FOLDED` characters a line.
SHORT, FOLDED = 16, 24


def _visible(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"


def safe(value: str) -> str:
    """Text with control characters written out."""
    return CONTROLS.sub(_visible, value.replace("\n", "\\n").replace("\t", "\\t"))


def console(*, stderr: bool = False) -> Console:
    """A console for data (stdout) or narration (stderr)."""
    file = sys.stderr if stderr else sys.stdout
    width = None if file.isatty() or "COLUMNS" in os.environ else 160
    return Console(file=file, highlight=False, markup=False, emoji=False, soft_wrap=False, width=width)


def say(message: str) -> None:
    """Narrate on stderr, unless `--quiet`."""
    if not style.quiet:
        sys.stdout.flush()
        console(stderr=True).print(Text(CONTROLS.sub(_visible, message)), soft_wrap=True)


def complain(error: FwfError) -> None:
    """Print an error on stderr: what, where, remedy."""
    sys.stdout.flush()
    text = Text("error: ", style="bold red") + Text(CONTROLS.sub(_visible, str(error)))
    console(stderr=True).print(text, soft_wrap=True)


def set_zone(name: str | None) -> None:
    """Zone in which times are shown; changes nothing but the display."""
    if name is not None:
        try:
            style.zone = ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            raise UsageError(
                f"there is no time zone {name!r}", remedy="give an IANA name such as Europe/Berlin"
            ) from None


def cell(value: Any) -> str:
    """One value for people."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1e4 else f"{value:,.0f}"
    if isinstance(value, list | tuple):
        shown = ", ".join(cell(v) for v in value[:4])
        return f"{shown}, … ({len(value)})" if len(value) > 4 else shown
    if isinstance(value, dict):
        return safe(json.dumps(value, default=str, ensure_ascii=False))
    return safe(str(value))


def stamp(value: datetime) -> str:
    """RFC 3339, UTC unless `--display-tz`."""
    zoned = value.replace(tzinfo=UTC)
    if style.zone is not None:
        return zoned.astimezone(style.zone).isoformat(
            sep="T", timespec="seconds" if not value.microsecond else "milliseconds"
        )
    text = value.isoformat(timespec="seconds" if not value.microsecond else "milliseconds")
    return f"{text}Z"


def plain(value: Any) -> Any:
    """One value for machines: times as RFC 3339, the rest as it is."""
    if isinstance(value, datetime):
        zoned = value.replace(tzinfo=UTC)
        return (zoned.astimezone(style.zone) if style.zone else zoned).isoformat().replace("+00:00", "Z")
    if isinstance(value, list):
        return [plain(v) for v in value]
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, float) and value != value:
        return None
    return value


def show(frame: pl.DataFrame, *, title: str | None = None, limit: int | None = None, hide: Sequence[str] = ()) -> None:
    """Print rows on stdout in the chosen format; what a table leaves out is said on stderr."""
    if style.output is not OutputFormat.TABLE:
        write(frame, style.output, sys.stdout.buffer)
        return
    shown = frame.drop([c for c in hide if c in frame.columns])
    total = shown.height
    if limit is not None and total > limit:
        shown = shown.head(limit)
    _print_table(shown, title)
    if limit is not None and total > limit:
        say(f"showing {limit:,} of {total:,}; --limit 0 shows all")
    if not total:
        say("no rows")


def _print_table(shown: pl.DataFrame, title: str | None) -> None:
    """Times, numbers and ids stay whole; texts fold, but never to nothing: a table may be wider than the terminal."""
    cells = [
        [_shortened(cell(_nearer(v) if n == "path" else v)) for n, v in zip(shown.columns, row, strict=True)]
        for row in shown.iter_rows()
    ]
    table = Table(
        box=SIMPLE_HEAD,
        title=safe(title) if title else None,
        title_justify="left",
        pad_edge=False,
        show_edge=False,
        header_style="bold",
    )
    least = 0
    for i, (name, dtype) in enumerate(shown.schema.items()):
        longest = max((len(row[i]) for row in cells), default=0)
        whole = dtype.is_temporal() or dtype.is_numeric() or name.endswith("_id") or longest <= SHORT
        width = max(len(name), longest if whole else min(longest, FOLDED))
        least += width + 3
        justify: Literal["left", "right"] = "right" if dtype.is_numeric() else "left"
        table.add_column(name, justify=justify, overflow="fold", no_wrap=whole, min_width=width)
    for row in cells:
        table.add_row(*map(Text, row))
    out = console()
    if shown.width:
        out.width = max(out.width, least)
        out.print(table)


def _nearer(path: Any) -> Any:
    """A path from here, where that is shorter."""
    if not isinstance(path, str) or not path.startswith("/"):
        return path
    near = os.path.relpath(path)
    return near if len(near) < len(path) else path


def _shortened(text: str, most: int = 300) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def write(frame: pl.DataFrame, output: OutputFormat, target: Any) -> None:
    """Write rows as bytes in a machine format (or Markdown)."""
    match output:
        case OutputFormat.PARQUET:
            buffer = io.BytesIO()
            frame.write_parquet(buffer)
            target.write(buffer.getvalue())
        case OutputFormat.JSON:
            rows = [{k: plain(v) for k, v in r.items()} for r in frame.iter_rows(named=True)]
            target.write((_json(rows, indent=1) + "\n").encode(errors="backslashreplace"))
        case OutputFormat.JSONL:
            for r in frame.iter_rows(named=True):
                line = _json({k: plain(v) for k, v in r.items()})
                target.write((line + "\n").encode(errors="backslashreplace"))
        case OutputFormat.CSV:
            text = _csv(frame).decode(errors="backslashreplace")
            target.write((_visible_text(text) if getattr(target, "isatty", bool)() else text).encode())
        case _:
            target.write(_markdown(frame).encode(errors="backslashreplace"))
    target.flush()


def _json(value: Any, indent: int | None = None) -> str:
    """JSON text in which control characters and direction marks are escapes."""
    text = json.dumps(value, ensure_ascii=False, default=str, indent=indent)
    return CONTROLS.sub(lambda m: f"\\u{ord(m.group()):04x}", text)


def _visible_text(text: str) -> str:
    """Text with control characters written out, but for line ends and tabs."""
    return CONTROLS.sub(_visible, text)


def _csv(frame: pl.DataFrame) -> bytes:
    """CSV whose cells no spreadsheet takes for a formula."""
    texts = [
        pl.col(c).map_elements(lambda v: json.dumps(plain(v), default=str, ensure_ascii=False), return_dtype=pl.String)
        if isinstance(t, pl.List | pl.Struct)
        else pl.col(c).dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")
        if isinstance(t, pl.Datetime)
        else pl.col(c)
        for c, t in frame.schema.items()
    ]
    flat = frame.with_columns(texts) if texts else frame
    guarded = [
        pl.when(pl.col(c).str.contains(r"^[=+\-@\t\r]"))
        .then(pl.concat_str([pl.lit("'"), pl.col(c)]))
        .otherwise(pl.col(c))
        .alias(c)
        for c, t in flat.schema.items()
        if t == pl.String
    ]
    return (flat.with_columns(guarded) if guarded else flat).write_csv().encode()


def _markdown(frame: pl.DataFrame) -> str:
    def escaped(value: Any) -> str:
        text = cell(value).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace(">", "&gt;")
        return text.replace("`", "\\`").replace("[", "\\[").replace("*", "\\*").replace("_", "\\_")

    head = "| " + " | ".join(escaped(c) for c in frame.columns) + " |\n|" + " --- |" * frame.width + "\n"
    return head + "".join("| " + " | ".join(map(escaped, row)) + " |\n" for row in frame.iter_rows())


def mapping(rows: Mapping[str, Any], title: str | None = None) -> None:
    """Print names and values, for people."""
    table = Table(box=None, show_header=False, title=title, title_justify="left", pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for key, value in rows.items():
        table.add_row(key, Text(cell(value)))
    console().print(table)


def lines(texts: Sequence[str]) -> None:
    """Print lines of text on stdout, made safe."""
    out = console()
    for text in texts:
        out.print(Text(safe(text)), soft_wrap=True)


def quotations(found: Sequence[tuple[str, int, str]]) -> None:
    """Print raw lines whole, under the name of their source, each behind its number."""
    out = console()
    title = None
    for label, number, raw in found:
        if label != title:
            title = label
            out.print(Text(safe(label), style="bold"), soft_wrap=True)
        out.print(Text(f"{number:>9}  ", style="dim") + Text(safe(raw)), soft_wrap=True)


@contextmanager
def progress_bar() -> Iterator[Callable[[str, int, int], None]]:
    """A bar with bytes, rate and time left, on stderr where that is a terminal."""
    if style.quiet or not style.progress or not sys.stderr.isatty():
        yield lambda _label, _done, _total: None
        return
    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=console(stderr=True),
        transient=True,
    )
    with bar:
        tasks: dict[str, Any] = {}

        def update(label: str, done: int, total: int) -> None:
            if label not in tasks:
                for task in tasks.values():
                    bar.update(task, visible=False)
                tasks[label] = bar.add_task(safe(Path(label).name)[:40], total=total or None)
            bar.update(tasks[label], completed=min(done, total) if total else done)

        yield update


@contextmanager
def counter(label: str) -> Iterator[Callable[[int, int], None]]:
    """A bar that counts, with time left, on stderr where that is a terminal."""
    if style.quiet or not style.progress or not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
