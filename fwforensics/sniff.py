"""What is this file? Recognition and the first parsed rows, without a case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain
from typing import BinaryIO, cast

import numpy as np
import polars as pl

from fwforensics.formats import Context, formats
from fwforensics.formats._draft import draft
from fwforensics.formats._engine import parse
from fwforensics.formats._finish import finish
from fwforensics.formats._lines import Lines
from fwforensics.formats._recogniser import Recogniser
from fwforensics.inflate import Limits
from fwforensics.ingest import binary_format
from fwforensics.intake.documents import Records, pieces
from fwforensics.reader import Source, expand

SAMPLE = 1 << 20
#: Lines of an unknown source that a draft is made of.
DRAFTED = 1000


@dataclass(slots=True)
class Sniffed:
    """What a source looks like: lines by format in its first MiB, and some rows; the lines of what no format reads."""

    label: str
    shares: pl.DataFrame
    rows: pl.DataFrame | None
    known: bool
    lines: Sequence[str] = ()


def sniff(inputs: Sequence[str]) -> list[Sniffed]:
    """Look at the beginning of each source."""
    return [_one(source) for source in expand(inputs, Limits())]


def _one(source: Source) -> Sniffed:
    with source.open() as content:
        head = content.head()
        fmt = binary_format(head, source.name)
        context = Context(latest=source.mtime + timedelta(days=1))
        if fmt is not None and fmt.binary is not None:
            decoder = fmt.binary.decoder(context)
            decoded = chain(decoder.feed(1, cast("BinaryIO", content)), decoder.finish())
            first_rows = next(((t, f) for d in decoded for t, f in d.frames.items()), None)
            rows = finish(first_rows[1], first_rows[0]) if first_rows else None
            return Sniffed(source.label, _shares(source.label, {fmt.name: 1}, 1), rows, True)
        first = next(iter(pieces(content, SAMPLE)), None)
    if first is None:
        return Sniffed(source.label, _shares(source.label, {}, 0), None, False)
    text = [f for f in formats().values() if f.binary is None]
    contexts = {f.name: Context(latest=context.latest) for f in text}
    lines = first.lines if isinstance(first, Records) else Lines.of(first.data)
    batch = parse(lines, Recogniser(text), contexts, context)
    counts = dict(batch.by_format)
    counts["ignored"] = batch.ignored.height if batch.ignored is not None else 0
    counts["not recognised"] = batch.lines - sum(counts.values())
    table = next(iter(batch.frames.values()), None)
    beginning = lines.take(np.arange(min(len(lines), DRAFTED))).text.to_list() if not batch.by_format else ()
    return Sniffed(source.label, _shares(source.label, counts, batch.lines), table, bool(batch.by_format), beginning)


def mapping_of(found: Sniffed) -> str | None:
    """A draft of a mapping file for a source that no format reads; None where there is nothing to be seen in it."""
    return draft(found.lines) if found.lines else None


def _shares(label: str, counts: dict[str, int], lines: int) -> pl.DataFrame:
    rows = [(label, name, n, n / lines if lines else 0.0) for name, n in counts.items() if n > 0]
    schema = {"path": pl.String, "format": pl.String, "lines": pl.Int64, "confidence": pl.Float64}
    return pl.DataFrame(rows or [(label, None, 0, 0.0)], schema=schema, orient="row").sort("lines", descending=True)
