"""Columns that bear the names of the canonical tables: which table they are, and how their texts are read."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from fwforensics.formats._fields import epoch, iso, iso_local, lower, number, text
from fwforensics.schema import TABLES, WORDS, Column

#: Where a row stood in the case that it was exported from; it stands elsewhere now.
PROVENANCE = ("source_id", "line_no", "record_no", "n_lines")
ALIASES = {
    "started_at": ("start", "start_ts", "start_time"),
    "ended_at": ("end", "end_ts", "end_time"),
    "ip": ("sandbox_ip",),
    "tool": ("tool_name",),
    "status": ("exit_code",),
}
STARTS = ("started_at", *ALIASES["started_at"])
READ = ("events", "activity", "leases", "translations", "gpu_samples")


def table_of(names: Iterable[str]) -> str | None:
    """The table whose records have these columns, or None."""
    have = set(names)
    if have & {"owner_kind", "owner_id"} and "ip" in have:
        return "leases"
    if "orig_src_ip" in have and have & {"new_src_ip", "new_dst_ip"}:
        return "translations"
    if {"ts", "gpu"} <= have and have & {"utilization", "memory_mib", "power_w"}:
        return "gpu_samples"
    if have & {"run_id", "episode_id", "activity_id"} and have & set(STARTS):
        return "activity"
    return "events" if {"src_ip", "dst_ip", "ts"} <= have else None


def columns_of(table: str) -> dict[str, pl.Expr]:
    """Canonical column → expression over fields of the same names or their aliases, all of them text."""
    result: dict[str, pl.Expr] = {}
    for column in TABLES[table].columns:
        if column.name in (*PROVENANCE, "extra"):
            continue
        keys = (column.name, *ALIASES.get(column.name, ()))
        result[column.name] = value_of(column, keys)
        if column.type == "TIMESTAMP":
            result[f"{column.name}_local"] = iso_local(*keys)
    if table == "activity":
        result["kind"] = pl.when(pl.col("kind").is_null()).then(_activity_kind()).otherwise(result["kind"])
    return result


def value_of(column: Column, keys: tuple[str, ...]) -> pl.Expr:
    """The fields of a record, all of them text, as a column takes them."""
    if column.words is not None:
        word = lower(*keys)
        return pl.when(word.is_in(WORDS[column.words])).then(word)
    if column.type == "TIMESTAMP":
        numeric = [pl.when(pl.col(k).str.contains(r"^\d{9,19}(?:\.\d+)?$")).then(epoch(k)) for k in keys]
        return pl.coalesce(iso(*keys), *numeric)
    if column.type == "DOUBLE":
        return number(*keys)
    if column.type == "BOOLEAN":
        known = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}
        return lower(*keys).replace_strict(known, default=None, return_dtype=pl.Boolean)
    if column.type in ("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "BIGINT"):
        whole = text(*keys).cast(column.dtype, strict=False)
        return whole if column.default is None else whole.fill_null(int(column.default))
    return text(*keys)


def _activity_kind() -> pl.Expr:
    """What an activity is that does not say: by the most specific thing that it names."""
    return (
        pl.when(text("tool", "tool_name").is_not_null() | pl.col("command").is_not_null()).then(pl.lit("tool_call"))
        .when(pl.col("step").is_not_null()).then(pl.lit("step"))
        .when(pl.col("episode_id").is_not_null()).then(pl.lit("episode"))
        .when(pl.col("container_id").is_not_null()).then(pl.lit("container"))
        .otherwise(pl.lit("run"))
    )  # fmt: skip


def merged_extra(rest: pl.Expr, given: pl.Expr) -> pl.Expr:
    """Fields of no column, and the `extra` that the record brings, as one object."""
    is_object = given.str.contains(r"^\s*\{.*\}\s*$")
    inner = pl.when(is_object).then(given.str.strip_chars())
    empty = inner.str.contains(r"^\{\s*\}$")
    both = pl.concat_str([rest.str.head(-1), pl.lit(","), inner.str.slice(1)])
    return pl.when(rest.is_not_null() & inner.is_not_null() & ~empty).then(both).otherwise(pl.coalesce(rest, inner))
