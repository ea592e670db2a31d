"""What a format is: a declaration that the engine loops over.

A format module defines one `FORMAT`. Text formats say how a line is recognised, how it falls apart into named fields
(`layout`) and which canonical column each field is; binary formats bring a decoder. A parser is a pure function from
numbered lines to frames: no file, no clock, no database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, BinaryIO, Protocol

import polars as pl

from fwforensics.formats._lines import Lines

Columns = Mapping[str, pl.Expr]


@dataclass(slots=True)
class Context:
    """What a parser may know about the source beside its lines.

    Attributes:
        tz: zone in which times without one are read.
        latest: no record is later than this; the year of year-less times is inferred from it.
        year: year of the first record, where the analyst gave one.
        state: what a format remembers between batches of one source (column headers, the month seen last).
    """

    tz: str = "UTC"
    latest: datetime | None = None
    year: int | None = None
    state: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Fields:
    """What a layout made of some lines: one row for each line that it could take apart, in line order.

    Attributes:
        frame: a String column for each wanted key that occurred, `@row` (position in the lines given), `@line` where
            a mapping asks for it, and `extra` (JSON text of all other keys, or NULL). Where it has `@table`, each
            record fills that table and no other.
        bad: `@row` and `reason` of lines that it could not take apart.
        skipped: `@row`, `reason` and, where known, `program` of lines that hold no record (column headers, footers).
        records: the text of each row's record, where a line may hold several.
    """

    frame: pl.DataFrame
    bad: pl.DataFrame | None = None
    skipped: pl.DataFrame | None = None
    records: Lines | None = None


class Layout(Protocol):
    """How a line falls apart into named fields."""

    def fields(self, lines: Lines, wanted: set[str], context: Context) -> Fields:
        """Take `lines` apart; only keys in `wanted` become columns, the others go to `extra`."""
        ...


@dataclass(slots=True)
class Decoded:
    """A batch out of a binary source.

    Attributes:
        source: which of the streams fed to the decoder it belongs to (the number that `feed` was given).
        frames: canonical table → rows with `line_no` (unit number from 1), `record_no`, and any canonical columns.
        rejects: `line_no`, `reason`, `raw` (hexadecimal) of units that could not be decoded.
        ignored: `line_no`, `reason`, `program` of units that hold no traffic.
        units, parsed: units read in this batch, and how many of them gave a row; units = parsed + rejects + ignored.
        lost: `sensor`, `ts`, `lost`: records that the exporter's own sequence numbers say are missing.
        local: was a time without zone used?
    """

    source: int
    frames: dict[str, pl.DataFrame] = field(default_factory=dict)
    rejects: pl.DataFrame | None = None
    ignored: pl.DataFrame | None = None
    units: int = 0
    parsed: int = 0
    lost: pl.DataFrame | None = None
    local: bool = False


class Decoder(Protocol):
    """Reads binary sources; one decoder may see several that share state (templates)."""

    def feed(self, source: int, stream: BinaryIO) -> Iterator[Decoded]:
        """Decode one stream in bounded batches; units whose state is still to come are kept for `finish`."""
        ...

    def finish(self) -> Iterator[Decoded]:
        """What was kept, decoded now or rejected; may name any source fed before."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Binary:
    """A format that is no text.

    Attributes:
        unit: what a "line" is ("export packet", "flow record"); `fwf formats` says so.
        recognise: does the head of the content (up to 64 KiB) look like this format? The name is a hint only.
        decoder: makes a decoder for one source, or for all sources of one scope.
        scope: sources of one folder with the same scope word share a decoder and a transaction; None: each its own.
        unit_at: raw bytes of one unit, to prove a row from the evidence.
    """

    unit: str
    recognise: Callable[[bytes, str], bool]
    decoder: Callable[[Context], Decoder]
    scope: Callable[[bytes, str], str | None] = lambda _head, _name: None
    unit_at: Callable[[BinaryIO, int], bytes | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One log or flow format.

    Attributes:
        name: the module's name, which is what `--format` takes.
        title: product and log in words.
        reference: where the vendor documents it.
        notes: what a user should know: times without zone, what is not read.
        table: canonical table that `columns` fill; a layout with several tables gives them in `tables`.
        kind: `events.kind` where the mapping does not say.
        is_record: which lines (`pl.col("line")`) are this format's; nothing but lines that are.
        is_noise: reason → which lines belong to this format and hold no record (column headers, comments).
        layout: how a line falls apart.
        columns: canonical column → expression over the layout's fields. `ts_local` and `ts_end_local` are times
            without zone; `@ts`, `@ts_local`, `@host`, `@program` come from the syslog header. `ignored` is the reason
            why a record that has a time holds no traffic, or NULL; `lost` how many records it says are missing.
        required: a record in which all of these are NULL is a reject.
        binary: for formats that are no text, in place of the five above.
        tables: further canonical tables that the same fields fill.
        syslog: lines may stand behind a syslog header.
        opens: column headers, which name the fields of lines that say nothing of themselves (a CSV export).
        follows: from a header's text to which of the lines below it are its rows.
        priority: lower claims first where two formats take the same line. Above 50 a format is a general one (CEF,
            ECS): what it takes is first offered to all others, and a line that a record carries is read in its place.
    """

    name: str
    title: str
    reference: str
    notes: str = ""
    table: str = "events"
    kind: str = "firewall"
    is_record: pl.Expr | None = None
    is_noise: Mapping[str, pl.Expr] = field(default_factory=dict)
    layout: Layout | None = None
    columns: Columns = field(default_factory=dict)
    required: tuple[str, ...] = ("src_ip", "dst_ip")
    binary: Binary | None = None
    tables: Mapping[str, Columns] = field(default_factory=dict)
    syslog: bool = True
    opens: pl.Expr | None = None
    follows: Callable[[str], pl.Expr] | None = None
    priority: int = 50

    @property
    def is_untried(self) -> bool:
        """Was it built from documentation alone? Its notes say so."""
        return "Built from" in self.notes and "documentation" in self.notes
