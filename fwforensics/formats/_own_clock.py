"""The time that a device writes itself, right before its message, whatever header a relay put before the line.

Cisco's switches and routers write `[number: ][host: ][*|.]Mon dd [yyyy] hh:mm:ss[.fff] [zone]: %FACILITY-…`, Nexus
puts the year first, and a relay's header may stand before all of it. The zone may be a name, or an offset (`-6`,
`UTC+5:30`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from fwforensics.formats._format import Columns, Context, Fields, Layout
from fwforensics.formats._lines import Lines
from fwforensics.formats._pieces import ROW
from fwforensics.formats._syslog import ZONES, read_stamps

#: Before the stamp (greedy: the last stamp counts), the stamp, and its zone.
STAMP = (
    r"^(?P<before>(?:[^%]*[^A-Za-z0-9%])?)(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]* +\d{1,2},? "
    r"(?P<within>\d{4} )?\d\d:\d\d:\d\d(?:[.,]\d+)?(?: \d{4}\b)?"
    r"(?: (?P<zone>[A-Za-z]{2,5})?(?P<offset>[+-]\d{1,2}(?::?\d\d)?)?)?(?P<behind>[^%]*)(?:%.*)?$"
)
#: Minutes east of UTC of zones whose names mean one offset; those with halves of hours are not in `ZONES`.
MINUTES = {name: 60 * hours for name, hours in ZONES.items()} | {"ACST": 570, "ACDT": 630, "NST": -210, "NDT": -150}
#: What may stand before a device's name, or in its place.
ISO = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?"
MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*"
BSD = MONTH + r" +\d{1,2} (?:\d{4} )?\d\d:\d\d:\d\d(?:[.,]\d+)?(?: \d{4})?"
HOST = (
    rf"^(?:<\d+>)?(?:1 )?(?:{ISO}|{BSD})?(?:\s+[A-Za-z]+\d?\.[A-Za-z]+\s)?[\s:]*(?:\d+:?\s+)*(?:\d+: )*"
    r"(?P<host>[0-9A-Fa-f]*:[0-9A-Fa-f:]*:[0-9A-Fa-f]*|[\w.-]*[A-Za-z][\w.-]*|\d{1,3}(?:\.\d{1,3}){3})(?:[\s:]|$)"
)
UPTIME = r"^(?:\d+[ywdhms]\d*)+[ywdhms]?$"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnClock:
    """Adds the device's own time and name, read from what stands before the message (`@head`).

    Adds `own_utc` and `own_local` (times), `own_host`, and `own_unsure`: the device says that its clock is not set.
    """

    layout: Layout

    def fields(self, lines: Lines, wanted: set[str], context: Context) -> Fields:
        """See `Layout`."""
        given = self.layout.fields(lines, wanted | {"@head"}, context)
        if "@head" not in given.frame.columns:
            return given
        head = given.frame["@head"].fill_null("")
        found = head.to_frame("h").select(pl.col("h").str.extract_groups(STAMP).alias("s"))["s"].struct.unnest()
        times = _times(lines, given.frame[ROW].to_numpy(), found, context)
        host = found.with_columns(h=head).select(_host().alias("own_host"))
        unsure = found.select(pl.col("before").str.ends_with("*").alias("own_unsure"))
        given.frame = pl.concat([given.frame, times, host, unsure], how="horizontal")
        return given


def _host() -> pl.Expr:
    """The device's name: the first word that is no number, before its own stamp, or the only one behind it."""
    before = pl.coalesce(pl.col("before"), pl.col("h"))
    name = pl.coalesce(before.str.extract(HOST), pl.col("behind").str.extract(r"^:? ([\w.-]+) :?$"))
    return pl.when(~name.str.contains(UPTIME)).then(name.str.strip_suffix(":"))


def _times(
    lines: Lines, rows: np.ndarray[tuple[int], np.dtype[np.int64]], found: pl.DataFrame, context: Context
) -> pl.DataFrame:
    """The stamps, read where they stand."""
    skip = found["before"].str.len_bytes().fill_null(0).to_numpy().astype(np.int64)
    there = Lines(lines.data, lines.starts[rows] + skip, lines.ends[rows], lines.numbers[rows])
    stamps = read_stamps(there, replace(context, state=context.state.setdefault("own_clock", {})))
    first_year = pl.col("before").str.extract(r"(?:^|[^0-9])((?:19|20)\d\d) $").cast(pl.Int32)
    name, offset = pl.col("zone").str.to_uppercase(), pl.col("offset")
    sign = pl.when(offset.str.starts_with("-")).then(-1).otherwise(1)
    hours = offset.str.extract(r"^[+-](\d{1,2})").cast(pl.Int64)
    minutes = sign * (hours * 60 + offset.str.extract(r"^[+-]\d{1,2}:?(\d\d)$").cast(pl.Int64).fill_null(0))
    named = name.replace_strict(MINUTES, default=None, return_dtype=pl.Int64)
    ahead = (
        pl.when(offset.is_null())
        .then(named)
        .when(name.is_null() | named.is_not_null())
        .then(named.fill_null(0) + minutes)
    )
    frame = found.with_columns(
        micro=pl.Series(stamps.micro).cast(pl.Datetime("us")),
        zoned=pl.Series(stamps.zoned) & found["offset"].is_null(),
        read=pl.Series(stamps.ok) & found["before"].is_not_null(),
        yearless=pl.Series(stamps.yearless),
    )
    when = (
        pl.when(first_year.is_not_null() & pl.col("yearless"))
        .then(pl.col("micro").dt.replace(year=first_year))
        .otherwise("micro")
    )
    # What `read_stamps` took for the zone is taken back where an offset follows the name.
    taken = pl.when(pl.Series(stamps.zoned) & offset.is_not_null()).then(named.fill_null(0)).otherwise(0)
    local = when + pl.duration(minutes=taken)
    return frame.select(
        own_utc=pl.when("read").then(pl.when("zoned").then(when).otherwise(local - pl.duration(minutes=ahead))),
        own_local=pl.when(pl.col("read") & ~pl.col("zoned") & ahead.is_null()).then(local),
        **{"@own_yearless": pl.col("read") & pl.col("yearless") & first_year.is_null()},
    )


#: The device's clock where it is sure of it, else the relay's; a time with a zone before one without.
CLOCK: Columns = {
    "ts": pl.when(pl.col("own_unsure"))
    .then(pl.coalesce("@ts", pl.when(pl.col("@ts_local").is_null()).then(pl.col("own_utc"))))
    .otherwise(pl.coalesce("own_utc", "@ts")),
    "ts_local": pl.when(pl.col("own_unsure"))
    .then(pl.coalesce("@ts_local", "own_local"))
    .otherwise(pl.coalesce("own_local", pl.when(pl.col("own_utc").is_null()).then(pl.col("@ts_local")))),
}
