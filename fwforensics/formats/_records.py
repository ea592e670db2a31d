"""Traces and inventories: JSON documents, JSON lines and text whose records lean on each other, read one by one.

Such a source has thousands of records where a firewall log has millions, and they are nested, paired (a call here, its
result there) and spread over files of one folder. A format declares how content falls into units and a reader that
turns units into rows; accounts, zones, redaction and provenance are kept here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from itertools import chain, islice
from typing import Any, BinaryIO, Protocol
from zoneinfo import ZoneInfo

import polars as pl

from fwforensics.formats._account import MAX_RAW
from fwforensics.formats._format import Binary, Context, Decoded, Decoder
from fwforensics.schema import TABLES

#: Rows and units that one batch holds.
BATCH = 20_000
HIDDEN = "[redacted]"
_SECRET_KEY = re.compile(
    r"(?i)(?:^|[_.-])(?:authorization|auth|token|api_?key|secret|password|passwd|credentials?|cookie|private_?key)"
    r"(?:$|[_.-](?!count|s?$))|_token$|authorization"
)
#: Nothing is tried again from inside a word or a stretch of blanks: agents write long ones.
_SECRET_TEXT = re.compile(
    r"(?i)((?:authorization\"?\s*+[:=]\s*+\"?(?:bearer|basic)?|bearer|(?<![\w.-])[\w.-]*(?:auth_token|api_?key|secret|password"
    r"|authorization_encrypted)\"?\s*+[:=])\s*+\"?)([^\s\"',;&]{4,})"
)


@dataclass(slots=True)
class Unit:
    """One record of the source.

    Attributes:
        source: the stream that it stands in.
        number: which one, from 1; the line number where units are lines.
        value: the JSON value, or the text of the line.
        name: path of the file, and the member of an archive after `!`.
    """

    source: int
    number: int
    value: Any
    name: str
    _rows: int = 0

    def row(self, table: str, **values: Any) -> Row:
        """A row of a canonical table that this unit gives.

        Args:
            table: the table.
            values: by column. Times are `datetime`s: with a zone they are absolute, without one they are read in the
                source's zone. `extra` is a mapping, of which secrets, NULLs and empty values are left out.
        """
        self._rows += 1
        return Row(self, table, self._rows - 1, values)


@dataclass(frozen=True, slots=True)
class Row:
    """A row with the unit that it comes from."""

    unit: Unit
    table: str
    record_no: int
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Skip:
    """The unit holds nothing for any table, for this reason."""

    reason: str


@dataclass(frozen=True, slots=True)
class Bad:
    """The unit should hold something and could not be read, for this reason."""

    reason: str


Out = Row | Skip | Bad


class Reader(Protocol):
    """Turns units into rows; it may remember units, and give their rows when it has seen more."""

    def read(self, unit: Unit) -> Iterable[Out]:
        """Rows that can be given now, of this or of earlier units; or why there are none, ever. Nothing: later."""
        ...

    def finish(self) -> Iterable[Row]:
        """Rows of what was still waited for."""
        ...


Split = Callable[[Any], Iterable[Any]]
Units = Callable[[BinaryIO], Iterator[tuple[int, Any, bytes]]]


@dataclass(slots=True)
class Each:
    """A reader that needs to remember nothing."""

    function: Callable[[Unit], Iterable[Out]]

    def read(self, unit: Unit) -> Iterable[Out]:
        """See `Reader`."""
        return self.function(unit)

    def finish(self) -> Iterable[Row]:
        """See `Reader`."""
        return ()


class NotReadableError(ValueError):
    """A unit whose text is not what its format says."""


def elements(value: Any) -> Iterable[Any]:
    """An array's elements, or the one value that it is."""
    return value if isinstance(value, list) else [value]


def json_units(split: Split = elements) -> Units:
    """JSON lines, one unit a line; or one JSON document, over many lines or alone, which `split` takes apart."""

    def units(stream: BinaryIO) -> Iterator[tuple[int, Any, bytes]]:
        lines = ((n, line) for n, line in _lines(stream) if line.strip())
        begin = list(islice(lines, 2))
        first = _parsed(begin[0][1]) if begin else None
        if len(begin) == 2 and not isinstance(first, NotReadableError):
            yield from ((n, _parsed(line), line) for n, line in chain(begin, lines))
            return
        texts = [*begin, *lines]
        document = first if len(texts) < 2 else _parsed(b"".join(line for _, line in texts))
        if isinstance(document, NotReadableError):  # lines, of which the first is damaged
            yield from ((n, _parsed(line), line) for n, line in texts)
        elif texts:
            yield from ((n, part, b"") for n, part in enumerate(split(document), 1))

    return units


