"""Times that name month and day by number and may lack the year (`05/12-19:09:10.917356`, `05/12/26-…`)."""

from __future__ import annotations

import polars as pl

from fwforensics.formats._format import Context
from fwforensics.formats._lines import Lines
from fwforensics.formats._syslog import MONTHS, read_stamps

WRITTEN = r"^\s*(\d{1,2})/(\d{1,2})(?:/(\d{4}|\d\d))?[- ](\d\d:\d\d:\d\d(?:\.\d+)?)"
NAMES = {f"{i:02}": name.decode().title() for i, name in enumerate(MONTHS, 1)}


def local_times(texts: pl.Series, context: Context) -> pl.DataFrame:
    """`own_local`, and `@own_yearless`: the year is worked out as that of a syslog header is."""
    parts = texts.to_frame("t").select(pl.col("t").str.extract_groups(WRITTEN).alias("p"))["p"].struct.unnest()
    year = pl.when(pl.col("3").str.len_bytes() == 2).then("20" + pl.col("3")).otherwise(pl.col("3"))
    month = pl.col("1").str.zfill(2).replace_strict(NAMES, default=None, return_dtype=pl.String)
    given = pl.concat_str(
        [month, pl.col("2").str.zfill(2), pl.coalesce(year, pl.lit("")), pl.col("4")], separator=" "
    ).str.replace("  ", " ", literal=True)
    lines = Lines.of_texts(parts.select(given.alias("t"))["t"].fill_null(""))
    stamps = read_stamps(lines, context)
    micro = pl.Series(stamps.micro).cast(pl.Datetime("us"))
    return pl.DataFrame({"micro": micro, "ok": stamps.ok, "@own_yearless": stamps.yearless}).select(
        pl.when("ok").then("micro").alias("own_local"), pl.col("@own_yearless") & pl.col("ok")
    )
