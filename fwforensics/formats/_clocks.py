"""Times as many vendors write them into one field: epoch numbers, ISO 8601, `Mar 01 2021 20:35:54 UTC`."""

from __future__ import annotations

import re

import numpy as np
import polars as pl

from fwforensics.formats._format import Context
from fwforensics.formats._lines import Lines
from fwforensics.formats._syslog import read_stamps

INSTANT = pl.Datetime("us")
EPOCH = r"^\d{9,19}(?:\.\d+)?$"
#: A zone that stands apart from an ISO time, and the fraction that .NET and nanosecond clocks write.
APART = r"(\d) (?:UTC|GMT|Z)$|(\d) ([+-]\d\d:?\d\d)$"
SLASHED = r"^(\d{4})[/.](\d\d)[/.](\d\d)"
#: Letters of Java's date patterns, which LEEF records declare, as those of `strptime`; longest first.
JAVA = {
    "yyyy": "%Y", "yy": "%y", "MMMM": "%B", "MMM": "%b", "MM": "%m", "M": "%m", "dd": "%d", "d": "%d", "HH": "%H",
    "H": "%H", "hh": "%I", "h": "%I", "mm": "%M", "m": "%M", "ss": "%S", "s": "%S", ".SSS": "%.f", ",SSS": ",%f",
    "SSS": "%3f", "EEEE": "%A", "EEE": "%a", "E": "%a", "a": "%p", "XXX": "%:z", "XX": "%z", "X": "%#z", "Z": "%z",
}  # fmt: skip
_JAVA = re.compile(r"'([^']*)'|" + "|".join(map(re.escape, sorted(JAVA, key=len, reverse=True))))


def utc(texts: pl.Series) -> pl.Series:
    """The instant of each text; NULL where it has no zone or is no time."""
    return _read(texts)[0]


def local(texts: pl.Series) -> pl.Series:
    """Each text's time as written where it has no zone; else NULL."""
    return _read(texts)[1]


def _read(texts: pl.Series) -> tuple[pl.Series, pl.Series]:
    known = texts.unique()
    plain = known.str.strip_chars(' "').str.replace(SLASHED, "$1-$2-$3")
    plain = plain.str.replace(APART, "${1}${2}@${3}").str.replace("@$", "Z").str.replace("@", "", literal=True)
    apart = plain.fill_null("") + " "  # or the next text would follow without a gap
    stamps = read_stamps(Lines.of_texts(apart), Context())
    ok = pl.Series(stamps.ok & ~stamps.yearless)
    micro = pl.Series(np.where(stamps.ok & ~stamps.yearless, stamps.micro, 0)).cast(INSTANT)
    zoned = pl.Series(stamps.zoned)
    table = pl.DataFrame({"t": known, "p": plain, "m": micro, "ok": ok, "z": zoned}).select(
        "t",
        utc=pl.coalesce(epoch_of(pl.col("p")), pl.when(pl.col("ok") & pl.col("z")).then("m")),
        local=pl.when(pl.col("ok") & ~pl.col("z")).then("m"),
    )
    found = texts.to_frame("t").join(table, on="t", how="left", maintain_order="left", nulls_equal=True)
    return found["utc"], found["local"]


def epoch_of(text: pl.Expr) -> pl.Expr:
    """Seconds to nanoseconds since 1970 by their size; NULL for what is no such number, and for 0."""
    whole = pl.when(text.str.contains(EPOCH)).then(text.str.extract(r"^(\d+)").cast(pl.Int64, strict=False))
    fraction = text.str.extract(r"\.(\d+)$").str.head(6).str.pad_end(6, "0").cast(pl.Int64, strict=False).fill_null(0)
    return (
        pl.when(whole < 10**11)
        .then(whole * 1_000_000 + fraction)
        .when(whole < 10**14)
        .then(whole * 1000)
        .when(whole < 10**17)
        .then(whole)
        .otherwise(whole // 1000)
        .cast(INSTANT)
    )


def in_zone(rows: pl.Series) -> pl.Series:
    """Structs of a text without zone and the IANA name of the device's zone, as instants; NULL where one is none."""
    given = rows.struct.unnest()
    when, zone = local(given.to_series(0)), given.to_series(1)
    result = pl.Series([None], dtype=INSTANT).new_from_index(0, len(rows))
    for name in zone.unique().drop_nulls().to_list():
        try:
            there = when.dt.replace_time_zone(name, ambiguous="earliest", non_existent="null")
        except (pl.exceptions.PolarsError, ValueError):
            continue
        instant = there.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
        result = (
            result.zip_with(zone != name, instant) if zone.null_count() == 0 else _where(zone == name, instant, result)
        )
    return result


def _where(mask: pl.Series, yes: pl.Series, no: pl.Series) -> pl.Series:
    return yes.zip_with(mask.fill_null(False), no)


def by_pattern(rows: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Structs of a text and the Java date pattern that the record declares for it: instants, and times without zone."""
    given = rows.struct.unnest()
    text, pattern = given.to_series(0), given.to_series(1)
    zoned = pl.Series([None], dtype=INSTANT).new_from_index(0, len(rows))
    plain = zoned
    for java in pattern.unique().drop_nulls().to_list():
        form = strptime(java)
        if form is None:
            continue
        mask = pattern == java
        if "z" in form:
            read = text.str.to_datetime(form, strict=False, time_unit="us", time_zone="UTC").dt.replace_time_zone(None)
            zoned = _where(mask, read, zoned)
        else:
            plain = _where(mask, text.str.to_datetime(form, strict=False, time_unit="us"), plain)
    return zoned, plain


def strptime(java: str) -> str | None:
    """A Java date pattern as one of `strptime`; None where it names no day, or has letters that are not known."""
    out, at = "", 0
    for match in _JAVA.finditer(java):
        between = java[at : match.start()]
        if re.search(r"[A-Za-z%]", between):
            return None
        out += between + (match.group(1) if match.group(1) is not None else JAVA[match.group(0)])
        at = match.end()
    out += java[at:]
    return out if not re.search(r"[A-Za-z%]", java[at:]) and "%d" in out and ("%m" in out or "%b" in out) else None