def text_units(stream: BinaryIO) -> Iterator[tuple[int, Any, bytes]]:
    """Every line, as text without its end."""
    for number, line in _lines(stream):
        yield number, line.rstrip(b"\r\n").decode(errors="backslashreplace"), line


def _lines(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Numbered lines with their line feeds; a byte order mark is no part of the first."""
    carry: list[bytes] = []
    number, mark = 0, b"\xef\xbb\xbf"
    while block := stream.read(1 << 20):
        *whole, rest = block.split(b"\n")
        for line in whole:
            number += 1
            text = b"".join((*carry, line, b"\n"))
            carry = []
            yield number, text.removeprefix(mark) if number == 1 else text
        carry.append(rest)
    if last := b"".join(carry):
        yield number + 1, last.removeprefix(mark) if number == 0 else last


def _parsed(line: bytes) -> Any:
    """The JSON value of a text, or a `NotReadableError`."""
    try:
        return json.loads(line.decode("utf-8", "backslashreplace"), strict=False)
    except (ValueError, RecursionError) as error:
        return NotReadableError(
            f"not JSON: {error}" if isinstance(error, ValueError) else "not JSON: nested too deeply"
        )


class Records:
    """Decodes sources unit by unit; several sources that share a decoder share its reader."""

    def __init__(self, context: Context, units: Units, reader: Reader) -> None:
        self.units, self.reader = units, reader
        self.zone = ZoneInfo(context.tz)
        self._local = False

    def feed(self, source: int, stream: BinaryIO) -> Iterator[Decoded]:
        """See `Decoder`."""
        name = str(getattr(stream, "label", ""))
        account = _Account(source)
        for number, value, raw in self.units(stream):
            unit = Unit(source, number, value, name)
            account.take(unit, raw, self._outcome(unit))
            if account.size >= BATCH:
                yield from self._batches(account)
                account = _Account(source)
        yield from self._batches(account)

    def finish(self) -> Iterator[Decoded]:
        """See `Decoder`."""
        account = _Account(0)
        account.rows.extend(self.reader.finish())
        yield from self._batches(account)

    def _outcome(self, unit: Unit) -> list[Out]:
        if isinstance(unit.value, NotReadableError):
            return [Bad(str(unit.value))]
        try:
            return list(self.reader.read(unit))
        except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
            return [Bad(f"not the fields that this format has: {type(error).__name__}: {error}"[:300])]

    def _batches(self, account: _Account) -> Iterator[Decoded]:
        """What was collected, a batch for each source that rows belong to."""
        by_source: dict[int, dict[str, list[Row]]] = {account.source: {}} if account.units else {}
        for row in account.rows:
            by_source.setdefault(row.unit.source, {}).setdefault(row.table, []).append(row)
        for source, tables in by_source.items():
            frames = {table: self._frame(table, rows) for table, rows in tables.items()}
            decoded = Decoded(source, frames=frames, local=self._local)
            if source == account.source:
                account.close(decoded)
            yield decoded

    def _frame(self, table: str, rows: list[Row]) -> pl.DataFrame:
        """Rows as a canonical frame with provenance."""
        dtypes = TABLES[table].dtypes
        columns = [c for c in dtypes if any(c in r.values for r in rows)]
        data: dict[str, pl.Series] = {}
        for column in columns:
            values = [self._value(r.values.get(column)) for r in rows]
            data[column] = pl.Series(column, values, dtype=dtypes[column], strict=False)
        data["line_no"] = pl.Series([r.unit.number for r in rows], dtype=pl.UInt64)
        data["record_no"] = pl.Series([r.record_no for r in rows], dtype=pl.UInt32)
        return pl.DataFrame(data)

    def _value(self, value: Any) -> Any:
        """A value as its column takes it: UTC times, JSON text, and texts that UTF-8 can hold."""
        if isinstance(value, datetime):
            if value.tzinfo is None:
                self._local = True
                value = value.replace(tzinfo=self.zone)
            try:
                return value.astimezone(UTC).replace(tzinfo=None)
            except OverflowError:  # the first and the last day that there are, in another zone
                return None
        if isinstance(value, Mapping):
            kept = {k: v for k, v in redacted(value).items() if v not in (None, "", [], {})}
            return clean(json.dumps(kept, ensure_ascii=False, default=str)) if kept else None
        if isinstance(value, str):
            return clean(value) or None
        return value


@dataclass(slots=True)
class _Account:
    """What became of the units of one batch."""

    source: int
    units: int = 0
    parsed: int = 0
    rows: list[Row] = field(default_factory=list)
    bad: list[tuple[int, str, str]] = field(default_factory=list)
    skipped: list[tuple[int, str]] = field(default_factory=list)

    @property
    def size(self) -> int:
        """How much there is to write."""
        return max(self.units, len(self.rows))

    def take(self, unit: Unit, raw: bytes, out: list[Out]) -> None:
        """Count one unit: parsed if it gave a row or will, else ignored or rejected with its reason."""
        self.units += 1
        given = [o for o in out if isinstance(o, Row)]
        self.rows.extend(given)
        why = next((o for o in out if not isinstance(o, Row)), None)
        if why is None or any(r.unit is unit for r in given):
            self.parsed += 1
        elif isinstance(why, Skip):
            self.skipped.append((unit.number, clean(why.reason)[:200]))
        else:
            text = raw[:MAX_RAW].decode(errors="backslashreplace").rstrip("\r\n") or json.dumps(unit.value, default=str)
            self.bad.append((unit.number, clean(why.reason), clean(redacted_text(text))[:MAX_RAW]))

    def close(self, decoded: Decoded) -> None:
        """Put the counts into the batch."""
        decoded.units, decoded.parsed = self.units, self.parsed
        if self.bad:
            schema = {"line_no": pl.UInt64, "reason": pl.String, "raw": pl.String}
            decoded.rejects = pl.DataFrame(self.bad, schema=schema, orient="row")
        if self.skipped:
            rows = pl.DataFrame(self.skipped, schema={"line_no": pl.UInt64, "reason": pl.String}, orient="row")
            decoded.ignored = rows.with_columns(program=pl.lit(None, pl.String))


def clean(text: str) -> str:
    """Text without half surrogate pairs, which no UTF-8 can hold."""
    return text.encode(errors="backslashreplace").decode() if not text.isascii() else text


def redacted(value: Any) -> Any:
    """A JSON value in which no key that names a secret has one."""
    if isinstance(value, Mapping):
        return {
            k: HIDDEN if v and isinstance(v, str | list | dict) and _SECRET_KEY.search(str(k)) else redacted(v)
            for k, v in value.items()
        }
    return [redacted(v) for v in value] if isinstance(value, list) else value


def redacted_text(text: str) -> str:
    """Text in which what follows `Authorization:`, `auth_token=` and the like is taken out."""
    return _SECRET_TEXT.sub(lambda m: m.group(1) + HIDDEN, text)


@dataclass(frozen=True, slots=True)
class Peek:
    """The beginning of a source, as recognition looks at it.

    Attributes:
        text: the beginning.
        value: its first JSON value, if it is there as a whole.
        keys: keys of that object; where it is longer than the beginning, all keys that occur in it.
    """

    text: str
    value: Any
    keys: frozenset[str]


@lru_cache(maxsize=4)
def peek(head: bytes) -> Peek:
    """Look at the first bytes of a source."""
    text = head.decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
    if not text.startswith(("{", "[")):
        return Peek(text, None, frozenset())
    try:
        value, _ = json.JSONDecoder(strict=False).raw_decode(text)
    except (ValueError, RecursionError):
        return Peek(text, None, frozenset(re.findall(r'"([^"\\]{1,80})"\s*:', text)))
    first = next((v for v in elements(value) if isinstance(v, dict)), {})
    return Peek(text, value, frozenset(first))


def records(
    *,
    unit: str,
    recognise: Callable[[Peek, str], bool],
    read: Callable[[Unit], Iterable[Out]] | None = None,
    reader: Callable[[Context], Reader] | None = None,
    units: Units | None = None,
    scope: Callable[[Peek, str], str | None] = lambda _peek, _name: None,
) -> Binary:
    """A format of records.

    Args:
        unit: what a record is called ("span", "event").
        recognise: does a source that begins like this, of this file name, have this format?
        read: rows of one unit, or
        reader: makes a reader that remembers.
        units: how content falls apart; JSON lines or a document by default.
        scope: sources of one folder (or one archive) that share a reader, by a word; None: each its own.
    """
    cut = units or json_units()

    def decoder(context: Context) -> Decoder:
        return Records(context, cut, reader(context) if reader is not None else Each(read or (lambda _u: ())))

    return Binary(
        unit=unit,
        recognise=lambda head, name: recognise(peek(head), name),
        decoder=decoder,
        scope=lambda head, name: scope(peek(head), name),
        unit_at=lambda stream, number: _unit_at(cut, stream, number),
    )


def _unit_at(units: Units, stream: BinaryIO, number: int) -> bytes | None:
    """One unit as it stands in the source; an element of a document as JSON text."""
    for at, value, raw in units(stream):
        if at == number:
            shown = raw.rstrip(b"\r\n") if raw else json.dumps(value, ensure_ascii=False, default=str).encode()
            return redacted_text(shown.decode(errors="backslashreplace")).encode(errors="backslashreplace")
    return None
