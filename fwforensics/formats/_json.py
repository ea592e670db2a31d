"""One JSON object a line, by shape."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from fwforensics.formats._format import Context, Fields
from fwforensics.formats._lines import Lines
from fwforensics.formats._pieces import ROW, Names, Piece, bad_rows, build_columns, join_slow, with_extra
from fwforensics.formats._tokens import BLANKS, Literal, groups, split_json

JSON_ESCAPES = {"\\\\": "\\", '\\"': '"', "\\/": "/", "\\n": "\n", "\\t": "\t", "\\r": "\r", "\\b": "\b", "\\f": "\f"}


@dataclass(frozen=True, slots=True)
class Json:
    """One JSON object a line. A wanted key `a.b` is the key of that name, else `b` of the object in `a`.

    Attributes:
        begin: byte offset in `line` at which the object begins, where something may stand before it.
        keep: keys that go to `extra` even where a column takes them.
    """

    begin: pl.Expr | None = None
    keep: tuple[str, ...] = ()

    def fields(self, lines: Lines, wanted: set[str], context: Context) -> Fields:
        """See `Layout`."""
        del context
        whole = lines
        if self.begin is not None:
            offset = lines.text.to_frame().select(self.begin.alias("at")).to_series().fill_null(0)
            starts = lines.starts + offset.to_numpy().astype(np.int64)
            lines = Lines(lines.data, starts, lines.ends, lines.numbers)
        parents = {k.split(".", 1)[0] for k in wanted if "." in k}
        frame, bad = _json_fields(lines, wanted | parents, wanted - set(self.keep))
        for parent in sorted(parents & set(frame.columns)):
            children = {k.split(".", 1)[1]: k for k in wanted if k.startswith(parent + ".")}
            inner = _nested(frame[parent], children)
            frame = frame.with_columns(
                pl.coalesce(frame[c.name], c).alias(c.name) if c.name in frame.columns else c for c in inner
            )
        if self.begin is not None:
            rows = frame[ROW].to_numpy()
            frame = frame.with_columns(lines.column("@head", whole.starts[rows], lines.starts[rows]))
        return Fields(frame, bad)


def _nested(parent: pl.Series, children: Mapping[str, str]) -> list[pl.Series]:
    """Columns for keys of objects that stand, as JSON text, in another column."""
    is_object = parent.str.starts_with("{").fill_null(False)
    inner = Json().fields(Lines.of_texts(parent.filter(is_object)), set(children), Context()).frame
    where = is_object.arg_true().gather(inner[ROW].cast(pl.UInt32))
    out = []
    for child, name in children.items():
        if child in inner.columns:
            full = pl.Series(name, [None], pl.String).new_from_index(0, len(parent))
            out.append(full.scatter(where, inner[child]))
    return out


def _json_fields(lines: Lines, keys: set[str], wanted: set[str]) -> tuple[pl.DataFrame, pl.DataFrame | None]:
    tokens = split_json(lines)
    pieces, values, slow_rows = [], [], []
    for group in groups(lines, tokens, _json_shape):
        if group.shape is None:
            slow_rows.append(group.rows)
            continue
        names: Names = [_json_key(literal) for _, literal, _ in group.shape]
        piece = Piece(group.rows, names, group.starts, group.ends)
        found = _values(lines, piece)
        odd = _looks_nested(lines, found)
        if odd.any():
            slow_rows.append(piece.rows[odd])
            piece, found = _without(piece, odd), _without(found, odd)
        pieces.append(piece)
        values.append(found)
    extras = [_json_extra(lines, p, wanted) for p in pieces]
    frame = with_extra(build_columns(lines, values, keys), extras, pieces)
    frame = frame.with_columns(_unescape_json(frame[c]) for c in frame.columns if c not in (ROW, "extra"))
    slow, bad = [], []
    for row in (np.concatenate(slow_rows) if slow_rows else np.empty(0, np.int64)).tolist():
        record = _slow_json(lines.data[lines.starts[row] : lines.ends[row]].decode(), keys, wanted)
        if record is None:
            bad.append(row)
        else:
            slow.append((row, record))
    return join_slow(frame, slow), bad_rows(bad, "not a JSON object") if bad else None


_JSON_KEY = re.compile(rb'\s*"((?:[^"\\]|\\.)*)"\s*:')


def _json_shape(tokens: list[bytes]) -> list[Literal] | None:
    """The `"key":` of each token of one sample line."""
    found = [_JSON_KEY.match(t) for t in tokens]
    keys = [m.group(0) for m in found if m is not None]
    if len(keys) != len(tokens) or len({_json_key(k) for k in keys}) != len(keys):
        return None
    return [(i, key, False) for i, key in enumerate(keys)]


def _json_key(literal: bytes) -> str:
    match = _JSON_KEY.match(literal)
    body = match.group(1).decode() if match else ""
    try:
        return str(json.loads(f'"{body}"'))
    except json.JSONDecodeError:
        return body


def _values(lines: Lines, piece: Piece) -> Piece:
    """Borders of the values alone: without key, blanks and quotes; `null` becomes empty."""
    a = lines.bytes
    starts, ends = piece.starts.copy(), piece.ends.copy()
    for token in range(len(starts)):
        key = _JSON_KEY.match(lines.data[piece.starts[token, 0] : piece.ends[token, 0]]) if len(piece.rows) else None
        starts[token] += key.end() if key else 0
    for _ in range(4):
        starts += (starts < ends) & np.isin(a[starts], BLANKS)
        ends -= (ends > starts) & np.isin(a[np.maximum(ends - 1, 0)], BLANKS)
    null = (ends - starts == 4) & ((lines.load(starts) & np.uint64(0xFFFFFFFF)) == 0x6C6C756E)
    quoted = (ends - starts >= 2) & (a[starts] == ord('"'))
    ends = np.where(null, starts, ends)
    return Piece(piece.rows, piece.names, starts + quoted, ends - quoted)


def _looks_nested(lines: Lines, values: Piece) -> npt.NDArray[np.bool_]:
    """Records with a string that begins like an object or a list: without its quotes nobody could tell."""
    a = lines.bytes
    first, before = a[values.starts], a[np.maximum(values.starts - 1, 0)]
    nested = ((first == ord("[")) | (first == ord("{"))) & (before == ord('"')) & (values.ends > values.starts)
    return np.asarray(nested.any(axis=0))


def _without(piece: Piece, rows: npt.NDArray[np.bool_]) -> Piece:
    return Piece(piece.rows[~rows], piece.names, piece.starts[:, ~rows], piece.ends[:, ~rows])


def _json_extra(lines: Lines, piece: Piece, wanted: set[str]) -> pl.Series:
    """The tokens that nobody wants, as they stand."""
    rest = [i for i, n in enumerate(piece.names) if n not in wanted]
    if not rest:
        return pl.Series("extra", [None], pl.String).new_from_index(0, len(piece.rows))
    frame = pl.DataFrame([lines.column(str(i), piece.starts[i], piece.ends[i], null_if_empty=False) for i in rest])
    body = pl.concat_str([pl.col(str(i)) for i in rest], separator=",")
    return frame.select(pl.concat_str([pl.lit("{"), body, pl.lit("}")]).alias("extra")).to_series()


def _unescape_json(values: pl.Series) -> pl.Series:
    """Take JSON escapes out of strings (not out of nested objects, which stay JSON text)."""
    hit = values.str.contains("\\", literal=True).fill_null(False) & ~values.str.contains(r"^[\[{]").fill_null(False)
    if not hit.any():
        return values
    some = values.filter(hit)
    unicode = some.str.contains("\\u", literal=True)
    plain = some.str.replace_many(list(JSON_ESCAPES), list(JSON_ESCAPES.values()), leftmost=True)
    if unicode.any():
        decoded = [_decode(text) for text in some.filter(unicode)]
        plain = plain.scatter(unicode.arg_true(), pl.Series(decoded, dtype=pl.String))
    return values.scatter(hit.arg_true(), plain)


def _decode(body: str) -> str:
    """A JSON string body; half surrogate pairs, which no UTF-8 can hold, stay written as `\\uXXXX`."""
    try:
        text = json.loads(f'"{body}"', strict=False)
    except json.JSONDecodeError:
        return body
    return str(text).encode(errors="backslashreplace").decode()


def _slow_json(text: str, keys: set[str], wanted: set[str]) -> dict[str, str | None] | None:
    try:
        record = json.loads(text.strip().rstrip(","), strict=False)
    except (json.JSONDecodeError, RecursionError, ValueError):
        return None
    if not isinstance(record, dict):
        return None
    kept = {k: _json_text(v) for k, v in record.items() if k in keys}
    rest = {k: v for k, v in record.items() if k not in wanted}
    kept["extra"] = json.dumps(rest) if rest else None
    return kept


def _json_text(value: object) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value.encode(errors="backslashreplace").decode()
    return json.dumps(value)
