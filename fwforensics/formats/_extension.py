"""`key=value` pairs whose values may hold blanks and further `=`: the tail of CEF and LEEF records, by shape.

A value ends where the next key begins, so keys are found first, for all lines together: what stands between a delimiter
and a `=` and could be a key is one. Lines with the same sequence of keys then share a shape (see `_tokens`).

A key is found under any spelling: a wanted name matches in lower case and without punctuation, with or without the
vendor's prefix, and also the *label* that the record gives a custom field (`cs1=… cs1Label=Rule Name`). Whatever
nobody wants goes to `extra` under the label, or the key as it is written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from fwforensics.formats._lines import Lines, Positions
from fwforensics.formats._pieces import Piece, constant, json_texts
from fwforensics.formats._tokens import Group, Literal, Tokens, find, groups

#: Bytes of which a key may consist where blanks stand between the pairs; what else there is ends one.
KEY_BYTES = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-[]")
BLANK_DELIMITERS = (9, 32)
BREAKS = tuple(b for b in range(256) if b not in KEY_BYTES and b < 128)
EQUALS = ord("=")
#: Label values among the lines of one shape that are told apart; beyond them custom fields keep their number.
MAX_LABELS = 256
_LABEL = re.compile(r"(.+?)[Ll]abel$")


def normal(name: str) -> str:
    """A name without case and punctuation, by which keys are compared."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def key_tokens(
    lines: Lines,
    begin: Positions,
    delimiters: tuple[int, ...],
    breaks: tuple[int, ...],
    mark: int = EQUALS,
    follows: tuple[int, ...] = (),
    quote: int | None = None,
) -> Tokens:
    """Cut every line from `begin` on before each key.

    Args:
        lines: the lines.
        begin: where each line's pairs start.
        delimiters: bytes one of which stands before a key.
        breaks: bytes that no key holds; delimiters and `mark` are among them.
        mark: the byte behind a key.
        follows: bytes one of which follows the mark; none: any.
        quote: a byte, one of the delimiters, between two of which no other delimiter counts.
    """
    a = lines.bytes
    hits = find(a, breaks, lines.starts, lines.ends)
    row = np.maximum(np.searchsorted(lines.starts, hits, side="right") - 1, 0)
    inside = (hits >= begin[row]) & (hits < lines.ends[row])
    hits, row = hits[inside], row[inside]
    before = np.concatenate((np.full(1, -1, np.int64), hits[:-1]))[: len(hits)]
    opens = before < begin[row]  # nothing but a key's bytes since the line's begin
    start = np.where(opens, begin[row], before + 1)
    is_key = (a[hits] == mark) & (start < hits)
    if follows:
        is_key &= np.isin(a[hits + 1], np.array(follows, np.uint8))
    is_key &= opens | np.isin(a[np.maximum(before, 0)], np.array(delimiters, np.uint8))
    if quote is not None:
        quotes = np.cumsum(a[hits] == quote)
        first = np.searchsorted(row, row)  # of the line's hits
        inside = (quotes - quotes[first] + (a[hits[first]] == quote)) & 1 == 1 if len(hits) else is_key
        is_key &= ~inside | (a[np.maximum(before, 0)] == quote)
    cuts = start[is_key] - 1  # one before the line's begin where a key opens it: the first token is never a pair
    lo, hi = np.searchsorted(cuts, begin - 1), np.searchsorted(cuts, lines.ends)
    return Tokens(begin, lines.ends, cuts, lo, hi - lo + 1, np.zeros(len(lines), np.bool_))


def pair_shape(tokens: list[bytes]) -> list[Literal]:
    """`key=` of each token but the first, which is the text before all keys."""
    return [(i, token[: token.index(b"=") + 1], False) for i, token in enumerate(tokens) if i]


def by_shape(
    lines: Lines, tokens: Tokens, shape_of: Callable[[list[bytes]], list[Literal]] = pair_shape
) -> Iterator[Group]:
    """Groups of lines with the same keys, also where there are very many shapes."""
    for group in groups(lines, tokens, shape_of):
        if group.shape is not None:
            yield group
            continue
        shapes: dict[tuple[Literal, ...], list[int]] = {}
        for i in range(len(group.rows)):
            borders = zip(group.starts[:, i].tolist(), group.ends[:, i].tolist(), strict=True)
            shapes.setdefault(tuple(shape_of([lines.data[s:e] for s, e in borders])), []).append(i)
        for shape, rows in shapes.items():
            yield Group(list(shape), group.rows[rows], group.starts[:, rows], group.ends[:, rows])


@dataclass(slots=True)
class Pairs:
    """Lines of one shape: what their fields are called and where their values stand.

    Attributes:
        rows: which lines.
        keys: the keys as written, header fields first; "" where a token has none.
        starts, ends: borders of the values; shape (keys, rows).
        labels: the key's position → the label that the lines give it.
        silent: positions of keys that only gave a label.
    """

    rows: Positions
    keys: list[str]
    starts: Positions
    ends: Positions
    labels: dict[int, str] = field(default_factory=dict)
    silent: set[int] = field(default_factory=set)


def values(group: Group) -> tuple[Positions, Positions]:
    """Borders of the text before all keys and of the values; shape (keys + 1, rows)."""
    starts, ends = group.starts.copy(), np.maximum(group.ends, group.starts)
    for token, literal, _ in group.shape or ():
        starts[token] += len(literal)
    return starts, ends


