"""`KEY=value` lines, by shape."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from fwforensics.formats._format import Context, Fields
from fwforensics.formats._lines import Lines, Mask, Positions
from fwforensics.formats._pieces import (
    ROW,
    Names,
    Piece,
    bad_rows,
    build_columns,
    join_slow,
    json_texts,
    positions_to_escape,
    with_extra,
)
from fwforensics.formats._tokens import Group, Literal, groups, split


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyValue:
    """`KEY=value` tokens, bare words between them, behind a free head.

    Attributes:
        anchor: byte offset in `line` at which the tokens begin; NULL: not this layout.
        separator, quote: single characters; `quote` may enclose a value with separators in it.
        words: name of the column that holds the bare words of a line, joined by blanks.
        keep: keys that go to `extra` even where a column takes them.

    A repeated key becomes `KEY#2`; keys inside brackets (the inner packet of an ICMP error) get the prefix `inner.`; a
    parenthesised token belongs to the word before it.
    """

    anchor: pl.Expr
    separator: str = " "
    quote: str | None = None
    words: str = "@words"
    keep: tuple[str, ...] = ()

    def fields(self, lines: Lines, wanted: set[str], context: Context) -> Fields:
        """See `Layout`."""
        del context
        offset = lines.text.to_frame().with_columns(self.anchor.alias("at"))["at"]
        has = offset.is_not_null().to_numpy()
        begin = lines.starts + offset.fill_null(0).to_numpy().astype(np.int64)
        end = lines.ends.copy()
        for _ in range(4):
            last = lines.bytes[np.maximum(end - 1, 0)]
            blank = (end > begin) & ((last == 32) | (last == 9) | (last == 13))
            if not blank.any():
                break
            end -= blank
        trimmed = Lines(lines.data, lines.starts, end, lines.numbers)
        quote = ord(self.quote) if self.quote else None
        tokens = split(trimmed, begin, ord(self.separator), quote, escape=quote is not None)
        tokens.odd |= ~has
        pieces, slow_rows = [], []
        stray = np.zeros(len(lines), np.bool_)  # lines with quotes that stand around no value
        for group in groups(trimmed, tokens, _key_value_shape):
            if group.shape is None:
                slow_rows.append(group.rows)
            else:
                piece, quoted = self._piece(trimmed, group)
                pieces.append(piece)
                if tokens.quotes is not None:
                    stray[group.rows] = tokens.quotes[group.rows] != 2 * quoted
        escapes = positions_to_escape(lines, self.quote, stray)
        frame = build_columns(trimmed, pieces, [*wanted, "@head"] if "@head" in wanted else wanted)
        frame = with_extra(frame, [self._extra(trimmed, p, wanted, escapes) for p in pieces], pieces)
        slow, bad = self._slow(trimmed, begin, np.concatenate(slow_rows) if slow_rows else None, has, wanted)
        frame = join_slow(frame, slow)
        frame = self._unescaped(frame, wanted) if len(escapes) else frame
        rows = frame[ROW].to_numpy()
        head = trimmed.column("@head", lines.starts[rows], begin[rows])
        return Fields(frame.with_columns(head), bad)

    def _piece(self, lines: Lines, group: Group) -> tuple[Piece, Positions]:
        """Borders of the values of one shape, and how many values of each line were quoted."""
        shape = group.shape or []
        names, words = _names(shape)
        starts, ends = group.starts.copy(), group.ends.copy()
        for token, literal, whole in shape:
            if not whole and literal != b"(":
                starts[token] += len(literal)
        count = np.zeros(len(group.rows), np.int64)
        a, mark = lines.bytes, ord(self.quote or "\0")
        for first, last in zip(starts, ends, strict=True) if self.quote else ():
            quoted = a[first] == mark
            if quoted.any():
                quoted &= (last - first >= 2) & (a[np.maximum(last - 1, 0)] == mark)
                first += quoted
                last -= quoted
                count += quoted
        return Piece(group.rows, names, starts, ends, {self.words: " ".join(words) or None}), count

    def _extra(self, lines: Lines, piece: Piece, wanted: set[str], escapes: Positions) -> pl.Series:
        """JSON text of the keys that nobody wants."""
        rest = [
            (name, piece.starts[i], piece.ends[i])
            for i, name in enumerate(piece.names)
            if name is not None and (name not in wanted or name in self.keep)
        ]
        words = piece.constants.get(self.words)
        if words and self.quote:
            words = re.sub(rf"\\([\\{self.quote}])", r"\1", words)
        further = {"words": words} if words else None
        return json_texts(lines, len(piece.rows), rest, escapes, self._plain, with_empty=True, constants=further)

    def _slow(
        self, lines: Lines, begin: Positions, rows: Positions | None, has: Mask, wanted: set[str]
    ) -> tuple[list[tuple[int, dict[str, str | None]]], pl.DataFrame | None]:
        """Lines that fit no shape, one by one, by the same rules."""
        if rows is None:
            return [], None
        done: list[tuple[int, dict[str, str | None]]] = []
        bad: list[int] = []
        for row in rows.tolist():
            text = lines.data[begin[row] : lines.ends[row]].decode()
            record = _slow_key_value(text, self.separator, self.quote) if has[row] else None
            if record is None:
                bad.append(row)
                continue
            kept: dict[str, str | None] = {k: v or None for k, v in record.items() if k in wanted and k != "@words"}
            rest = {k: v for k, v in record.items() if (k not in wanted or k in self.keep) and k != "@words"}
            kept[self.words] = record.get("@words") or None
            if record.get("@words"):
                rest["words"] = record["@words"]
            if self.quote and "\\" in text:
                rest = {k: re.sub(rf"\\([\\{self.quote}])", r"\1", v) for k, v in rest.items()}
            kept["extra"] = json.dumps(rest, ensure_ascii=False) if rest else None
            done.append((row, kept))
        return done, bad_rows(bad, "no key=value fields, or an unclosed quote") if bad else None

    def _unescaped(self, frame: pl.DataFrame, wanted: set[str]) -> pl.DataFrame:
        """Take the backslashes out of quoted values."""
        if not self.quote:
            return frame
        hit = [c for c in frame.columns if c in wanted and frame[c].str.contains("\\", literal=True).any()]
        return frame.with_columns(self._plain(pl.col(c)) for c in hit)

    def _plain(self, text: pl.Expr) -> pl.Expr:
        """What a value means: a backslash before a quote or a backslash is none of the text."""
        if not self.quote:
            return text
        return text.str.replace_many(["\\\\", f"\\{self.quote}"], ["\\", self.quote], leftmost=True)


def _key_value_shape(tokens: list[bytes]) -> list[Literal] | None:
    """Literals of one sample line; None where it has no key at all."""
    shape: list[Literal] = []
    for i, token in enumerate(tokens):
        equals = token.find(b"=")
        if token.startswith(b"(") and i:
            shape.append((i, b"(", False))
        elif equals > 0:
            shape.append((i, token[: equals + 1], False))
        else:
            shape.append((i, token, True))
    return shape if any(not whole for _, _, whole in shape) else None


def _names(shape: Sequence[Literal]) -> tuple[Names, list[str]]:
    """The key at each token, and the bare words."""
    names: Names = []
    words: list[str] = []
    seen: dict[str, int] = {}
    inner = False
    for _, literal, whole in shape:
        text = literal.decode(errors="replace")
        name: str | None = None
        if text.startswith("[") and not (whole and text.endswith("]")):
            inner, text = True, text[1:]
        if text == "(" and not whole:
            name = words.pop() if words else "()"
        elif not whole:
            name = text.rstrip("=").lstrip()
        elif text == "]":
            inner = False
        elif text:
            words.append(text)
        if name is not None:
            name = f"inner.{name}" if inner else name
            seen[name] = seen.get(name, 0) + 1
            name = name if seen[name] == 1 else f"{name}#{seen[name]}"
        names.append(name)
        if text.endswith("]") and whole:
            inner = False
    return names, words


def _slow_key_value(text: str, separator: str, quote: str | None) -> dict[str, str] | None:
    """One line by the rules of `KeyValue`; None where it has no key."""
    tokens = _slow_split(text, separator, quote)
    shape = _key_value_shape([t.encode() for t in tokens])
    if shape is None:
        return None
    names, words = _names(shape)
    record = {}
    for name, token, (_, literal, whole) in zip(names, tokens, shape, strict=True):
        if name is None:
            continue
        value = token if literal == b"(" or whole else token[len(literal.decode()) :]
        if quote and len(value) >= 2 and value[0] == value[-1] == quote:
            value = value[1:-1]
        record[name] = value
    record["@words"] = " ".join(words)
    return record


def _slow_split(text: str, separator: str, quote: str | None) -> list[str]:
    """Cut at separators outside quotes; an unclosed quote reaches to the end of the line."""
    if quote is None:
        return text.split(separator)
    q, s = re.escape(quote), re.escape(separator)
    # A backslash takes the meaning of a quote away, never that of a separator.
    parts = re.findall(rf"(?:[^{q}{s}\\]|\\[^{s}]|\\(?={s}|$)|{q}(?:[^{q}\\]|\\.)*(?:{q}|\\?$))*(?:{s}|$)", text)
    return (
        [p.removesuffix(separator) for p in parts[:-1]]
        if parts and parts[-1] == ""
        else [p.removesuffix(separator) for p in parts]
    )
