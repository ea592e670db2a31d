"""Free text whose sentence is known by a message id."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from fwforensics.formats._format import Context, Fields
from fwforensics.formats._lines import Lines
from fwforensics.formats._pieces import ROW, escape_json

#: Characters that JSON text must escape.
ESCAPES = r'["\\\x00-\x1f]'


@dataclass(frozen=True, slots=True, kw_only=True)
class Messages:
    """Free text whose sentence is known by a message id.

    Attributes:
        id: expression over `line` that gives the id.
        body: byte offset in `line` at which the text begins.
        patterns: id → regular expressions with named groups, tried in order; the groups are the fields.
        otherwise: patterns for ids that are not listed, and for texts that no pattern of their id fits.
        keep: fields that stay in `extra` beside their column.
        noise: which texts (`@text`) that no pattern fits hold no traffic; NULL: none.

    A message that no pattern fits is skipped where it is noise, else bad, with the id in the reason. `@id` holds the
    id, `@text` the body, `@head` what stands before it; `@generic` says that a pattern of `otherwise` read it.
    """

    id: pl.Expr
    body: pl.Expr
    patterns: Mapping[str, Sequence[str]]
    otherwise: Sequence[str] = ()
    keep: Collection[str] = ()
    noise: pl.Expr | None = None

    def fields(self, lines: Lines, wanted: set[str], context: Context) -> Fields:
        """See `Layout`."""
        del context
        base = lines.text.to_frame().select(
            pl.Series(ROW, np.arange(len(lines)), pl.Int64), self.id.alias("@id"), self.body.cast(pl.Int64).alias("@at")
        )
        begin = lines.starts + base["@at"].fill_null(0).to_numpy().astype(np.int64)
        text = lines.column("@text", begin, np.maximum(lines.ends, begin), null_if_empty=False)
        head = lines.column("@head", lines.starts, begin)
        base = base.drop("@at").with_columns(text, head)
        read: list[pl.DataFrame] = []
        unread: list[pl.DataFrame] = []
        for key, part in base.partition_by("@id", as_dict=True, maintain_order=True).items():
            for pattern in self.patterns.get(str(key[0]), ()):
                part = _take(part, pattern, wanted, self.keep, read, generic=False)
            unread.append(part)
        rest = pl.concat(unread) if unread else base.clear()
        for pattern in self.otherwise:
            rest = _take(rest, pattern, wanted, self.keep, read, generic=True)
        bad, skipped = self._unread(rest)
        if not read:
            return Fields(base.clear().with_columns(extra=pl.lit(None, pl.String)), bad, skipped)
        return Fields(pl.concat(read, how="diagonal").sort(ROW), bad, skipped)

    def _unread(self, rest: pl.DataFrame) -> tuple[pl.DataFrame | None, pl.DataFrame | None]:
        """What no pattern fits, as bad rows and as rows without traffic."""
        if rest.is_empty():
            return None, None
        noise = rest.select((self.noise if self.noise is not None else pl.lit(False)).fill_null(False).alias("n"))["n"]
        noise = noise if len(noise) == rest.height else noise.new_from_index(0, rest.height)
        reason = "message " + pl.col("@id").fill_null("?") + " in a form that is not known"
        bad = rest.filter(~noise).select(ROW, reason.alias("reason"))
        return bad, rest.filter(noise).select(ROW, pl.lit("no traffic").alias("reason"), pl.col("@id").alias("program"))


def _take(
    part: pl.DataFrame,
    pattern: str,
    wanted: set[str],
    keep: Collection[str],
    read: list[pl.DataFrame],
    *,
    generic: bool,
) -> pl.DataFrame:
    """Append the rows that the pattern fits to `read`; returns the others."""
    if part.is_empty():
        return part
    found = part.select(pl.col("@text").str.extract_groups(pattern).alias("@m"))["@m"].struct.unnest()
    hit = found.select(pl.any_horizontal(pl.all().is_not_null())).to_series()
    if not hit.any():
        return part
    whole = bool(hit.all())
    groups = found if whole else found.filter(hit)
    groups = groups.with_columns(pl.when(pl.col(c) != "").then(pl.col(c)).alias(c) for c in groups.columns)
    rest = groups.drop([c for c in groups.columns if c in wanted and c not in keep])
    rows = (part if whole else part.filter(hit)).hstack(groups.select(c for c in groups.columns if c in wanted))
    read.append(rows.with_columns(json_of(rest, rows.height), pl.lit(generic).alias("@generic")))
    return part.clear() if whole else part.filter(~hit)


def json_of(fields: pl.DataFrame, height: int) -> pl.Series:
    """A column `extra`: JSON text of the fields that have a value, NULL where none has."""
    fields = fields.select(s for s in fields.get_columns() if s.null_count() < len(s))
    if not fields.width:
        return pl.Series("extra", [None], pl.String).new_from_index(0, height)
    pairs = [
        pl.concat_str(
            [
                pl.lit(f'"{c}":"'),
                escape_json(pl.col(c)) if fields[c].str.contains(ESCAPES).any() else pl.col(c),
                pl.lit('"'),
            ]
        )
        for c in fields.columns
    ]
    joined = pl.concat_str(pairs, separator=",", ignore_nulls=True)
    text = pl.when(joined != "").then(pl.concat_str([pl.lit("{"), joined, pl.lit("}")]))
    return fields.select(text.alias("extra")).to_series()