def pairs(lines: Lines, group: Group, header: Mapping[str, tuple[Positions, Positions]]) -> Iterator[Pairs]:
    """The fields of one shape behind those of the header; split where lines label their custom fields otherwise."""
    starts, ends = values(group)
    _trim(lines, starts, ends)
    keys = [*header, "", *((literal[:-1].decode(errors="replace").strip()) for _, literal, _ in group.shape or ())]
    first = np.array([h[0][group.rows] for h in header.values()], np.int64).reshape(len(header), len(group.rows))
    last = np.array([h[1][group.rows] for h in header.values()], np.int64).reshape(len(header), len(group.rows))
    whole = Pairs(group.rows, keys, np.concatenate((first, starts)), np.concatenate((last, ends)))
    yield from _labelled(lines, whole)


def _trim(lines: Lines, starts: Positions, ends: Positions) -> None:
    """Take the blanks off both ends of the values, in place."""
    a = lines.bytes
    blank = np.zeros(256, np.bool_)
    blank[[9, 32, 13]] = True
    while (more := (ends > starts) & blank[a[np.maximum(ends - 1, 0)]]).any():
        ends -= more
    while (more := (ends > starts) & blank[a[starts]]).any():
        starts += more


def _labelled(lines: Lines, given: Pairs) -> Iterator[Pairs]:
    """Read the labels of the custom fields; lines that differ in them come apart."""
    found = _label_places(given.keys)
    if not found:
        yield given
        return
    mixed = [i for i in found.values() if constant(lines, given.starts[i], given.ends[i]) is None]
    for part in _apart(lines, given, sorted(set(mixed))):
        for key, label in found.items():
            text = constant(lines, part.starts[label], part.ends[label])
            if text:
                part.labels[key] = text.decode().strip()
                part.silent.add(label)
        yield part


def _label_places(keys: Sequence[str]) -> dict[int, int]:
    """Position of each custom field → that of its label.

    Most records have one of each. Where a field comes several times, its label is the last one before it if the record
    writes labels first, else the next one behind it.
    """
    labels: dict[str, list[int]] = {}
    for i, key in enumerate(keys):
        if match := _LABEL.match(key):
            labels.setdefault(match.group(1), []).append(i)
    found: dict[int, int] = {}
    for base, at in labels.items():
        values = [i for i, key in enumerate(keys) if key == base]
        for i in values:
            before, behind = [j for j in at if j < i], [j for j in at if j > i]
            found[i] = before[-1] if before and (at[0] < values[0] or not behind) else behind[0]
    return found


def _apart(lines: Lines, given: Pairs, mixed: Sequence[int]) -> Iterator[Pairs]:
    """The lines by the values of the keys in `mixed`."""
    if not mixed:
        yield given
        return
    values = pl.DataFrame([lines.column(str(i), given.starts[i], given.ends[i]) for i in mixed])
    group = values.select(pl.struct(pl.all()).rank("dense").alias("g")).to_series().to_numpy()
    which = np.unique(group)
    if len(which) > MAX_LABELS:
        yield given
        return
    for g in which:
        at = np.flatnonzero(group == g)
        yield Pairs(given.rows[at], given.keys, given.starts[:, at], given.ends[:, at])


def named(given: Pairs, wanted: set[str], prefixes: tuple[str, ...]) -> tuple[Piece, set[int]]:
    """The lines with the wanted names at their values, and the positions that these took."""
    spelled: dict[str, list[str]] = {}
    for name in sorted(wanted):
        spelled.setdefault(normal(name), []).append(name)
    places: dict[str, int] = {}
    for names in _spellings(given, prefixes):
        for i, text in names:
            for name in spelled.get(normal(text), ()):
                places.setdefault(name, i)
    order = list(places.values())
    piece = Piece(given.rows, list(places), given.starts[order], given.ends[order])
    return piece, set(order)


def _spellings(given: Pairs, prefixes: tuple[str, ...]) -> Iterator[list[tuple[int, str]]]:
    """Names of the values, the surest first: keys, labels, keys without the vendor's prefix."""
    keys = [(i, k or "text") for i, k in enumerate(given.keys) if i not in given.silent]
    yield keys
    yield list(given.labels.items())
    if prefixes:
        yield [(i, k.removeprefix(p)) for i, k in keys for p in prefixes if k.startswith(p)]


def extra_texts(
    lines: Lines, given: Pairs, taken: set[int], keep: set[str], escapes: Positions, plain: Callable[[pl.Expr], pl.Expr]
) -> pl.Series:
    """JSON text of the values that nobody takes, under their labels or keys; `plain`: what a value means."""
    seen: dict[str, int] = {}
    rest: list[tuple[str, Positions, Positions]] = []
    for i, key in enumerate(given.keys):
        name = given.labels.get(i, key) or "text"
        if i in given.silent or (i in taken and normal(key) not in keep):
            continue
        seen[name] = seen.get(name, 0) + 1
        name = name if seen[name] == 1 else f"{name}#{seen[name]}"
        rest.append((name, given.starts[i], given.ends[i]))
    return json_texts(lines, len(given.rows), rest, escapes, plain)


ESCAPES = {"\\\\": "\\", "\\=": "=", "\\|": "|", "\\n": "\n", "\\r": "\r"}


def unescaped(text: pl.Expr) -> pl.Expr:
    """What a CEF value means."""
    return text.str.replace_many(list(ESCAPES), list(ESCAPES.values()), leftmost=True)


def as_written(text: pl.Expr) -> pl.Expr:
    """The value as it stands."""
    return text
