"""`Key: Value, Key: Value` as Firepower Threat Defense writes its connection, intrusion, file and malware events.

Values may hold commas and colons of their own (user agents, messages, URLs), so a pair begins only where a comma is
followed by a key: a capitalised word and a colon, or one of the few keys of several words.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from fwforensics.formats._messages import ESCAPES
from fwforensics.formats._pieces import ROW, escape_json

SPACED = "Prefilter Policy|Endpoint Profile|Tunnel or Prefilter Rule|Prefilter Policy Name|Original Client Country"
KEY = rf"(?:[A-Z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)*|{SPACED})"
#: Keys that share a column with others, and so stay in `extra` beside it.
KEPT = (
    *("DeviceUUID", "URL", "URI", "ReferencedHost", "SSLServerName", "Client", "ApplicationProtocol", "WebApplication"),
    *("EventPriority", "ThreatName"),
)
BEGINS = pl.col("pair").str.contains(rf"^ ?{KEY}:(?: |$)")


def pairs(texts: pl.DataFrame, names: Mapping[str, str], wanted: set[str]) -> pl.DataFrame:
    """Columns for the wanted keys, and `extra` with all others.

    Args:
        texts: `@row` and `@text`.
        names: key → name of the column it becomes; other keys keep their name and go to `extra`.
        wanted: columns to make.

    Returns:
        One row for each of `texts` that has a pair at all.
    """
    # An empty value leaves `Key:,` or `Key: ,` behind.
    spaced = pl.col("@text").str.replace_all(":,", ": ,", literal=True).str.replace_all(": ,", ": , ", literal=True)
    long = texts.select(ROW, spaced.str.split(", ").alias("pair")).explode("pair").with_columns(BEGINS.alias("begins"))
    if not long["begins"].all():
        long = _joined(long)
    value = pl.col("pair").str.splitn(":", 2).struct.rename_fields(["key", "value"])
    long = long.select(ROW, value).unnest("pair")
    long = long.with_columns(pl.col("key").str.strip_chars_start(" "), pl.col("value").str.strip_chars(' ,"'))
    long = long.with_columns(_ordinal(long).alias("nth"))
    if long.is_empty():
        return pl.DataFrame(schema={ROW: pl.Int64, "extra": pl.String})
    renamed = pl.col("key").replace(dict(names))
    long = long.with_columns(renamed.alias("name")).filter(pl.col("value") != "")
    used = (pl.col("nth") == 1) & pl.col("name").is_in(list(wanted))
    rows = texts.select(ROW)
    columns = (
        long.filter(used).pivot(on="name", index=ROW, values="value", aggregate_function="first", maintain_order=True)
        if long.select(used.any()).item()
        else rows.clear()
    )
    realm = (pl.col("key") == "User") & pl.col("value").str.contains("\\", literal=True)
    kept = long.filter(~used | realm | pl.col("key").is_in(KEPT))
    extra = kept.group_by(ROW, maintain_order=True).agg(_pair(kept).str.join(",").alias("extra"))
    return (
        rows.join(columns, on=ROW, how="left", maintain_order="left")
        .join(extra, on=ROW, how="left", maintain_order="left")
        .with_columns(extra="{" + pl.col("extra") + "}")
    )


def _ordinal(long: pl.DataFrame) -> pl.Series:
    """How many times a line has had the key, this one included; counted only where a key comes twice."""
    keys = long["key"].unique(maintain_order=True)
    number = long["key"].replace_strict(keys, pl.int_range(len(keys), dtype=pl.Int64, eager=True))
    if (long[ROW] * len(keys) + number).n_unique() == long.height:
        return pl.Series("nth", [1], pl.UInt32).new_from_index(0, long.height)
    return long.select(pl.col("key").cum_count().over(ROW, "key"))["key"]


def _joined(long: pl.DataFrame) -> pl.DataFrame:
    """Pieces without a key put back behind the one before them; what stands before all keys is dropped."""
    number = pl.col("begins").cast(pl.UInt32).cum_sum().over(ROW)
    whole = long.with_columns(number.alias("number")).filter(pl.col("number") > 0)
    return whole.group_by(ROW, "number", maintain_order=True).agg(pl.col("pair").str.join(", ")).drop("number")


def _pair(long: pl.DataFrame) -> pl.Expr:
    """`"key":"value"`; a repeated key is numbered."""
    value = escape_json(pl.col("value")) if long["value"].str.contains(ESCAPES).any() else pl.col("value")
    number = pl.when(pl.col("nth") > 1).then(pl.concat_str(pl.lit("#"), pl.col("nth"))).otherwise(pl.lit(""))
    return pl.concat_str(pl.lit('"'), pl.col("key"), number, pl.lit('":"'), value, pl.lit('"'))
