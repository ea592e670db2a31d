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

#: Objects in which some exports put all of it: Elastic, Splunk, Graylog, SLS.
AROUND = ("", "_source.", "result.", "message.", "contents.")
#: Keys that hold the line, the fullest first; a dot leads into an object.
TEXTS = (
    "rawmsg", "MESSAGE", "_raw", "__raw__", "event.original", "log.original", "full_message", "@message", "message",
    "Message", "SyslogMessage", "msg", "log", "textPayload", "jsonPayload.message", "__raw_log__", "content", "line",
    "Line", "short_message", "raw", "event",
)  # fmt: skip
TIMES = (
    "_SOURCE_REALTIME_TIMESTAMP", "__REALTIME_TIMESTAMP", "@timestamp", "timereported", "timestamp", "time", "_time",
    "ts", "timegenerated", "TimeGenerated", "Time", "Date", "date", "__time__", "__timestamp__",
)  # fmt: skip
HOSTS = (
    "_HOSTNAME", "hostname", "host.name", "host.hostname", "HOST", "host", "Host", "logsource", "fromhost", "source",
    "Computer", "HostName", "labels.host", "labels.hostname", "labels.instance", "__tag__:__hostname__", "__source__",
    "logStream",
)  # fmt: skip
PROGRAMS = (
    "SYSLOG_IDENTIFIER", "programname", "program", "appname", "ident", "_COMM", "labels.app", "ProcessName",
    "process.name", "application_name",
)  # fmt: skip
#: Every name that the columns of a carried line may have.
KEYS = frozenset(a + k for keys in (TEXTS, TIMES, HOSTS, PROGRAMS) for k in keys for a in AROUND)
MARKS = [f'"{key.rpartition(".")[2]}"' for key in TEXTS]
#: The line brings its own header, or is an object that needs none.
HEADED = r"^\s*(?:<\d{1,3}>|\{|\d{4}-\d\d-\d\d[T ]|[A-Z][a-z]{2} [ \d]\d )"
TIME = r"^(?:\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d|[A-Z][a-z]{2} [ \d]\d \d\d:)"
#: Docker cuts lines at 16 KiB, and what is not the last part ends in no line feed.
DOCKER_PART = 16_000
#: Characters that say nothing at the ends of a line.
BLANK = " \r\n\t\0"


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


def unwrap(lines: Lines) -> pl.DataFrame:
    """The lines that JSON objects carry; see `carried`. `part` says that a line goes on in the next object."""
    frame = Json().fields(lines, {*KEYS, "stream"}, Context()).frame
    docker = {"log", "stream"} <= set(frame.columns)
    full = pl.col("log").str.len_bytes() >= DOCKER_PART
    part = pl.col("stream").is_not_null() & full & ~pl.col("log").str.ends_with("\n") if docker else pl.lit(False)
    return joined(carried(frame.with_columns(part.fill_null(False).alias("part"))))


