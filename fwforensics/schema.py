"""The canonical tables as data: DDL, `COMMENT`s, Polars dtypes and `docs/schema.md` all come from `TABLES`.

Times are UTC with microseconds. Missing is NULL: never 0, '' or '-'. Addresses are canonical text (RFC 5952 for IPv6,
dotted quads for IPv4, IPv4-mapped IPv6 as IPv4).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from fwforensics.schema_tables import DECLARATIONS

SCHEMA_VERSION = 4

POLARS: dict[str, pl.DataType] = {
    "VARCHAR": pl.String(),
    "JSON": pl.String(),
    "TIMESTAMP": pl.Datetime("us"),
    "DOUBLE": pl.Float64(),
    "BOOLEAN": pl.Boolean(),
    "UTINYINT": pl.UInt8(),
    "USMALLINT": pl.UInt16(),
    "UINTEGER": pl.UInt32(),
    "UBIGINT": pl.UInt64(),
    "BIGINT": pl.Int64(),
    "VARCHAR[]": pl.List(pl.String()),
    "INTEGER[]": pl.List(pl.Int32),
}

#: Closed word lists: enforced by a CHECK in the case file.
WORDS: dict[str, tuple[str, ...]] = {
    "event_kind": ("firewall", "flow", "ids", "dns", "proxy", "nat", "vpn", "auth", "system"),
    "action": ("allow", "deny", "alert"),
    "direction": ("inbound", "outbound", "internal", "external"),
    "severity": ("informational", "low", "medium", "high", "critical"),
    "activity_kind": ("run", "phase", "episode", "step", "tool_call", "process", "container"),
    "initiator": ("vendor", "syn", "first", "port", "unknown"),
    "scope": ("internal", "external", "special"),
    "zone": ("internal", "external"),
    "indicator_kind": ("ip", "cidr", "domain", "port", "app"),
    "lookup": ("answer", "nothing", "error"),
    "enrichment": ("done", "partial", "failed"),
    "safelist_kind": ("address", "cidr", "domain", "port", "detection"),
    "side": ("client", "server", "either"),
    "evidence": ("policy", "shape", "service", "indicator", "verdict"),
    "news": ("new", "raised", "seen"),
    "evaluability": ("evaluable", "not evaluable", "not observed"),
    "category": ("mining", "tunnel", "probe", "metadata", "upload", "policy", "other"),
    "run_basis": ("source", "lease", "time", "ambiguous", "none"),
    "timing": ("one-off", "persistent", "periodic", "diurnal", "bursty", "irregular", "undetermined"),
    "attribution": ("exact", "host", "ambiguous", "none"),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its SQL type, what it means, and the constraint that holds it."""

    name: str
    type: str
    doc: str
    words: str | None = None
    default: str | None = None

    @property
    def dtype(self) -> pl.DataType:
        """The Polars dtype that is stored without conversion."""
        return POLARS[self.type]

    @property
    def ddl(self) -> str:
        """The column as it stands in CREATE TABLE."""
        parts = [self.name, self.type]
        if self.type == "JSON":
            # Half the time to write and two thirds of the room of what DuckDB chooses by itself for such texts.
            parts.append("USING COMPRESSION zstd")
        if self.default is not None:
            parts.append(f"DEFAULT {self.default}")
        if self.words is not None:
            allowed = ", ".join(f"'{w}'" for w in WORDS[self.words])
            parts.append(f"CHECK ({self.name} IN ({allowed}))")
        return " ".join(parts)


@dataclass(frozen=True, slots=True)
class Table:
    """One table: its purpose, columns and primary key."""

    name: str
    doc: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """Column names in order."""
        return [c.name for c in self.columns]

    @property
    def dtypes(self) -> dict[str, pl.DataType]:
        """Polars schema in order."""
        return {c.name: c.dtype for c in self.columns}

    def ddl(self) -> Iterator[str]:
        """The statements that create and comment the table."""
        body = [c.ddl for c in self.columns]
        if self.key:
            body.append(f"PRIMARY KEY ({', '.join(self.key)})")
        yield f"CREATE TABLE {self.name} ({', '.join(body)})"
        yield f"COMMENT ON TABLE {self.name} IS {quoted(self.doc)}"
        for c in self.columns:
            yield f"COMMENT ON COLUMN {self.name}.{c.name} IS {quoted(c.doc)}"

    def empty(self) -> pl.DataFrame:
        """A frame of no rows with the table's dtypes."""
        return pl.DataFrame(schema=self.dtypes)


def quoted(text: str) -> str:
    """`text` as a SQL string literal (for DDL, which takes no bound values)."""
    return "'" + text.replace("'", "''") + "'"


def _table(declaration: str) -> Table:
    """Read one declaration: a heading, then `name TYPE [words=..] [default=..] | meaning` lines."""
    head, *rows = [line for line in declaration.strip().splitlines() if line.strip()]
    name, doc = (part.strip() for part in head.split("|", 1))
    name, _, key = name.partition(" ")
    columns = []
    for row in rows:
        spec, meaning = (part.strip() for part in row.split("|", 1))
        column, kind, *options = spec.split()
        given = dict(option.split("=", 1) for option in options)
        columns.append(Column(column, kind, meaning, given.get("words"), given.get("default")))
    return Table(name, doc, tuple(columns), tuple(k for k in key.strip("() ").split(",") if k))


TABLES: dict[str, Table] = {t.name: t for t in map(_table, DECLARATIONS)}
#: Tables that formats may write; the engine adds `source_id`.
CANONICAL = ("events", "activity", "leases", "translations", "gpu_samples", "hosts")
