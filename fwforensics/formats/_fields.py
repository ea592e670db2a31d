"""The few expressions that mappings share: a field's text made into a canonical type, NULL where it is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

MICROSECONDS = {"s": 1_000_000, "ms": 1_000, "us": 1}
SEVERITIES = ("informational", "low", "medium", "high", "critical")
FLAG_LETTERS = {"CWR": "C", "ECE": "E", "URG": "U", "ACK": "A", "PSH": "P", "RST": "R", "SYN": "S", "FIN": "F"}
#: Value of each TCP flag bit, in the order in which letters are written.
FLAG_BITS = {"C": 128, "E": 64, "U": 32, "A": 16, "P": 8, "R": 4, "S": 2, "F": 1}


def text(*keys: str) -> pl.Expr:
    """The first of the keys that has a value."""
    return pl.coalesce(*map(pl.col, keys)) if len(keys) > 1 else pl.col(keys[0])


def lower(*keys: str) -> pl.Expr:
    """As `text`, in lower case."""
    return text(*keys).str.to_lowercase()


def uint(*keys: str, bits: int = 64) -> pl.Expr:
    """A whole number; NULL where it is none or does not fit."""
    dtype = {8: pl.UInt8, 16: pl.UInt16, 32: pl.UInt32, 64: pl.UInt64}[bits]
    return text(*keys).cast(dtype, strict=False)


def port(*keys: str) -> pl.Expr:
    """A port."""
    return uint(*keys, bits=16)


def number(*keys: str) -> pl.Expr:
    """A number with decimals."""
    return text(*keys).cast(pl.Float64, strict=False)


def code(key: str) -> pl.Expr:
    """A number from 0 to 255, decimal or 0x-prefixed."""
    return pl.coalesce(
        uint(key, bits=8),
        pl.col(key).str.strip_prefix("0x").str.to_integer(base=16, strict=False).cast(pl.UInt8, strict=False),
    )


def mapped(key: str | pl.Expr, words: Mapping[str, str], default: str | None = None) -> pl.Expr:
    """A vendor's word as ours; words that are not listed give `default`."""
    given = pl.col(key) if isinstance(key, str) else key
    return given.str.to_lowercase().replace_strict(words, default=default, return_dtype=pl.String)


def epoch(key: str | pl.Expr, unit: str | None = None) -> pl.Expr:
    """Seconds (with decimals), milli-, micro- or nanoseconds since 1970 as UTC; the unit by size where not given."""
    return _epoch(pl.col(key) if isinstance(key, str) else key, unit)


