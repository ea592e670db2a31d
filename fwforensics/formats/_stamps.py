"""Times in columns of text, read from the bytes of all rows at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from fwforensics.formats._lines import Lines, Mask

Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
DAY, HOUR, MINUTE, SECOND = 86_400_000_000, 3_600_000_000, 60_000_000, 1_000_000
MONTH_DAYS = np.array([0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], np.int64)
#: `YYYY-MM-DD HH:MM:SS`.
FIXED = 19


@dataclass(slots=True)
class Written:
    """What the texts say; all arrays have shape (rows,).

    Attributes:
        micro: microseconds since 1970 of the time as written.
        ok: the text begins with a real time in the fixed form `YYYY-MM-DD HH:MM:SS[.fraction]` (`-`, `/` or `.` between
            the parts of the date, a blank or T before the time).
        offset: microseconds by which the written zone is ahead of UTC.
        zoned: a zone (Z, ±HH:MM, ±HHMM) ends the text.
    """

    micro: Ints
    ok: Mask
    offset: Ints
    zoned: Mask


def read(texts: pl.Series) -> Written:
    """Read each text; NULL is not `ok`."""
    lines = Lines.of_texts(texts)
    a, start, end = lines.bytes, lines.starts, lines.ends
    ok = end - start >= FIXED
    if not ok.any():
        none = np.zeros(len(start), np.int64)
        return Written(none, ok, none, ok)
    at = np.where(ok, start, 0)
    parts: list[Ints] = []
    for place, width in ((0, 4), (5, 2), (8, 2), (11, 2), (14, 2), (17, 2)):
        value: Ints = np.zeros(len(at), np.int64)
        for i in range(place, place + width):
            digit = a[at + i] - np.uint8(48)
            ok &= digit <= 9
            value = value * 10 + digit
        parts.append(value)
    year, month, day, hour, minute, second = parts
    mark = a[at + 4]
    ok &= (a[at + 7] == mark) & ((mark == 45) | (mark == 47) | (mark == 46))
    ok &= (a[at + 13] == 58) & (a[at + 16] == 58) & ((a[at + 10] == 32) | (a[at + 10] == 84))
    ok &= (month >= 1) & (month <= 12) & (day >= 1) & (hour < 24) & (minute < 60) & (second < 60)
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    ok &= (day <= MONTH_DAYS[np.where(ok, month, 0)]) & ((month != 2) | (day < 29) | leap)
    months = np.where(ok, (year - 1970) * 12 + month - 1, 0)
    days = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) + day - 1
    micro: Ints = days * DAY + hour * HOUR + minute * MINUTE + second * SECOND + _fraction(a, at + FIXED, end, ok)
    offset, zoned = _zone(a, end, ok & (end - start > FIXED))
    return Written(micro, ok, offset, zoned)


def _fraction(a: Bytes, at: Ints, end: Ints, ok: Mask) -> Ints:
    """Microseconds of `.123` or `,123`."""
    at = np.minimum(at, len(a) - 9)
    more = ok & (at < end) & ((a[at] == 46) | (a[at] == 44))
    micro = np.zeros(len(at), np.int64)
    if not more.any():
        return micro
    for i, scale in enumerate((100_000, 10_000, 1_000, 100, 10, 1), 1):
        digit = a[at + i] - np.uint8(48)
        more &= (at + i < end) & (digit <= 9)
        micro += np.where(more, digit.astype(np.int64) * scale, 0)
    return micro


def _zone(a: Bytes, end: Ints, longer: Mask) -> tuple[Ints, Mask]:
    """The zone that ends the text."""
    none = np.zeros(len(end), np.int64)
    if not longer.any():
        return none, np.zeros(len(end), np.bool_)
    last = np.where(longer, end - 1, 6)
    utc = longer & (a[last] == ord("Z"))
    colon = a[last - 2] == 58
    first = last - 4 - colon
    sign = np.where(a[first] == 43, 1, np.where(a[first] == 45, -1, 0))
    digits = [a[at] - np.uint8(48) for at in (first + 1, first + 2, last - 1, last)]
    numeric = longer & (sign != 0) & np.logical_and.reduce([d <= 9 for d in digits])
    hours, minutes = digits[0].astype(np.int64) * 10 + digits[1], digits[2].astype(np.int64) * 10 + digits[3]
    return np.where(numeric, sign * (hours * HOUR + minutes * MINUTE), 0), utc | numeric


def as_written(texts: pl.Series) -> pl.Series:
    """Each text's time as written, whatever zone follows; NULL where it is none in the fixed form."""
    found = read(texts)
    return _series(texts.name, found.micro, found.ok)


def as_utc(texts: pl.Series) -> pl.Series:
    """Each text's instant; NULL where it has no zone."""
    found = read(texts)
    return _series(texts.name, found.micro - found.offset, found.ok & found.zoned)


def _series(name: str, micro: Ints, ok: Mask) -> pl.Series:
    if not ok.any():
        return pl.Series(name, [None], pl.Datetime("us")).new_from_index(0, len(ok))
    series = pl.Series(name, micro).cast(pl.Datetime("us"))
    return series if ok.all() else series.to_frame().select(pl.when(pl.Series(ok)).then(pl.first())).to_series()
