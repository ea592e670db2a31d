"""Parquet as records of text fields, so that the mappings of the text formats read it; unit: the row."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from fwforensics.formats._canonical import PROVENANCE, columns_of, merged_extra, table_of
from fwforensics.formats._format import Context, Decoded
from fwforensics.formats.aws_vpcflow import flow_columns, translation_columns
from fwforensics.formats.ocsf import ocsf_columns
from fwforensics.schema import TABLES

MAGIC = b"PAR1"
ROWS = 65_536
#: The footer stands at the end, so the content is kept; beyond this many bytes on disk.
IN_MEMORY = 64 << 20
KEPT = ("pkt-srcaddr", "pkt-dstaddr")


@dataclass(frozen=True, slots=True)
class Reading:
    """How the rows of one file are read: the tables that they fill, the first being the one that they are."""

    tables: Mapping[str, Mapping[str, pl.Expr]]
    keep: tuple[str, ...] = ()


def reading_of(names: list[str]) -> Reading | None:
    """How a file with these columns is read, or None."""
    if {"srcaddr", "dstaddr"} <= set(names):
        return Reading({"events": flow_columns(), "translations": translation_columns()}, KEPT)
    if "class_uid" in names and any(n.startswith(("src_endpoint", "dst_endpoint")) for n in names):
        return Reading({"events": ocsf_columns()})
    table = table_of(names)
    return None if table is None else Reading({table: columns_of(table)})


class Parquet:
    """Decodes Parquet in batches of rows."""

    def __init__(self, context: Context) -> None:
        del context

    def feed(self, source: int, stream: BinaryIO) -> Iterator[Decoded]:
        """See `Decoder`."""
        with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as kept:
            shutil.copyfileobj(stream, kept, 1 << 20)
            kept.seek(0)
            try:
                yield from self._decode(source, cast("BinaryIO", kept))
            except (pa.ArrowException, OSError) as error:
                yield _refused(source, 1, f"not readable as Parquet: {str(error).splitlines()[0][:200]}")

    def finish(self) -> Iterator[Decoded]:
        """See `Decoder`: nothing is kept back."""
        return iter(())

    def _decode(self, source: int, kept: BinaryIO) -> Iterator[Decoded]:
        file = pq.ParquetFile(kept)
        names = [c.lower() for c in file.schema_arrow.names]
        is_flow_log = "srcaddr" in names
        fields = [c.replace("_", "-") if is_flow_log else c for c in names]
        reading = reading_of(fields)
        if reading is None or len(set(fields)) < len(fields):
            yield _refused(source, 1, f"Parquet with columns that no format reads: {', '.join(names)[:200]}")
            return
        first = 1
        for batch in file.iter_batches(batch_size=ROWS):
            frame = cast("pl.DataFrame", pl.from_arrow(pa.Table.from_batches([batch])))
            frame.columns = fields
            flat = flattened(frame) if "class_uid" in fields else frame
            yield _decoded(source, as_text(flat), reading, first)
            first += frame.height


def flattened(frame: pl.DataFrame) -> pl.DataFrame:
    """Fields of structures as columns with dotted names, however deep."""
    while structs := [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.Struct)]:
        inner = [frame[s].struct.unnest() for s in structs]
        named = [f.rename({c: f"{s}.{c}" for c in f.columns}) for s, f in zip(structs, inner, strict=True)]
        frame = pl.concat([frame.drop(structs), *named], how="horizontal")
    return frame


def as_text(frame: pl.DataFrame) -> pl.DataFrame:
    """All columns as the text that a log would have."""
    columns = []
    for name, dtype in frame.schema.items():
        column = pl.col(name)
        if isinstance(dtype, pl.Datetime):
            utc = column.dt.convert_time_zone("UTC") if dtype.time_zone else column
            columns.append(utc.dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").alias(name))
        elif dtype.is_nested():
            columns.append(pl.struct(column.alias("v")).struct.json_encode().str.slice(5).str.head(-1).alias(name))
        elif dtype == pl.Binary:
            columns.append(column.bin.encode("hex").alias(name))
        else:
            columns.append(column.cast(pl.String))
    return frame.select(columns).with_columns(pl.when(pl.all() != "").then(pl.all()))


def _decoded(source: int, frame: pl.DataFrame, reading: Reading, first: int) -> Decoded:
    """Rows of text as canonical frames."""
    roots = {r for columns in reading.tables.values() for e in columns.values() for r in e.meta.root_names()}
    frame = frame.drop(c for c in PROVENANCE if c in frame.columns)
    rest = [c for c in frame.columns if c not in {*roots, "extra"} or c in reading.keep]
    some = pl.any_horizontal(pl.col(c).is_not_null() for c in rest) if rest else pl.lit(False)
    left = pl.when(some).then(pl.struct(rest).struct.json_encode()) if rest else pl.lit(None, pl.String)
    given = pl.col("extra") if "extra" in frame.columns else pl.lit(None, pl.String)
    missing = [pl.lit(None, pl.String).alias(r) for r in sorted(roots - set(frame.columns))]
    numbered = frame.with_columns(merged_extra(left, given).alias("extra"), *missing).with_row_index("line_no", first)
    main, *further = reading.tables
    mapped = numbered.select("line_no", "extra", *(e.alias(c) for c, e in _timed(reading.tables[main])))
    if "ignored" not in mapped.columns:
        mapped = mapped.with_columns(ignored=pl.lit(None, pl.String), lost=pl.lit(None, pl.UInt64))
    ends = ["src_ip", "dst_ip"] if main == "events" else [c for c in reading.tables[main] if c in mapped.columns]
    state = mapped.select(
        none=pl.col("ignored").is_not_null(), empty=pl.all_horizontal(pl.col(c).is_null() for c in ends)
    )
    bad = mapped.filter(~state["none"] & state["empty"])
    good = mapped.filter(~state["none"] & ~state["empty"])
    frames = {main: good.select(c for c in good.columns if c == "line_no" or c in TABLES[main].names)}
    for table in further:
        rows = numbered.select("line_no", *(e.alias(c) for c, e in _timed(reading.tables[table])))
        frames[table] = rows.filter(pl.any_horizontal(pl.exclude("line_no").is_not_null()))
    none = mapped.filter(state["none"])
    return Decoded(
        source,
        frames={table: rows.with_columns(record_no=pl.lit(0, pl.UInt32)) for table, rows in frames.items()},
        rejects=bad.select("line_no", reason=pl.lit("no src_ip or dst_ip in it"), raw=pl.lit(""))
        if bad.height
        else None,
        ignored=none.select("line_no", reason="ignored", program=pl.lit(None, pl.String)) if none.height else None,
        units=frame.height,
        parsed=good.height,
        lost=none.filter(pl.col("lost") > 0).select("sensor", "ts", "lost") if none.height else None,
    )


def _timed(columns: Mapping[str, pl.Expr]) -> Iterator[tuple[str, pl.Expr]]:
    """Times without zone count as UTC here: that is how Parquet's writers store them."""
    for name, expression in columns.items():
        if not name.endswith("_local"):
            local = columns.get(f"{name}_local")
            yield name, expression if local is None else pl.coalesce(expression, local)


def _refused(source: int, number: int, reason: str) -> Decoded:
    rejects = pl.DataFrame({"line_no": [number], "reason": [reason], "raw": [MAGIC.hex()]})
    return Decoded(source, rejects=rejects.with_columns(pl.col("line_no").cast(pl.UInt64)), units=1)


def row_at(stream: BinaryIO, number: int) -> bytes | None:
    """One row as JSON text."""
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as kept:
        shutil.copyfileobj(stream, kept, 1 << 20)
        kept.seek(0)
        first = 1
        for batch in pq.ParquetFile(kept).iter_batches(batch_size=ROWS):
            if first <= number < first + batch.num_rows:
                row: Any = batch.slice(number - first, 1).to_pylist()[0]
                return json.dumps(row, default=str).encode()
            first += batch.num_rows
    return None
