"""Mapping files: any CSV, JSON lines, key=value or regular format as canonical columns, without writing Python.

    table = "activity"              # or events, leases, translations, gpu_samples
    layout = "csv"                  # or json, keyvalue, regex
    delimiter = ";"                 # csv: "," by default
    names = ["begin", "cmd"]        # csv: the columns, where no line of the file says them
    pattern = '(?P<when>\\S+) (?P<what>.*)'   # regex: named groups are the fields

    [columns]
    started_at = "begin"                                        # a field; a dotted name goes into nested JSON
    command = ["cmd", "args"]                                   # the first of these that has a value
    kind = { value = "tool_call" }                              # the same for all
    status = { field = "rc", words = { "0" = "ok" } }           # other words stay as they are
    ended_at = { field = "end", format = "%d.%m.%Y %H:%M:%S" }  # times that are neither ISO 8601 nor epoch
    ts = { field = ["date", "time"], join = " " }               # several fields put together
    src_ip = { field = "src", pattern = '^(.+):\\d+$' }         # the part of a value that a group takes

Fields that no column takes go to `extra`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from fwforensics.errors import UsageError
from fwforensics.formats._canonical import READ, value_of
from fwforensics.formats._cells import cells
from fwforensics.formats._delimited import Columnar, Delimited
from fwforensics.formats._fields import iso_local, text
from fwforensics.formats._format import Context, Fields, Format, Layout
from fwforensics.formats._json import Json
from fwforensics.formats._keyvalue import KeyValue
from fwforensics.formats._lines import Lines
from fwforensics.formats._pieces import LINE, ROW
from fwforensics.schema import TABLES, Column

LAYOUTS = ("csv", "json", "keyvalue", "regex")


@dataclass(frozen=True, slots=True)
class Pattern:
    """Lines taken apart by the named groups of a regular expression."""

    pattern: str

    def fields(self, lines: Lines, wanted: set[str], context: Context) -> Fields:
        """See `Layout`."""
        del context
        whole = lines.text.to_frame("line").with_row_index(ROW).with_columns(pl.col(ROW).cast(pl.Int64))
        names = list(re.compile(self.pattern).groupindex)
        hit = whole["line"].str.contains(self.pattern)
        found = whole.filter(hit).select(
            ROW,
            *(
                pl.col("line").str.extract(self.pattern, i).alias(n)
                for n, i in re.compile(self.pattern).groupindex.items()
            ),
        )
        rest = [n for n in names if n not in wanted]
        extra = pl.struct(rest).struct.json_encode() if rest else pl.lit(None, pl.String)
        bad = whole.filter(~hit).select(ROW, reason=pl.lit("does not match the pattern"))
        kept = found.with_columns(extra.alias("extra")).drop(rest)
        return Fields(kept, bad if bad.height else None)


@dataclass(frozen=True, slots=True)
class Prepared:
    """Fields, and what is made of them before columns are filled."""

    layout: Layout
    made: Mapping[str, pl.Expr]

    def fields(self, lines: Lines, wanted: set[str], context: Context) -> Fields:
        """See `Layout`."""
        read = {r for e in self.made.values() for r in e.meta.root_names()}
        found = self.layout.fields(lines, (wanted - set(self.made)) | read, context)
        missing = [pl.lit(None, pl.String).alias(r) for r in sorted(read - set(found.frame.columns))]
        values = [e.alias(name) for name, e in self.made.items()]
        found.frame = found.frame.with_columns(missing).with_columns(values)
        return found


def mapped_format(document: str, where: str) -> Format:
    """The format that a mapping file describes.

    Args:
        document: the file's text.
        where: its path, for errors.

    Raises:
        UsageError: it is no such file; the message says what is wrong.
    """
    try:
        given = tomllib.loads(document)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"not TOML: {error}", where=where) from error
    table = given.get("table", "activity")
    if table not in READ:
        raise UsageError(f"there is no table {table!r}", where=where, remedy=f"one of {', '.join(READ)}")
    columns = given.get("columns")
    if not isinstance(columns, Mapping) or not columns:
        raise UsageError(
            "no [columns] in it", where=where, remedy='write [columns] and lines such as src_ip = "source"'
        )
    known = {c.name: c for c in TABLES[table].columns}
    if unknown := sorted(set(columns) - set(known)):
        raise UsageError(f"{table} has no column {', '.join(unknown)}", where=where, remedy="see docs/schema.md")
    mapping: dict[str, pl.Expr] = {}
    fields: list[str] = []
    made: dict[str, pl.Expr] = {}
    for name, said in columns.items():
        mapping |= _column(known[name], said, fields, made, where)
    if table == "activity" and "kind" not in mapping:
        mapping["kind"] = pl.lit("tool_call" if {"tool", "command"} & set(mapping) else "episode")
    return Format(
        name="canonical",
        title="mapping file",
        reference="docs/schema.md",
        table=table,
        syslog=False,
        is_record=LINE.str.len_bytes() > 0,
        layout=Prepared(_layout(given, fields, where), made) if made else _layout(given, fields, where),
        columns=mapping,
        required=("src_ip", "dst_ip") if table == "events" else tuple(n for n in columns if n in mapping),
    )


def _column(column: Column, said: Any, fields: list[str], made: dict[str, pl.Expr], where: str) -> dict[str, pl.Expr]:
    """The expressions of one column; what is `made` of fields before it is read is `@of:` it."""
    if isinstance(said, Mapping) and "value" in said:
        return {column.name: pl.lit(str(said["value"])).cast(column.dtype)}
    words = said.get("words", {}) if isinstance(said, Mapping) else {}
    options = said if isinstance(said, Mapping) else {}
    names = options.get("field") if isinstance(said, Mapping) else said
    keys = tuple(names) if isinstance(names, list) else (names,)
    if not all(isinstance(k, str) and k for k in keys) or not isinstance(words, Mapping):
        raise UsageError(f"{column.name}: {said!r} names no field", where=where, remedy='write name = "field"')
    fields.extend(k for k in keys if k not in fields)
    if not {"join", "pattern", "words", "format"} & set(options):
        return _plain(column, keys)
    value = _value(options, keys, column.name, where)
    if words:
        value = value.replace({str(k): str(v) for k, v in words.items()})
    made[f"@of:{column.name}"] = value
    if "format" in options and column.type == "TIMESTAMP":
        return _timed(column.name, pl.col(f"@of:{column.name}"), str(options["format"]))
    return _plain(column, (f"@of:{column.name}",))


def _plain(column: Column, keys: tuple[str, ...]) -> dict[str, pl.Expr]:
    """Fields as the column takes them."""
    result = {column.name: value_of(column, keys)}
    if column.type == "TIMESTAMP":
        result[f"{column.name}_local"] = iso_local(*keys)
    return result


def _value(options: Mapping[str, Any], keys: tuple[str, ...], name: str, where: str) -> pl.Expr:
    """The text of a column: of one field or of several, or a part of it."""
    value = pl.concat_str(keys, separator=str(options["join"])) if "join" in options else text(*keys)
    if "pattern" not in options:
        return value
    pattern = str(options["pattern"])
    try:
        pl.Series([""]).str.extract(pattern)
    except pl.exceptions.PolarsError as error:
        raise UsageError(f"{name}: the pattern is none: {error}", where=where) from error
    return value.str.extract(pattern)


def _timed(name: str, value: pl.Expr, pattern: str) -> dict[str, pl.Expr]:
    """A time by its format."""
    if "%z" in pattern or "%:z" in pattern:
        zoned = value.str.to_datetime(pattern, strict=False, time_unit="us", time_zone="UTC")
        return {name: zoned.dt.replace_time_zone(None)}
    local = value.str.to_datetime(pattern, strict=False, time_unit="us")
    return {name: pl.lit(None, pl.Datetime("us")), f"{name}_local": local}


def _layout(given: Mapping[str, Any], fields: list[str], where: str) -> Layout:
    kind = given.get("layout", "json")
    if kind == "json":
        return Json(begin=LINE.str.find("{", literal=True))
    if kind == "csv":
        separator = str(given.get("delimiter", ","))
        if len(separator) != 1:
            raise UsageError(f"the delimiter {separator!r} is not one character", where=where)
        if "names" in given:
            return _unheaded(given["names"], separator, fields, where)
        table = Delimited(names=(), separator=separator, quote='"', null=("",))
        return Columnar(header=_header(fields, separator), names=_names(separator), delimited=table)
    if kind == "keyvalue":
        separator = str(given.get("delimiter", " "))
        return KeyValue(anchor=pl.lit(0, pl.UInt32), separator=separator, quote='"')
    if kind == "regex":
        pattern = str(given.get("pattern", ""))
        try:
            groups = re.compile(pattern).groupindex
            pl.Series([""]).str.contains(pattern)
        except (re.error, pl.exceptions.PolarsError) as error:
            raise UsageError(f"the pattern is none: {error}", where=where) from error
        if missing := [f for f in fields if f not in groups]:
            raise UsageError(f"the pattern has no group {', '.join(missing)}", where=where, remedy="write (?P<name>…)")
        return Pattern(pattern)
    raise UsageError(f"there is no layout {kind!r}", where=where, remedy=f"one of {', '.join(LAYOUTS)}")


def _unheaded(names: Any, separator: str, fields: list[str], where: str) -> Layout:
    """CSV without a line of column names."""
    if not isinstance(names, list) or not all(isinstance(n, str) for n in names):
        raise UsageError("names is no list of texts", where=where, remedy='write names = ["time", "source"]')
    if missing := [f for f in fields if f not in names]:
        raise UsageError(f"names lacks {', '.join(missing)}", where=where)
    return Delimited(names=tuple(names), separator=separator, quote='"', null=("",))


def _header(fields: list[str], separator: str) -> pl.Expr:
    """The line of column names: at least half of the mapped fields stand in it as cells."""
    edge = re.escape(separator)
    cells = [LINE.str.contains(rf'(?:^|{edge})\s*"?{re.escape(f)}"?\s*(?:{edge}|$)').cast(pl.Int32) for f in fields]
    return pl.sum_horizontal(cells) * 2 >= len(fields) if fields else pl.lit(False)


def _names(separator: str) -> Callable[[str], list[str | None]]:
    def names(header: str) -> list[str | None]:
        return [c.strip() for c in cells(header, separator)]

    return names
