"""The case: one DuckDB file that holds everything of one investigation.

`Case` is the only writer; `Case.sql` and `analyst` are what reads. DuckDB lets one process write, and then nobody else
read: whoever comes second is told so.
"""

from __future__ import annotations

import getpass
import json
import platform
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import duckdb
import polars as pl
import pyarrow as pa

from fwforensics.errors import CaseError, CaseLockedError, CaseUnmadeError, QueryError, UsageError
from fwforensics.formats._finish import canonical_address
from fwforensics.schema import SCHEMA_VERSION, TABLES
from fwforensics.version import __version__

#: Rows of one INSERT: one DuckDB row group. Just above it, everything is written twice.
ROW_GROUP = 122_880
MEMORY_LIMIT = "768MB"
#: Rows of an answer that are held at once.
ROWS_A_BATCH = 20_000
#: Texts go to the database as views of the bytes that were read, not as a copy.
VIEWS = pl.CompatLevel.newest()
DEFAULT_NETWORKS = (
    ("10.0.0.0/8", "RFC 1918"), ("172.16.0.0/12", "RFC 1918"), ("192.168.0.0/16", "RFC 1918"),
    ("100.64.0.0/10", "RFC 6598"), ("169.254.0.0/16", "link-local"), ("fe80::/10", "link-local"),
    ("fc00::/7", "unique local"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Result:
    """Rows of a query."""

    frame: pl.DataFrame

    def pl(self) -> pl.DataFrame:
        """The rows as a Polars frame."""
        return self.frame

    def rows(self) -> list[dict[str, Any]]:
        """The rows as dictionaries."""
        return self.frame.to_dicts()

    def scalar(self) -> Any:
        """The one value."""
        return self.frame.item() if self.frame.height else None


def now() -> datetime:
    """The present, UTC without zone, as the case stores times."""
    return datetime.now(UTC).replace(tzinfo=None)


def utc_of(value: datetime) -> datetime:
    """A zoned time as the case stores it."""
    return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value


class Case:
    """An open case file.

    Args:
        path: the file; created if `create` and it is not there.
        create: make a new case where there is none.
        read_only: for looking only; several processes may do so at once.
        memory_limit: how much memory the database may use before it goes to disk.
        threads: threads of the database.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        create: bool = False,
        read_only: bool = False,
        memory_limit: str = MEMORY_LIMIT,
        threads: int | None = None,
    ) -> None:
        self.path = Path(path)
        self.read_only = read_only
        #: Were the views made through this connection? Then they are those of this release.
        self.has_fresh_views = False
        if not create and not self.path.exists():
            raise CaseError(
                "there is no such case", where=str(self.path), remedy="make one with: fwf ingest PATH… --case FILE"
            )
        config: dict[str, Any] = {"memory_limit": memory_limit, "autoinstall_known_extensions": False}
        if read_only:
            config["enable_external_access"] = False
        if threads is not None:
            config["threads"] = threads
        self._con = connect(self.path, read_only=read_only, config=config)
        try:
            self._con.execute("SET TimeZone = 'UTC'")
            # A file without any table is a case whose making was interrupted.
            if not self.sql("SELECT count(*) FROM duckdb_tables()").scalar():
                if read_only:
                    raise CaseUnmadeError(
                        "the making of this case was interrupted", where=str(self.path), remedy="repeat the ingest"
                    )
                self._create()
            self._check_version()
        except BaseException:
            self._con.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; others may open it then."""
        self._con.close()

    def _create(self) -> None:
        with self.transaction():
            for table in TABLES.values():
                for statement in table.ddl():
                    self._con.execute(statement)
            self._con.execute(
                "INSERT INTO meta (schema_version, tool_version, created_at) VALUES (?, ?, ?)",
                [SCHEMA_VERSION, __version__, now()],
            )
            for cidr, name in DEFAULT_NETWORKS:
                self.add_network(cidr, name, "internal", "default")

    def _check_version(self) -> None:
        try:
            row = next(iter(self._con.execute("SELECT schema_version, tool_version FROM meta").fetchall()), None)
        except duckdb.Error as error:
            raise CaseError(
                "this is a DuckDB file, but no case of fwforensics", where=str(self.path), remedy="give another --case"
            ) from error
        if row is None or row[0] != SCHEMA_VERSION:
            made, version = (row[1], row[0]) if row else ("unknown", "?")
            raise CaseError(
                f"the case was made by fwforensics {made} with tables of version {version}; "
                f"this is {__version__} with {SCHEMA_VERSION}",
                where=str(self.path),
                remedy="ingest the evidence again into a new case",
            )

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing."""
        self._con.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._con.execute("ROLLBACK")
            raise
        self._con.execute("COMMIT")

    def execute(self, sql: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> None:
        """Run a statement that gives no rows."""
        self._con.execute(sql, values or None)

    def sql(self, sql: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> Result:
        """Run a query; values are bound, never written into the text."""
        return Result(fetch(self._con, sql, values))

    def stream(self, sql: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> Iterator[pl.DataFrame]:
        """Run a query and give its rows in batches, so that an answer may be larger than memory."""
        return stream(self._con, sql, values)

    def append(self, table: str, frame: pl.DataFrame) -> int:
        """Write rows, at most a row group at a time; columns that the frame lacks are NULL or their default."""
        names = [c for c in TABLES[table].names if c in frame.columns]
        frame = frame.with_columns(_defaults(table, frame))
        for part in frame.select(names).iter_slices(ROW_GROUP):
            self._insert(table, names, part.to_arrow(compat_level=VIEWS))
        return frame.height

    def _insert(self, table: str, names: Sequence[str], appended: object) -> None:
        """Write one table of rows; the statement finds `appended` by its name here.

        Registered under a name in the database it would be kept until the end of the transaction.
        """
        try:
            self._con.execute(f"INSERT INTO {table} BY NAME SELECT * FROM appended")
        except (duckdb.ConversionException, duckdb.InvalidInputException):
            # A record's rest may be no valid JSON although its fields could be read: keep it as a JSON string.
            json_columns = [c.name for c in TABLES[table].columns if c.type == "JSON" and c.name in names]
            if not json_columns:
                raise
            fixed = ", ".join(f"CASE WHEN json_valid({c}) THEN {c} ELSE to_json({c}) END AS {c}" for c in json_columns)
            self._con.execute(f"INSERT INTO {table} BY NAME SELECT * REPLACE ({fixed}) FROM appended")
        del appended

    def temporary(self, name: str, frame: pl.DataFrame) -> None:
        """Put rows into a temporary table, which only this connection sees."""
        appended = frame.to_arrow()
        self._con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM appended")
        del appended

    def replace(self, table: str, frame: pl.DataFrame) -> int:
        """Put rows in place of all that a table holds."""
        self._con.execute(f"DELETE FROM {table}")
        return self.append(table, frame)

    def add_network(self, cidr: str, name: str | None, zone: str, basis: str = "declared") -> None:
        """Declare what a network is; a network that is there already is changed."""
        text, low, high = network_range(cidr)
        self._con.execute("DELETE FROM networks WHERE cidr = ?", [text])
        self._con.execute("INSERT INTO networks VALUES (?, ?, ?, ?, ?, ?)", [text, name, zone, basis, low, high])

    def log(self, command: str, arguments: Mapping[str, Any], rows: int, seconds: float) -> None:
        """Write one line of the audit trail."""
        text = json.dumps(arguments, default=str, ensure_ascii=False)
        who, where = _user(), platform.node()
        self._con.execute(
            "INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [now(), command, text, __version__, who, where, rows, seconds],
        )

    def use_threads(self, count: int) -> None:
        """How many threads the database may use from now on."""
        self._con.execute(f"SET threads = {int(count)}")

    def checkpoint(self) -> None:
        """Bring everything into the case file."""
        self._con.execute("CHECKPOINT")


def next_source_id(case: Case) -> int:
    """Numbers are not given by a sequence, which would not roll back."""
    return int(case.sql("SELECT coalesce(max(source_id), 0) + 1 FROM sources").scalar())


def _defaults(table: str, frame: pl.DataFrame) -> list[pl.Expr]:
    """What stands for NULL in columns that have a default: one record of a batch may fill them and the next not."""
    return [
        pl.col(c.name).fill_null(int(c.default))
        for c in TABLES[table].columns
        if c.default is not None and c.dtype.is_integer() and c.name in frame.columns and frame[c.name].null_count()
    ]


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def connect(path: Path, *, read_only: bool, config: Mapping[str, Any]) -> duckdb.DuckDBPyConnection:
    """Open a database file, with errors that a user can act on."""
    try:
        con = duckdb.connect(str(path), read_only=read_only, config=dict(config))
        with suppress(duckdb.InvalidInputException):  # a notebook without ipywidgets has no bar to take away
            con.execute("SET enable_progress_bar = false")  # it would stand among the rows
        return con
    except duckdb.IOException as error:
        text = str(error)
        if "lock" in text.lower():
            pid = re.search(r"PID (\d+)", text)
            who = f"process {pid.group(1)}" if pid else "another process"
            raise CaseLockedError(
                f"the case is open in {who}", where=str(path), remedy="wait until it is done, or give another --case"
            ) from error
        raise CaseError("the case cannot be opened", where=str(path), remedy=text.splitlines()[0]) from error
    except duckdb.ParserException as error:  # of all settings, this one is a user's
        what = f"{config.get('memory_limit')!r} is no amount of memory"
        raise UsageError(what, remedy="write --memory-limit 2GB") from error
    except duckdb.Error as error:
        raise CaseError("the case cannot be opened", where=str(path), remedy=str(error).splitlines()[0]) from error


def fetch(con: duckdb.DuckDBPyConnection, sql: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> pl.DataFrame:
    """Rows of a query as a frame."""
    with _explained():
        relation = con.sql(sql, params=values or None)
        if relation is None:
            return pl.DataFrame()
        return _frame(relation.to_arrow_table())


def stream(
    con: duckdb.DuckDBPyConnection, sql: str, values: Sequence[Any] | Mapping[str, Any] = ()
) -> Iterator[pl.DataFrame]:
    """Rows of a query, a batch at a time; the first batch has none, and tells the columns."""
    with _explained():
        relation = con.sql(sql, params=values or None)
        if relation is None:
            return
        reader = relation.to_arrow_reader(ROWS_A_BATCH)
        yield _frame(reader.schema.empty_table())
        while batch := next(reader, None):
            yield _frame(pa.Table.from_batches([batch]))


def _frame(table: pa.Table) -> pl.DataFrame:
    frame = pl.from_arrow(table.rename_columns(_told_apart(table.column_names)))
    assert isinstance(frame, pl.DataFrame)  # noqa: S101 (a table gives a frame)
    return frame


@contextmanager
def _explained() -> Iterator[None]:
    """What the database raises as what a user is told."""
    try:
        yield
    except duckdb.InterruptException as error:
        raise KeyboardInterrupt from error
    except (duckdb.Error, pa.ArrowException) as error:
        raise QueryError(str(error)) from error


def analyst(path: str | Path, *, memory_limit: str = "2GB") -> duckdb.DuckDBPyConnection:
    """A connection for ad-hoc SQL: read-only, no files, no network, no settings."""
    config = {
        "memory_limit": memory_limit,
        "enable_external_access": False,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    if not Path(path).exists():
        raise CaseError("there is no such case", where=str(path), remedy="make one with: fwf ingest PATH… --case FILE")
    con = connect(Path(path), read_only=True, config=config)
    con.execute("SET TimeZone = 'UTC'")
    con.execute("SET lock_configuration = true")
    return con


def _told_apart(names: Sequence[str]) -> list[str]:
    """Columns of one name get numbers, as a join of two tables gives them."""
    seen: dict[str, int] = {}
    out = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        out.append(name if seen[name] == 1 else f"{name}_{seen[name] - 1}")
    return out


def network_range(cidr: str) -> tuple[str, str, str]:
    """Canonical text of a network, and its first and last address as 32 hexadecimal digits."""
    import ipaddress

    try:
        net = ipaddress.ip_network(cidr, strict=False)
    except ValueError as error:
        raise UsageError(f"{cidr!r} is no network", remedy="give one like 203.0.113.0/24 or 2001:db8::/32") from error
    base = 0xFFFF << 32 if net.version == 4 else 0
    return str(net), f"{base + int(net[0]):032x}", f"{base + int(net[-1]):032x}"


def ip_key(text: str) -> str | None:
    """An address as 32 hexadecimal digits, IPv4 as ::ffff:0:0/96."""
    import ipaddress

    canonical = canonical_address(text)
    if canonical is None:
        return None
    ip = ipaddress.ip_address(canonical)
    return f"{(0xFFFF << 32 if ip.version == 4 else 0) + int(ip):032x}"
