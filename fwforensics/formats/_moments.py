"""Times of single records: with a zone where they have one, without where the source's zone has to say."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

#: Seconds since 1970 have at most 11 digits before the point until the year 5138; each further unit has three more.
UNITS = ((11, 1), (14, 1_000), (17, 1_000_000), (20, 1_000_000_000))
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER = re.compile(r"\d{9,19}(?:\.\d+)?$")
_LOOSE = re.compile(
    r"(\d{4})[-/](\d\d?)[-/](\d\d?)[ T](\d\d?):(\d\d):(\d\d)(?:[.,](\d{1,9}))?\s*(Z|UTC|[+-]\d\d:?\d\d)?$"
)


def moment(value: Any) -> datetime | None:
    """A time out of ISO 8601 text, `YYYY-MM-DD HH:MM:SS,mmm`, or seconds to nanoseconds since 1970.

    Returns:
        With a zone where the value has one (numbers have), else without; None where it is no time, or zero.
    """
    if value is None or isinstance(value, bool) or value == "":
        return None
    if isinstance(value, datetime):
        return value
    if isinstance(value, int | float):
        return from_epoch(value)
    text = str(value).strip()
    if _NUMBER.match(text):
        return from_epoch(float(text) if "." in text else int(text))
    if len(text) < 19:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return _loose(text)


def from_epoch(value: float) -> datetime | None:
    """Seconds, milli-, micro- or nanoseconds since 1970, told apart by size; zero and less are no time."""
    if not 0 < value < 1e20:
        return None
    scale = next(s for digits, s in UNITS if value < 10**digits)
    if isinstance(value, int):
        return EPOCH + timedelta(microseconds=value * 1_000_000 // scale)
    return EPOCH + timedelta(microseconds=round(value * (1_000_000 / scale)))


def _loose(text: str) -> datetime | None:
    match = _LOOSE.match(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    try:
        plain = datetime(*map(int, (year, month, day, hour, minute, second)))  # type: ignore[arg-type]  # noqa: DTZ001
    except ValueError:
        return None
    plain += timedelta(microseconds=int((fraction or "0").ljust(6, "0")[:6]))
    if zone is None:
        return plain
    if zone in ("Z", "UTC"):
        return plain.replace(tzinfo=UTC)
    sign = -1 if zone[0] == "-" else 1
    offset = sign * (int(zone[1:3]) * 60 + int(zone[-2:]))
    return (plain - timedelta(minutes=offset)).replace(tzinfo=UTC)


def seconds(value: Any) -> timedelta | None:
    """A duration given in seconds; None where it is none or negative."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return timedelta(seconds=number) if 0 <= number < 1e10 else None