def _epoch(given: pl.Expr, unit: str | None = None) -> pl.Expr:
    digits = given.str.extract(r"^(\d+)")
    whole = digits.cast(pl.Int64, strict=False)
    fraction = (given.str.extract(r"^\d+[.,](\d+)").str.head(6).str.pad_end(6, "0")).cast(pl.Int64, strict=False)
    seconds = whole * 1_000_000 + fraction.fill_null(0)
    if unit == "ns":
        value = whole // 1000
    elif unit is not None:
        value = seconds if unit == "s" else whole * MICROSECONDS[unit]
    else:
        size = digits.str.len_bytes()
        value = (
            pl.when(size <= 11)
            .then(seconds)
            .when(size <= 14)
            .then(whole * 1000)
            .when(size <= 17)
            .then(whole)
            .otherwise(whole // 1000)
        )
    return value.cast(pl.Datetime("us"))


def iso(*keys: str) -> pl.Expr:
    """An ISO 8601 time with its zone (Z, ±HH:MM, ±HHMM), as UTC; NULL where it has no zone."""
    given = text(*keys)
    zone = given.str.extract(r"(Z|[+-]\d\d:?\d\d)$")
    sign = pl.when(zone.str.starts_with("-")).then(-1).otherwise(1)
    minutes = sign * (
        zone.str.slice(1, 2).cast(pl.Int64, strict=False) * 60 + zone.str.slice(-2).cast(pl.Int64, strict=False)
    )
    offset = pl.when(zone == "Z").then(pl.lit(0)).otherwise(minutes)
    return naive(*keys) - pl.duration(minutes=offset)


def iso_local(*keys: str) -> pl.Expr:
    """An ISO 8601 time that has no zone, as written; NULL where it has one."""
    return pl.when(~text(*keys).str.contains(r"(?:Z|[+-]\d\d:?\d\d)$")).then(naive(*keys))


def instant(*keys: str) -> pl.Expr:
    """A time that says its zone (`Z`, an offset, `UTC`), or a number since 1970."""
    given = text(*keys)
    in_utc = pl.when(given.str.ends_with("UTC")).then(naive(*keys))
    return pl.coalesce(iso(*keys), in_utc, pl.when(given.str.contains(r"^\d{9,19}(?:\.\d+)?$")).then(_epoch(given)))


def naive(*keys: str) -> pl.Expr:
    """`YYYY-MM-DD HH:MM:SS[.fraction]` (also with T, / or .) as written, whatever follows."""
    parts = text(*keys).str.extract_groups(
        r"^\s*(\d{4})[-/.](\d\d?)[-/.](\d\d?)[T ]+(\d\d?):(\d\d):(\d\d)(?:[.,](\d{1,9}))?"
    )
    return civil(*(parts.struct.field(str(i)) for i in range(1, 8)))


def civil(
    year: pl.Expr,
    month: pl.Expr,
    day: pl.Expr,
    hour: pl.Expr,
    minute: pl.Expr,
    second: pl.Expr,
    fraction: pl.Expr | None = None,
) -> pl.Expr:
    """A time from the texts of its parts; NULL where there is no such time."""
    stamp = pl.concat_str(
        [year, month.str.zfill(2), day.str.zfill(2), hour.str.zfill(2), minute.str.zfill(2), second.str.zfill(2)]
    ).str.to_datetime("%Y%m%d%H%M%S", strict=False, time_unit="us")
    if fraction is None:
        return stamp
    micro = fraction.fill_null("0").str.head(6).str.pad_end(6, "0").cast(pl.Int64, strict=False).fill_null(0)
    return stamp + pl.duration(microseconds=micro)


def host_name(given: pl.Expr) -> pl.Expr:
    """The host of a URL or of `host[:port][/path]`, as a name; NULL where it is an address or no host at all."""
    host = given.str.extract(r"^(?:[A-Za-z][A-Za-z0-9+.-]*://)?(?:[^/?#@\s]*@)?([^/?#:\s\[\]]+)")
    return pl.when(host.str.contains(r"[A-Za-z]")).then(host.str.to_lowercase())


def tcp_flag_words(words: pl.Expr) -> pl.Expr:
    """Flag words separated by anything (`ACK SYN`, `SYN+ACK`) as letters of CEUAPRSF."""
    upper = words.str.to_uppercase()
    return _letters([upper.str.contains(rf"\b{word}\b") for word in FLAG_LETTERS])


def tcp_flag_bits(bits: pl.Expr) -> pl.Expr:
    """Flag bits as letters of CEUAPRSF."""
    return _letters([(bits.cast(pl.UInt16) & value) > 0 for value in FLAG_BITS.values()])


def tcp_flag_letters(given: pl.Expr, written: str = "CEUAPRSF") -> pl.Expr:
    """Flags written as single letters, in any order; `written` has the vendor's letter for each of CEUAPRSF."""
    return _letters([given.str.contains(letter, literal=True).fill_null(False) for letter in written])


def _letters(present: Sequence[pl.Expr]) -> pl.Expr:
    joined = pl.concat_str(
        [pl.when(p).then(pl.lit(x)).otherwise(pl.lit("")) for p, x in zip(present, FLAG_BITS, strict=True)]
    )
    return pl.when(joined != "").then(joined)


def clock_duration(key: str) -> pl.Expr:
    """`[d:]h:mm:ss` or `XdYhZmWs` as seconds."""
    parts = pl.col(key).str.extract_groups(r"^(?:(\d+):)??(\d+):(\d\d):(\d\d)$")
    fields = [parts.struct.field(str(i)).cast(pl.Float64, strict=False) for i in range(1, 5)]
    return fields[0].fill_null(0) * 86400 + fields[1] * 3600 + fields[2] * 60 + fields[3]
