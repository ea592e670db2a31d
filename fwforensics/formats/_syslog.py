"""What stands before a syslog message: priority, time, host and program, in the forms that devices write.

Times are read from the bytes of all lines at once. BSD stamps (RFC 3164) have neither year nor zone: the zone is the
context's, the year is the latest that makes the record no later than the context says, or counts on from the year that
the analyst gave, so that New Year and 29 February come out right.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from fwforensics.formats._format import Context
from fwforensics.formats._lines import Lines, Mask, Positions

Ints = npt.NDArray[np.int64]

MONTHS = [b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec"]
_CODES = np.array([int.from_bytes(m, "little") for m in MONTHS], np.uint64)
_ORDER = np.argsort(_CODES)
LOWER_CASE = np.uint64(0x202020)
THREE_BYTES = np.uint64(0xFFFFFF)
DAY_US, HOUR_US, MINUTE_US, SECOND_US = 86_400_000_000, 3_600_000_000, 60_000_000, 1_000_000
MONTH_DAYS = np.array([0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], np.int64)

_NAME = (
    r"^[ :]*(?:[A-Z]{3,4}:? )?(?:(?P<host>[^\s\[\]=%<{]*[^\s:\[\]=%<,{])\s+)?(?:[a-z0-9]+\.[a-z]+\s+)?"
    r"(?:(?P<program>[^\s:\[\]=%<{\"]{1,64})(?:\[(?P<pid>[^\]\s]*)\])?:)?"
)
_RFC5424 = r"^ (?P<host>\S+) (?P<program>\S+) (?P<pid>\S+) \S+ (?:-|(?:\[(?:[^\]\\]|\\.)*\])+|\[[^\]]*$)"
_WHOLE = r"(?P<all>.*)$"
HEAD_BYTES = 240
#: The kernel's own clock, which makes every head differ and says nothing that the header does not.
_UPTIME = r"(?:\[\s*\d+\.\d+\]\s*)+"
_CLOCK = rf"^([^:\[]* kernel:\s*){_UPTIME}"
KERNEL = np.uint64(int.from_bytes(b"kernel: ", "little"))
#: Heads that show whether they repeat.
SAMPLE = 512


@dataclass(slots=True)
class Stamps:
    """Times read from some lines; all arrays have shape (lines,).

    Attributes:
        micro: microseconds since 1970, as written (local unless `zoned`); meaningless where not `ok`.
        ok: a time was read.
        zoned: it had a zone, and `micro` is UTC.
        yearless: it had no year.
        after: position behind it.
        rfc5424: the header has the fields of RFC 5424.
    """

    micro: Ints
    ok: Mask
    zoned: Mask
    yearless: Mask
    after: Positions
    rfc5424: Mask


def headers(lines: Lines, context: Context, limit: Positions | None = None) -> pl.DataFrame:
    """Header columns, one row a line.

    Args:
        lines: the lines.
        context: zone, year and state of the source.
        limit: where each line's payload starts; the text between the program and it is `@prefix`.

    Returns:
        `@ts` (UTC, where the line fixes the instant), `@ts_local` (as written, where it has no zone), `@yearless`,
        `@host`, `@program`, `@prefix`.
    """
    stamps = read_stamps(lines, context)
    end = lines.ends if limit is None else limit
    end = np.maximum(np.minimum(end, stamps.after + HEAD_BYTES), stamps.after)
    text = lines.column("head", stamps.after, end, null_if_empty=False)
    names = _per_distinct(lines, text, stamps.after, end, stamps.rfc5424)
    micro = pl.Series(stamps.micro).cast(pl.Datetime("us"))
    return pl.DataFrame({"micro": micro, "ok": stamps.ok, "zoned": stamps.zoned, "@yearless": stamps.yearless}).select(
        pl.when(pl.col("ok") & pl.col("zoned")).then("micro").alias("@ts"),
        pl.when(pl.col("ok") & ~pl.col("zoned")).then("micro").alias("@ts_local"),
        pl.col("@yearless") & pl.col("ok"),
        *(pl.when("ok").then(names[c]).alias(c) for c in ("@host", "@program")),
        names["@prefix"]
        if stamps.ok.all()
        else pl.when("ok").then(names["@prefix"]).otherwise(text.str.strip_chars()).alias("@prefix"),
    )


def _per_distinct(lines: Lines, text: pl.Series, begin: Positions, end: Positions, rfc5424: Mask) -> pl.DataFrame:
    """Heads repeat, but for the kernel's clock: read each distinct one once where that pays."""
    frame = pl.DataFrame({"head": text, "new": rfc5424})
    many = frame.height // 3
    if text.gather_every(max(1, frame.height // SAMPLE)).n_unique() <= SAMPLE // 3:
        distinct = frame.unique()
        if distinct.height <= many:
            return frame.join(_names(distinct), on=["head", "new"], how="left", maintain_order="left").drop(
                "head", "new"
            )
    found = _without_clocks(lines, begin, end, rfc5424)
    if found is not None:
        return found
    frame = frame.with_columns(pl.col("head").str.replace(_CLOCK, "$1"))
    distinct = frame.unique()
    if distinct.height > many:
        return _names(frame).drop("head", "new")
    return frame.join(_names(distinct), on=["head", "new"], how="left", maintain_order="left").drop("head", "new")


def _without_clocks(lines: Lines, begin: Positions, end: Positions, rfc5424: Mask) -> pl.DataFrame | None:
    """Names of heads that differ by the kernel's clock alone; None where that does not make them few."""
    clock, behind = _clocks(lines, begin, end)
    keys = ["before", "behind", "has", "new"]
    texts = [
        lines.column("before", begin, clock, null_if_empty=False),
        lines.column("behind", behind, end, null_if_empty=False),
    ]
    frame = pl.DataFrame(texts).with_columns(has=pl.Series(behind > clock), new=pl.Series(rfc5424))
    distinct = frame.unique()
    if distinct.height > frame.height // 3:
        return None
    some = pl.when("has").then(pl.lit("[0.0] ")).otherwise(pl.lit(""))
    heads = distinct.select("has", "new", head=pl.concat_str([pl.col("before"), some, pl.col("behind")]))
    plain = heads.with_columns(head=pl.col("head").str.replace(_CLOCK, "$1"))
    if (heads["has"] & (heads["head"] == plain["head"])).any():
        return None
    named = pl.concat([distinct, _names(plain.select("head", "new")).drop("head", "new")], how="horizontal")
    return frame.join(named, on=keys, how="left", maintain_order="left").drop(keys)


def _clocks(lines: Lines, begin: Positions, end: Positions) -> tuple[Positions, Positions]:
    """Borders of one kernel clock (`[ 1234.567890] `) behind `kernel: `; both are the end where there is none."""
    a = lines.bytes
    low, high = int(begin.min()), int(end.max())
    at, behind = end.copy(), end.copy()
    marks = np.flatnonzero(a[low:high] == ord("[")) + low
    if not len(marks):
        return at, behind
    first = marks[np.minimum(np.searchsorted(marks, begin), len(marks) - 1)]
    rows = np.flatnonzero((first >= begin + 8) & (first < end) & (lines.load(np.maximum(first - 8, 0)) == KERNEL))
    to = first[rows] + 1
    for _ in range(8):
        to = to + (a[to] == 32)
    whole = _behind_digits(a, to)
    good = (whole > to) & (a[whole] == ord("."))
    fraction = _behind_digits(a, whole + 1)
    good &= (fraction > whole + 1) & (a[fraction] == ord("]"))
    to = fraction + 1
    for _ in range(2):
        to = to + (a[to] == 32)
    good &= (to <= end[rows]) & ~((a[to] == ord("[")) & (_digit(a[to + 1]) | (a[to + 1] == 32)))
    rows, to = rows[good], to[good]
    at[rows], behind[rows] = first[rows], to
    return at, behind


def _behind_digits(a: npt.NDArray[np.uint8], at: Positions) -> Positions:
    """Position behind at most ten digits."""
    for _ in range(10):
        at = at + _digit(a[at])
    return at


def _names(frame: pl.DataFrame) -> pl.DataFrame:
    """Host, program and what follows them, for both kinds of header."""
    head = pl.col("head").str.replace(_CLOCK, "$1")
    old, new = head.str.extract_groups(_NAME + _WHOLE), head.str.extract_groups(_RFC5424 + _WHOLE)
    parts = [
        pl.when("new").then(new.struct.field(f)).otherwise(old.struct.field(f)).alias(f"@{f}")
        if frame["new"].any()
        else old.struct.field(f).alias(f"@{f}")
        for f in ("host", "program", "all")
    ]
    found = frame.with_columns(parts)
    rest = pl.col("@all").str.strip_chars()
    return found.select(
        "head",
        "new",
        *(pl.when(~pl.col(c).is_in(["", "-"])).then(pl.col(c)).alias(c) for c in ("@host", "@program")),
        pl.when(pl.col("@program") == "kernel")
        .then(rest.str.replace(f"^{_UPTIME}", ""))
        .otherwise(rest)
        .alias("@prefix"),
    )


def read_stamps(lines: Lines, context: Context) -> Stamps:
    """Read the time at the head of each line, whatever its form."""
    a, n = lines.bytes, len(lines)
    at = _skip_priority(a, lines)
    version = _digit(a[at]) & (a[at + 1] == 32) & (at + 2 < lines.ends) & (at > lines.starts)
    at = at + 2 * version
    ok, zoned, yearless = (np.zeros(n, np.bool_) for _ in range(3))
    stamps = Stamps(np.zeros(n, np.int64), ok, zoned, yearless, at.copy(), version)
    dashed = (a[at + 4] == ord("-")) | (a[at + 4] == ord(":"))
    year_first = _digit(a[at]) & _digit(a[at + 3]) & dashed & (lines.ends - at >= 19)
    if year_first.any():
        _iso(a, lines, at, np.flatnonzero(year_first), stamps)
    rest = np.flatnonzero(~year_first & (lines.ends - at >= 15))
    if len(rest):
        _bsd(lines, _to_month(a, lines, at, rest), rest, stamps, context)
    stamps.rfc5424 &= stamps.ok
    return stamps


def _digit(x: npt.NDArray[np.uint8]) -> Mask:
    return (x >= 48) & (x <= 57)


def _skip_priority(a: npt.NDArray[np.uint8], lines: Lines) -> Positions:
    """Position behind `<PRI>`, if there is one."""
    at = lines.starts.copy()
    has = (a[at] == ord("<")) & (lines.ends > at)
    for width in (2, 3, 4):
        close = has & (at == lines.starts) & (a[np.minimum(at + width, len(a) - 1)] == ord(">"))
        at = np.where(close, lines.starts + width + 1, at)
    return np.minimum(at, lines.ends)


def _two(a: npt.NDArray[np.uint8], at: Positions) -> Ints:
    """The number in two digits; the first may be a blank; -1 where they are none."""
    high, low = a[at].astype(np.int64) - 48, a[at + 1].astype(np.int64) - 48
    high = np.where(high == -16, 0, high)
    return np.where((high >= 0) & (high <= 9) & (low >= 0) & (low <= 9), 10 * high + low, -1)


def _clock(a: npt.NDArray[np.uint8], at: Positions) -> tuple[Ints, Mask]:
    """Microseconds of HH:MM:SS."""
    hour, minute, second = _two(a, at), _two(a, at + 3), _two(a, at + 6)
    ok = (a[at + 2] == 58) & (a[at + 5] == 58) & (hour >= 0) & (hour < 24) & (minute >= 0) & (minute < 60)
    ok &= (second >= 0) & (second <= 60)
    return hour * HOUR_US + minute * MINUTE_US + second * SECOND_US, ok


def _fraction(a: npt.NDArray[np.uint8], at: Positions) -> tuple[Ints, Positions]:
    """Microseconds of `.123` or `,123`, and the position behind."""
    more = np.isin(a[at], np.frombuffer(b".,", np.uint8)) & _digit(a[np.minimum(at + 1, len(a) - 1)])
    if not more.any():
        return np.zeros(len(at), np.int64), at
    micro, end = np.zeros(len(at), np.int64), at + more
    for scale in (100_000, 10_000, 1_000, 100, 10, 1, 0, 0, 0):
        here = a[np.minimum(end, len(a) - 1)]
        more &= _digit(here)
        micro += np.where(more, (here.astype(np.int64) - 48) * scale, 0)
        end = end + more
    return micro, end


def _days(year: Ints, month: Ints, day: Ints, ok: Mask) -> tuple[Ints, Mask]:
    """Days since 1970 of civil dates; and where `ok` and there is such a date.

    Lines that follow each other are of few days: each distinct date is worked out once.
    """
    ok = ok & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
    if not ok.any():
        return np.zeros(len(ok), np.int64), ok
    code = (year << 9) | (month << 5) | day
    low, high = int(code[ok].min()), int(code[ok].max())
    if high - low > 4 * len(code):
        days, real = _civil(year, month, day)
        return np.where(ok & real, days, 0), ok & real
    dates = np.arange(low, high + 1)
    days, real = _civil(dates >> 9, (dates >> 5) & 15, dates & 31)
    place = np.where(ok, code - low, 0)
    ok &= real[place]
    return np.where(ok, days[place], 0), ok


def _civil(year: Ints, month: Ints, day: Ints) -> tuple[Ints, Mask]:
    """Days since 1970, and whether there is such a date."""
    real = _real_date(year, month, day)
    months = np.where(real, (year - 1970) * 12 + month - 1, 0)
    return months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) + day - 1, real


def _real_date(year: Ints, month: Ints, day: Ints) -> Mask:
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    ok = (month >= 1) & (month <= 12) & (day >= 1)
    longest = MONTH_DAYS[np.where(ok, month, 0)]
    result: Mask = ok & (day <= longest) & ((month != 2) | (day < 29) | leap)
    return result


def _iso(a: npt.NDArray[np.uint8], lines: Lines, start: Positions, rows: Positions, out: Stamps) -> None:
    """`2026-11-24T00:48:25.745735+00:00`, also with a blank for the T and without zone; `2026:11:24-00:48:25`."""
    at = start[rows]
    year, month, day = _two(a, at) * 100 + _two(a, at + 2), _two(a, at + 5), _two(a, at + 8)
    time, ok = _clock(a, at + 11)
    ok &= (a[at + 7] == a[at + 4]) & np.isin(a[at + 10], np.frombuffer(b"T -", np.uint8))
    ok &= (a[at + 10] == 45) == (a[at + 4] == 58)
    days, ok = _days(year, month, day, ok)
    micro, end = _fraction(a, at + 19)
    utc = (a[end] == ord("Z")) | (a[end] == ord("z"))
    sign = np.where(a[end] == 43, 1, np.where(a[end] == 45, -1, 0))
    colon = a[end + 3] == 58
    hours, minutes = _two(a, end + 1), _two(a, end + 3 + colon)
    numeric = (sign != 0) & (hours >= 0) & (minutes >= 0)
    offset = np.where(numeric, sign * (hours * HOUR_US + minutes * MINUTE_US), 0)
    out.micro[rows] = days * DAY_US + time + micro - offset
    out.ok[rows], out.zoned[rows] = ok, ok & (utc | numeric)
    after = end + np.where(utc, 1, np.where(numeric, 5 + colon, 0))
    out.after[rows] = np.where(ok, np.minimum(after, lines.ends[rows]), at)


def _to_month(a: npt.NDArray[np.uint8], lines: Lines, start: Positions, rows: Positions) -> Positions:
    """Where the month's name should be: behind a sequence number, marks, `[`, or a weekday's name."""
    found = start[rows].copy()
    end = lines.ends[rows]
    late = np.flatnonzero(~_is_month(lines, found))
    found[late] = _behind_marks(a, lines, found[late], end[late])
    return np.minimum(found, np.maximum(end - 15, start[rows]))


def _behind_marks(a: npt.NDArray[np.uint8], lines: Lines, start: Positions, end: Positions) -> Positions:
    """Position behind what may stand before the month's name."""
    at = start
    marks = np.frombuffer(b" *.:[", np.uint8)
    for _ in range(12 if len(at) else 0):
        skip = np.isin(a[at], marks) | (_digit(a[at]) & (a[np.minimum(at + 1, len(a) - 1)] != 45))
        at = np.minimum(at + skip, end - 1)
    weekday = (a[at + 3] == 32) & _is_month(lines, at + 4) & ~_is_month(lines, at)
    found: Positions = at + 4 * weekday
    return found


def _is_month(lines: Lines, at: Positions) -> Mask:
    code = (lines.load(at) & THREE_BYTES) | LOWER_CASE
    same: Mask = _CODES[_ORDER][np.minimum(np.searchsorted(_CODES[_ORDER], code), 11)] == code
    return same


def _bsd(lines: Lines, at: Positions, rows: Positions, out: Stamps, context: Context) -> None:
    """`Nov 24 00:48:27`, `Oct 10 2018 12:34:56`, `Nov 24 00:48:23 2026`, with or without a fraction and `UTC`."""
    a, ends = lines.bytes, lines.ends[rows]
    code = (lines.load(at) & THREE_BYTES) | LOWER_CASE
    place = np.minimum(np.searchsorted(_CODES[_ORDER], code), 11)
    ok = (_CODES[_ORDER][place] == code) & (a[at + 3] == 32)
    if not ok.any():
        return
    month = _ORDER[place] + 1
    one_digit = ok & _digit(a[at + 4]) & (a[at + 5] == 32)
    day = np.where(one_digit, a[at + 4].astype(np.int64) - 48, _two(a, at + 4))
    at = at + 7 - one_digit
    ok &= a[at - 1] == 32
    early = ok & _digit(a[at]) & _digit(a[at + 3]) & (a[at + 4] == 32) & (at + 13 <= ends)
    first_year = _two(a, at) * 100 + _two(a, at + 2)
    at = np.minimum(at + 5 * early, len(a) - 9)
    time, good = _clock(a, at)
    ok &= good & (at + 8 <= ends)
    micro, at = _fraction(a, at + 8)
    at = np.minimum(at, len(a) - 9)
    late = ok & ~early & (a[at] == 32) & _digit(a[at + 1]) & _digit(a[at + 2]) & _digit(a[at + 3]) & _digit(a[at + 4])
    late &= (at + 5 <= ends) & ~_digit(a[at + 5]) & np.isin(a[at + 5], np.frombuffer(b" ]:\x00\n\r", np.uint8))
    year = np.where(early, first_year, np.where(late, _two(a, at + 1) * 100 + _two(a, at + 3), 0))
    at = at + 5 * late + (late & (a[np.minimum(at + 5, len(a) - 1)] == ord("]")))
    zone, offset, width = _zones(lines, at, ok)
    at = at + width
    yearless = ok & (year == 0)
    ok &= yearless | ((year >= 1970) & (year < 2200))
    if yearless.any():
        year = np.where(yearless, _years(month, day, time, yearless, context), year)
    days, ok = _days(year, month, day, ok)
    out.micro[rows] = days * DAY_US + time + micro - offset
    out.ok[rows], out.yearless[rows], out.zoned[rows] = ok, yearless & ok, zone & ok
    out.after[rows] = np.where(ok, np.minimum(at, ends), out.after[rows])


def _zones(lines: Lines, at: Positions, ok: Mask) -> tuple[Mask, Ints, Ints]:
    """Whether a zone's name follows the time, its offset from UTC in microseconds, and how wide it is."""
    a = lines.bytes
    here = ok & (a[at] == 32) & (a[at + 1] >= ord("A")) & (a[at + 1] <= ord("Z"))
    none = np.zeros(len(at), np.int64)
    if not here.any():
        return here, none, none
    words = lines.load(at + 1)
    ends = np.frombuffer(b" :", np.uint8)
    four = ~np.isin(a[np.minimum(at + 4, len(a) - 1)], ends)
    closed = ~four | np.isin(a[np.minimum(at + 5, len(a) - 1)], ends)
    code = words & np.where(four, FOUR_BYTES, THREE_BYTES)
    place = np.minimum(np.searchsorted(_ZONE_CODES, code), len(_ZONE_CODES) - 1)
    zone = here & closed & (_ZONE_CODES[place] == code)
    return zone, np.where(zone, _ZONE_OFFSETS[place] * HOUR_US, 0), np.where(zone, 4 + four, 0)


#: Zone names that mean one offset in practice, as hours east of UTC; IST and the like mean several and are not read.
ZONES = {
    "UTC": 0, "GMT": 0, "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3, "MSK": 3, "EST": -5,
    "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "AKST": -9, "AKDT": -8, "HST": -10,
    "JST": 9, "KST": 9, "SGT": 8, "HKT": 8, "AWST": 8, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13, "SAST": 2,
}  # fmt: skip
_BY_CODE = sorted((int.from_bytes(name.encode(), "little"), hours) for name, hours in ZONES.items())
_ZONE_CODES = np.array([code for code, _ in _BY_CODE], np.uint64)
_ZONE_OFFSETS = np.array([hours for _, hours in _BY_CODE], np.int64)
FOUR_BYTES = np.uint64(0xFFFFFFFF)


def _years(month: Ints, day: Ints, time: Ints, which: Mask, context: Context) -> Ints:
    """The year of year-less times, by `context.year` and the order of the lines, or by `context.latest`."""
    if context.year is not None:
        return _counted_years(month, which, context)
    latest = context.latest
    if latest is None:
        return np.zeros(len(month), np.int64)
    year = np.full(len(month), latest.year, np.int64)
    here = month * 40 * DAY_US + day * DAY_US + time
    now = latest.month * 40 * DAY_US + latest.day * DAY_US + (latest.hour * 60 + latest.minute) * MINUTE_US
    year -= here > now + MINUTE_US
    leap_day = (month == 2) & (day == 29)
    for _ in range(8):
        year -= leap_day & ~_real_date(year, month, day)
    return year


def _counted_years(month: Ints, which: Mask, context: Context) -> Ints:
    """Count New Years from the first record on: a fall of more than half a year is one, a rise takes it back."""
    base, before = context.state.get("year", (context.year, None))
    seen = month[which]
    steps = np.diff(seen, prepend=seen[0] if before is None else before)
    years = base + np.cumsum((steps < -6).astype(np.int64) - (steps > 6))
    context.state["year"] = (int(years[-1]), int(seen[-1]))
    result = np.full(len(month), int(base), np.int64)
    result[which] = years
    return result
