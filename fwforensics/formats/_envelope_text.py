"""Envelopes that are no JSON: what Kubernetes and Loki write before each line, and CSV exports with a column of lines.

A CSV export is known by its column names, which are the first line of the source; whatever follows is its rows, also
where a quoted value goes over several lines.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import polars as pl

from fwforensics.formats._cells import cells
from fwforensics.formats._delimited import Delimited
from fwforensics.formats._envelope import KEYS, TEXTS, TIMES, carried, joined
from fwforensics.formats._format import Context
from fwforensics.formats._lines import Lines, Mask, Positions
from fwforensics.formats._pieces import LINE, ROW

STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)"
#: The log of a container as Kubernetes' runtimes write it: time, stream, whether the line is full, line.
CRI = rf"^(?P<time>{STAMP}) (?P<stream>stdout|stderr) (?P<tag>[FP])(?::[A-Z])* (?P<text>[\s\S]*)$"
#: What `logcli` prints: time, labels, line.
LOGCLI = rf'^(?P<time>{STAMP}) \{{(?:\w+="(?:[^"\\]|\\.)*"(?:, ?)?)*\}}\s+(?P<text>[\s\S]*)$'
#: A row over more lines than this is none: a quote was lost.
MAX_SPAN = 200
SEPARATORS = ",;\t|"
#: Columns of which one alone says that there are lines in it.
SURE = {"_raw", "@message", "event.original", "__raw__", "rawmsg", "_source.message", "_source.event.original"}


def prefixed(lines: Lines) -> Mask:
    """Which lines stand behind such a head."""
    found: Mask = lines.bytes[lines.starts] == ord("2")
    if found.any():
        rows = np.flatnonzero(found)
        marks = LINE.str.slice(19, 24).str.contains(r"(?:Z|[+-]\d\d:?\d\d) (?:stdout [FP]|stderr [FP]|\{\w+=)")
        found[rows] = lines.take(rows).text.to_frame().select(marks.alias("m"))["m"].to_numpy()
    return found


def without_prefix(lines: Lines) -> pl.DataFrame:
    """The lines behind their heads; see `carried`."""
    text = lines.text.to_frame().with_row_index(ROW).cast({ROW: pl.Int64})
    cri, logcli = LINE.str.extract_groups(CRI).struct, LINE.str.extract_groups(LOGCLI).struct
    frame = text.select(
        ROW,
        pl.coalesce(cri.field("time"), logcli.field("time")).alias("time"),
        pl.coalesce(cri.field("text"), logcli.field("text")).alias("message"),
        cri.field("stream").fill_null("").alias("stream"),
        part=(cri.field("tag") == "P").fill_null(False),
    )
    return joined(carried(frame))


@dataclass(frozen=True, slots=True)
class Sheet:
    """A CSV export whose rows carry log lines.

    Attributes:
        header: its line of column names.
        separator: what stands between values.
        names: the columns, by the names that envelopes have.
    """

    header: str
    separator: str
    names: tuple[str, ...]

    @classmethod
    def of(cls, header: str) -> Sheet | None:
        """The export that begins with this line; None where it begins none."""
        text = header.strip("\ufeff \r\n")
        if len(text) > 4000 or not re.match(r'^"?[_@A-Za-z]', text):
            return None
        separator = max(SEPARATORS, key=text.count)
        names = tuple(n.strip() for n in cells(text, separator))
        if not all(re.fullmatch(r"[\w@.:{}\[\] /-]{0,80}", n) for n in names) or len(set(names)) < len(names):
            return None
        timed = len(names) > 1 and bool(set(names) & set(TIMES))
        carries = bool(set(names) & SURE) or (timed and bool(set(names) & set(TEXTS)))
        return cls(header, separator, names) if carries else None

    @property
    def is_sure(self) -> bool:
        """Does a column's name say that the rows are lines, whoever else knows the header?"""
        return bool(set(self.names) & SURE)

    def rows(self, lines: Lines) -> Lines:
        """The rows, each from its first line to its last."""
        first = row_starts(lines)
        last = np.append(first[1:], len(lines)) - 1
        return Lines(lines.data, lines.starts[first], lines.ends[last], lines.numbers[first])

    def unwrap(self, rows: Lines) -> pl.DataFrame:
        """The lines in the rows; see `carried`."""
        table = Delimited(names=self.names, separator=self.separator, quote='"', null=("",))
        frame = table.fields(rows, {n for n in self.names if n in KEYS}, Context()).frame
        return joined(carried(frame.with_columns(pl.lit(False).alias("part"))))

    def is_header(self, rows: Lines) -> Mask:
        """Which rows are the line of column names again."""
        found: Mask = rows.text.str.strip_chars("\ufeff \r\n").eq(self.header.strip("\ufeff \r\n")).to_numpy()
        return found


def row_starts(lines: Lines) -> Positions:
    """Positions of the lines with which a row begins: all but those inside a quoted value."""
    if b'"' not in lines.data:
        return np.arange(len(lines))
    quotes = lines.text.str.count_matches('"', literal=True).to_numpy().astype(np.int64)
    inside = (np.cumsum(quotes) - quotes) & 1
    first = np.flatnonzero(inside == 0)
    spans = np.diff(np.append(first, len(lines)))
    if not len(first) or spans.max() > MAX_SPAN:
        return np.arange(len(lines))
    return first
