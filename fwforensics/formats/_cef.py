"""CEF and LEEF records: a header between pipes, and pairs behind it.

`CEF:0|vendor|product|version|class|name|severity|key=value key=value …` and
`LEEF:1.0|vendor|product|version|event|key=value<tab>key=value…`, in LEEF 2.0 with the delimiter before the pairs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from fwforensics.formats._extension import (
    BLANK_DELIMITERS,
    BREAKS,
    EQUALS,
    as_written,
    by_shape,
    extra_texts,
    key_tokens,
    named,
    normal,
    pairs,
    unescaped,
)
from fwforensics.formats._format import Context, Fields
from fwforensics.formats._lines import Lines, Positions
from fwforensics.formats._pieces import LINE, ROW, Piece, bad_rows, build_columns, special_positions, with_extra
from fwforensics.formats._tokens import Tokens, escaped, find

#: A relay that takes `CEF:` or `LEEF:` for the program's name leaves the rest.
CEF_START = r"CEF: ?\d+(?:\.\d+)?\||^\s*[01]\|[^|=]+\|[^|=]+\|"
LEEF_START = r"LEEF: ?\d+(?:\.\d+)?\||(?:^|\s)[12]\.0\|[^|=]+\|[^|=]+\|"
CEF_HEADER = ("deviceVendor", "deviceProduct", "deviceVersion", "deviceEventClassId", "name", "severity")
LEEF_HEADER = ("deviceVendor", "deviceProduct", "deviceVersion", "EventID")
#: Header fields that say which record it is; they go to `extra` even where a column takes them.
KEPT = ("deviceVendor", "deviceProduct", "deviceVersion", "deviceEventClassId", "EventID", "name")
TAB, PIPE = 9, ord("|")
#: The header of LEEF 2.0 without the delimiter that it declares, and the delimiter: itself, its code, or nothing.
DECLARED = r"^(.*?LEEF: ?2(?:\.\d+)?\|(?:[^|]*\|){4})(\||[^|=\t]{0,8})\|"
HEAD = r"^(.*?LEEF: ?\d+(?:\.\d+)?\|(?:[^|]*\|){4})"
#: Palo Alto Networks puts pipes between the pairs, too.
PIPED = HEAD + r"[\w.-]+=[^|]*\|[\w.-]+="
#: How relays write a tab.
WRITTEN_TABS = ("#011", "\\t", "<009>", "^I")
Header = Mapping[str, tuple[Positions, Positions]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cef:
    """CEF records.

    Attributes:
        prefixes: what the vendor puts before its own keys (`FTNTFGT`); wanted names match without it, too.
        keep: keys that go to `extra` even where a column takes them.
        start: what opens the header, for relays that cut `CEF:` off.

    Header fields are `deviceVendor`, `deviceProduct`, `deviceVersion`, `deviceEventClassId`, `name`, `severity`; a
    repeated key becomes `KEY#2`; text before the first key is `text`.
    """

    prefixes: tuple[str, ...] = ()
    keep: tuple[str, ...] = KEPT
    start: str = CEF_START

    def fields(self, lines: Lines, wanted: set[str], context: Context) -> Fields:
        """See `Layout`."""
        del context
        at, begin, header = _header(lines, self.start, CEF_HEADER)
        tokens = key_tokens(lines, begin, BLANK_DELIMITERS, BREAKS)
        return _fields(lines, at, header, [(np.arange(len(lines)), tokens)], wanted, self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leef:
    """LEEF records of either version; attributes as those of `Cef`.

    Header fields are `deviceVendor`, `deviceProduct`, `deviceVersion` and `EventID`. Tabs that a relay wrote as `#011`
    or `\\t` are tabs; where it made blanks of them, pairs are told apart as those of CEF.
    """

    prefixes: tuple[str, ...] = ()
    keep: tuple[str, ...] = KEPT

    def fields(self, lines: Lines, wanted: set[str], context: Context) -> Fields:
        """See `Layout`."""
        del context
        lines = _with_tabs(lines)
        at, begin, header = _header(lines, LEEF_START, LEEF_HEADER)
        tabs = find(lines.bytes, (TAB,), lines.starts, lines.ends)
        has_tab = np.searchsorted(tabs, lines.ends) > np.searchsorted(tabs, begin)
        parts = []
        for which, delimiters, breaks in ((has_tab, (TAB,), (TAB, EQUALS)), (~has_tab, BLANK_DELIMITERS, BREAKS)):
            rows = np.flatnonzero(which)
            if len(rows):
                parts.append((rows, key_tokens(lines.take(rows), begin[rows], delimiters, breaks)))
        return _fields(lines, at, header, parts, wanted, self)


def _header(lines: Lines, start: str, names: tuple[str, ...]) -> tuple[Positions, Positions, Header]:
    """Where each record begins (-1: nowhere), where its pairs begin, and the borders of the header's fields."""
    a = lines.bytes
    offset = lines.text.to_frame().select(LINE.str.find(start).cast(pl.Int64).fill_null(-1)).to_series().to_numpy()
    begin = lines.starts + np.maximum(offset, 0)
    pipes = find(a, (PIPE,), lines.starts, lines.ends)
    pipes = pipes[~escaped(a, pipes, np.ones(len(pipes), np.bool_))]
    first = np.searchsorted(pipes, begin)
    bounded = np.append(pipes, np.full(len(names) + 1, np.iinfo(np.int64).max >> 1))
    borders = np.minimum(bounded[first + np.arange(len(names) + 1)[:, None]], lines.ends)
    whole = borders[len(names) - 1] < lines.ends  # the last pipe may be missing where no pairs follow
    header = {n: (np.minimum(borders[i] + 1, lines.ends), borders[i + 1]) for i, n in enumerate(names)}
    pairs_at = np.minimum(borders[-1] + 1, lines.ends)
    while (more := (pairs_at < lines.ends) & np.isin(a[pairs_at], np.array([9, 32], np.uint8))).any():
        pairs_at += more
    return np.where((offset >= 0) & whole, begin, -1), pairs_at, header