def carried(frame: pl.DataFrame) -> pl.DataFrame:
    """What an envelope's fields say: `@row`, `text`, `time`, `host`, `program`; also `part` and `stream` as given."""
    given = [k for k in frame.columns if k in KEYS]
    stamp = _first(TIMES, given)
    written = pl.col("stamp")
    told = frame.with_columns(stamp=stamp).with_columns(at=epoch("stamp"))
    return told.select(
        ROW,
        text=_plain(_bytes(_first(TEXTS, given))),
        time=pl.when(written.str.contains(TIME)).then(written.str.replace(r" (?:UTC|GMT)$", "Z"))
        .when(written.str.contains(r"^\d{9,19}(?:\.\d+)?$")).then(pl.col("at").dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")),
        host=_word(HOSTS, given),
        program=_word(PROGRAMS, given),
        part=pl.col("part"),
        stream=pl.col("stream") if "stream" in frame.columns else pl.lit("", pl.String),
    ).filter(pl.col("text").is_not_null() & (pl.col("text").str.strip_chars(BLANK) != ""))  # fmt: skip


def joined(frame: pl.DataFrame) -> pl.DataFrame:
    """Parts of a line put together in the first one's place; `more` has the rows of the others."""
    if not frame["part"].any():
        return frame.with_columns(pl.lit([], pl.List(pl.Int64)).alias("more"))
    begins = ~pl.col("part").shift(1, fill_value=False).over("stream", order_by=ROW)
    groups = frame.with_columns(begins=begins).with_columns(
        group=pl.col("begins").cum_sum().over("stream", order_by=ROW)
    )
    whole = groups.sort(ROW).group_by("stream", "group", maintain_order=True)
    first = [pl.col(c).first() for c in ("time", "host", "program", "part")]
    rows = pl.col(ROW)
    return whole.agg(rows.first(), pl.col("text").str.join(""), *first, more=rows.slice(1)).sort(ROW)


def variants(frame: pl.DataFrame, lines: Lines) -> Iterator[tuple[Positions, Lines]]:
    """The carried lines: first with a header made for them, then as they are; positions in `lines` and texts."""
    at = frame.with_columns(pl.col("text").str.strip_chars(BLANK))
    program = pl.concat_str([pl.col("program"), pl.lit(":")])
    headed = at.filter(~pl.col("text").str.contains(HEADED) & pl.col("time").is_not_null()).select(
        ROW, text=pl.concat_str(["time", "host", program, "text"], separator=" ", ignore_nulls=True)
    )
    for part in (headed, at.select(ROW, "text")):
        rows = part[ROW].to_numpy()
        texts = Lines.of_texts(part["text"], lines.numbers[rows])
        texts.repeats = lines.repeats
        yield rows, texts


def _first(keys: tuple[str, ...], given: list[str]) -> pl.Expr:
    """The first of the keys that has a value."""
    found = [pl.col(a + k) for k in keys for a in AROUND if a + k in given]
    none = pl.when(pl.col(ROW).is_null()).then(pl.lit("", pl.String))  # as long as the frame, which a literal is not
    return pl.coalesce(found) if found else none


def _plain(text: pl.Expr) -> pl.Expr:
    """An object written as a string still has its escapes; a real object never has one behind its brace."""
    plain = text.str.replace_many(list(JSON_ESCAPES), list(JSON_ESCAPES.values()), leftmost=True)
    return pl.when(text.str.contains(r'^\{\s*\\"')).then(plain).otherwise(text)


def _bytes(text: pl.Expr) -> pl.Expr:
    """Journald writes what is no plain text as an array of bytes."""
    is_array = text.str.contains(r"^\[\s*\d{1,3}(?:\s*,\s*\d{1,3})*\s*\]$")
    return pl.when(is_array).then(text.map_batches(_decoded, return_dtype=pl.String)).otherwise(text)


def _decoded(texts: pl.Series) -> pl.Series:
    """The texts of arrays of bytes; NULL for whatever is none."""
    codes = texts.str.extract(r"^\[([\d\s,]+)\]$").str.replace_all(r"\s", "").str.split(",")
    if not codes.is_not_null().any():
        return texts.clear(len(texts))
    hexes = codes.list.eval(pl.element().replace_strict(HEXES, default="")).list.join("")
    return hexes.str.decode("hex", strict=False).map_elements(
        lambda raw: raw.decode(errors="backslashreplace"), return_dtype=pl.String
    )


HEXES = {str(n): f"{n:02x}" for n in range(256)}


def _word(keys: tuple[str, ...], given: list[str]) -> pl.Expr:
    """The first of the keys that holds one word."""
    found = [pl.col(a + k) for k in keys for a in AROUND if a + k in given]
    is_word = [c.str.contains(r"^[A-Za-z0-9_.:-]{1,80}$") & ~c.str.contains(r"^(?:udp|tcp):\d") for c in found]
    words = [pl.when(w).then(c) for w, c in zip(is_word, found, strict=True)]
    return pl.coalesce(words) if words else pl.lit(None, pl.String)
