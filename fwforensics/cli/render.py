"""What is printed, and where: data on stdout, narration on stderr. The only module that knows rich.

What is printed is made safe in `values`, and as bytes in `writing`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

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

from fwforensics.cli.values import OutputFormat as OutputFormat
from fwforensics.cli.values import cell, safe, visible
from fwforensics.cli.values import set_zone as set_zone
from fwforensics.cli.values import stamp as stamp
from fwforensics.cli.values import style as style
from fwforensics.cli.writing import to_stdout, write
from fwforensics.errors import FwfError

#: Texts up to this length never fold; longer ones keep at least `FOLDED` characters a line.
SHORT, FOLDED = 16, 24


def console(*, stderr: bool = False) -> Console:
    """A console for data (stdout) or narration (stderr)."""
    file = sys.stderr if stderr else sys.stdout
    width = None if file.isatty() or "COLUMNS" in os.environ else 160
    return Console(file=file, highlight=False, markup=False, emoji=False, soft_wrap=False, width=width)


def say(message: str) -> None:
    """Narrate on stderr, unless `--quiet`."""
    if not style.quiet:
        sys.stdout.flush()
        console(stderr=True).print(Text(visible(message)), soft_wrap=True)


def complain(error: FwfError) -> None:
    """Print an error on stderr: what, where, remedy."""
    sys.stdout.flush()
    text = Text("error: ", style="bold red") + Text(visible(str(error)))
    console(stderr=True).print(text, soft_wrap=True)


def show(frame: pl.DataFrame, *, title: str | None = None, limit: int | None = None, hide: Sequence[str] = ()) -> None:
    """Print rows on stdout in the chosen format; what a table leaves out is said on stderr."""
    stream([frame], title=title, limit=limit, hide=hide)


def stream(
    batches: Iterable[pl.DataFrame], *, title: str | None = None, limit: int | None = None, hide: Sequence[str] = ()
) -> int:
    """The same for rows that come in batches, of which a table keeps no more than it shows. Returns their number."""
    if style.output is not OutputFormat.TABLE:
        return write(batches, style.output, to_stdout(sys.stdout.buffer))
    kept: list[pl.DataFrame] = []
    total = 0
    for frame in batches:
        if not kept or limit is None or total < limit:
            kept.append(frame if limit is None else frame.head(limit - total))
        total += frame.height
    shown = pl.concat(kept) if kept else pl.DataFrame()
    _print_table(shown.drop([c for c in hide if c in shown.columns]), title)
    if limit is not None and total > limit:
        say(f"showing {limit:,} of {total:,}; --limit 0 shows all")
    if not total:
        say("no rows")
    return total


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