def _with_tabs(lines: Lines) -> Lines:
    """LEEF lines in the form of version 1.0: tabs between the pairs, and no delimiter in the header."""
    text = lines.text.to_frame().with_columns(head=LINE.str.extract(DECLARED, 1), mark=LINE.str.extract(DECLARED, 2))
    tabless = ~LINE.str.contains("\t", literal=True)
    relayed = tabless & LINE.str.contains_any(list(WRITTEN_TABS))
    piped = tabless & LINE.str.contains(PIPED)
    if text["head"].is_null().all() and not text.select((relayed | piped).any()).item():
        return lines
    whole = pl.concat_str([pl.col("head"), pl.col("mark"), pl.lit("|")])
    tail = LINE.str.strip_prefix(whole)
    for given in text["mark"].unique().drop_nulls().to_list():
        mark = _delimiter(given)
        if mark != "\t":
            tail = pl.when(pl.col("mark") == given).then(tail.str.replace_all(mark, "\t", literal=True)).otherwise(tail)
    plain = pl.when(pl.col("head").is_null()).then(LINE).otherwise(pl.concat_str([pl.col("head"), tail]))
    text = text.select(line=plain)
    for written in WRITTEN_TABS:
        tabs = LINE.str.replace_all(written, "\t", literal=True)
        text = text.select(pl.when(relayed & LINE.str.contains(written, literal=True)).then(tabs).otherwise(LINE))
    head = LINE.str.extract(HEAD)
    tabs = pl.concat_str([head, LINE.str.strip_prefix(head).str.replace_all("|", "\t", literal=True)])
    text = text.select(pl.when(piped).then(tabs).otherwise(LINE))
    return Lines.of_texts(text["line"], lines.numbers)


def _delimiter(given: str) -> str:
    """The character that a LEEF 2.0 header declares: itself, or its code as `x09`, `0x09` or `\\x09`."""
    code = re.fullmatch(r"(?:0|\\)?[xXuU]([0-9a-fA-F]{1,6})", given.strip())
    if code and (value := int(code.group(1), 16)) < 0x110000 and not 0xD800 <= value < 0xE000:
        return chr(value) if value else "\t"
    return "\t" if given.strip().lower() in ("", "tab", *WRITTEN_TABS) else given


def _fields(
    lines: Lines,
    at: Positions,
    header: Header,
    parts: list[tuple[Positions, Tokens]],
    wanted: set[str],
    layout: Cef | Leef,
) -> Fields:
    """The frame of lines whose pairs are cut; `parts`: rows of `lines`, and their tokens."""
    escapes = special_positions(lines, None)
    keep = {normal(k) for k in layout.keep}
    cef = isinstance(layout, Cef)
    pieces: list[Piece] = []
    extras: list[pl.Series] = []
    for rows, tokens in parts:
        sub = lines if len(rows) == len(lines) else lines.take(rows)
        heads = {n: (first[rows], last[rows]) for n, (first, last) in header.items()}
        for group in by_shape(sub, tokens):
            for given in pairs(sub, group, heads):
                piece, taken = named(given, wanted, layout.prefixes)
                extras.append(extra_texts(sub, given, taken, keep, escapes, unescaped if cef else as_written))
                piece.rows = rows[piece.rows]
                pieces.append(piece)
    frame = with_extra(build_columns(lines, pieces, sorted(wanted)), extras, pieces)
    if cef and len(escapes):
        hit = [c for c in frame.columns if c in wanted and frame[c].str.contains("\\", literal=True).any()]
        frame = frame.with_columns(unescaped(pl.col(c)) for c in hit)
    return _with_head(lines, frame, at)


def _with_head(lines: Lines, frame: pl.DataFrame, at: Positions) -> Fields:
    """Set aside what has no header of the layout; add what stands before it."""
    lost = np.flatnonzero(at < 0)
    if len(lost):
        frame = frame.filter(~pl.col(ROW).is_in(lost))
    rows = frame[ROW].to_numpy()
    head = lines.column("@head", lines.starts[rows], at[rows])
    return Fields(frame.with_columns(head), bad_rows(lost, "no whole header") if len(lost) else None)
