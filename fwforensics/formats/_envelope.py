"""JSON objects that carry a log line: what journald, rsyslog, Docker, Filebeat, CloudWatch and Splunk wrap around it.

The line is taken out and offered to the formats as it would stand in a file. Where it has no syslog header of its own,
one is made of the envelope's time, host and program, so that formats read these as they always do.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from fwforensics.formats._fields import epoch
from fwforensics.formats._format import Context, Format
from fwforensics.formats._json import JSON_ESCAPES, Json
from fwforensics.formats._lines import Lines, Mask, Positions
from fwforensics.formats._pieces import ROW

#: Keys that hold the line, the fullest first; a dot leads into an object.
TEXTS = (
    "rawmsg", "MESSAGE", "_raw", "result._raw", "event.original", "_source.message", "message", "msg", "log",
    "textPayload", "__raw_log__", "content", "line",
)  # fmt: skip
TIMES = (
    "_SOURCE_REALTIME_TIMESTAMP", "__REALTIME_TIMESTAMP", "@timestamp", "timereported", "timestamp", "time", "_time",
    "ts", "timegenerated", "date", "__time__",
)  # fmt: skip
HOSTS = ("_HOSTNAME", "hostname", "host.name", "HOST", "host", "logsource", "fromhost")
PROGRAMS = ("SYSLOG_IDENTIFIER", "programname", "program", "appname", "ident", "_COMM")
MARKS = [f'"{key.rpartition(".")[2]}"' for key in TEXTS]
#: The line brings its own header, or is an object that needs none.
HEADED = r"^\s*(?:<\d{1,3}>|\{|\d{4}-\d\d-\d\d[T ]|[A-Z][a-z]{2} [ \d]\d )"
TIME = r"^(?:\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d|[A-Z][a-z]{2} [ \d]\d \d\d:)"


def reads_json(fmt: Format) -> bool:
    """Does the format take JSON objects as they are?"""
    return isinstance(fmt.layout, Json) or bool(getattr(fmt.layout, "reads_json", False))


def wrapped(lines: Lines) -> Mask:
    """Which lines are JSON objects that may carry a log line."""
    objects: Mask = lines.bytes[lines.starts] == ord("{")
    if objects.any():
        rows = np.flatnonzero(objects)
        objects[rows] = lines.take(rows).text.str.contains_any(MARKS).to_numpy()
    return objects


def unwrap(lines: Lines) -> Iterator[tuple[Positions, Lines]]:
    """The carried lines: first with a header made for them, then as they are; positions in `lines` and texts."""
    keys = {*TEXTS, *TIMES, *HOSTS, *PROGRAMS}
    frame = Json().fields(lines, keys, Context()).frame
    frame = frame.with_columns(pl.lit(None, pl.String).alias(k) for k in sorted(keys - set(frame.columns)))
    stamp = pl.coalesce(TIMES)
    at = frame.select(
        ROW,
        text=_plain(pl.coalesce(TEXTS)).str.strip_chars(" \r\n\t"),
        time=pl.when(stamp.str.contains(TIME)).then(stamp).when(stamp.str.contains(r"^\d{9,19}(?:\.\d+)?$"))
        .then(frame.select(stamp.alias("e")).select(epoch("e").dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")).to_series()),
        host=_word(HOSTS),
        program=_word(PROGRAMS),
    ).filter(pl.col("text").is_not_null() & (pl.col("text") != ""))  # fmt: skip
    program = pl.concat_str([pl.col("program"), pl.lit(":")])
    headed = at.filter(~pl.col("text").str.contains(HEADED) & pl.col("time").is_not_null()).select(
        ROW, text=pl.concat_str(["time", "host", program, "text"], separator=" ", ignore_nulls=True)
    )
    for part in (headed, at.select(ROW, "text")):
        rows = part[ROW].to_numpy()
        texts = Lines.of_texts(part["text"], lines.numbers[rows])
        texts.repeats = lines.repeats
        yield rows, texts


def _plain(text: pl.Expr) -> pl.Expr:
    """An object written as a string still has its escapes; a real object never has one behind its brace."""
    plain = text.str.replace_many(list(JSON_ESCAPES), list(JSON_ESCAPES.values()), leftmost=True)
    return pl.when(text.str.contains(r'^\{\s*\\"')).then(plain).otherwise(text)


def _word(keys: tuple[str, ...]) -> pl.Expr:
    """The first of the keys that holds one word."""
    return pl.coalesce([pl.when(pl.col(k).str.contains(r"^[A-Za-z0-9_.:-]{1,80}$")).then(pl.col(k)) for k in keys])
