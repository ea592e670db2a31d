"""Which formats can have which lines: one search for the texts that their lines must hold, in place of asking each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import polars as pl

from fwforensics.formats._format import Format
from fwforensics.formats._lines import Positions
from fwforensics.formats._literals import Texts, literals

Tests = Callable[[Format], pl.Expr | None]
#: Shorter texts stand in too many lines to be searched for together with the others.
MIN_TEXT = 3
#: In so many bytes of lines plain searches for each text are faster than one for all.
FEW_BYTES = 16 << 10

_KNOWN: dict[tuple[int, str], tuple[Format, Texts | None]] = {}


class Sieve:
    """Formats by the texts that their lines must hold.

    Attributes:
        needs: format's name → its texts; None where they are not known, so that any line can be its own.
        owners: text → formats that tell their lines by it.
        common: formats with a text that is too short to tell much, by their texts.
    """

    def __init__(self, formats: Sequence[Format], kind: str, tests: Tests) -> None:
        asked = [(f, test) for f in formats if (test := tests(f)) is not None]
        self.needs = {f.name: texts_of(f, kind, test) for f, test in asked}
        told = [(n, t) for n, t in self.needs.items() if t is not None]
        rare = [(text, n) for n, texts in told if not _has_short(texts) for text in sorted(texts)]
        self.owners = pl.DataFrame(rare, schema={"text": pl.String, "name": pl.String}, orient="row")
        self.common: dict[Texts, list[str]] = {}
        for name, texts in told:
            if _has_short(texts):
                self.common.setdefault(texts, []).append(name)

    def candidates(self, lines: pl.Series) -> dict[str, Positions]:
        """Format's name → positions of the lines that can be its own; formats without any are left out."""
        found = {n: np.arange(len(lines)) for n, texts in self.needs.items() if texts is None}
        if lines.str.len_bytes().sum() <= FEW_BYTES:
            whole = "\n".join(lines.to_list())
            told = [n for n, texts in self.needs.items() if texts is not None and any(t in whole for t in texts)]
            return found | {n: np.arange(len(lines)) for n in told}
        return found | dict(self._by_short_texts(lines)) | dict(self._by_texts(lines))

    def _by_texts(self, lines: pl.Series) -> Iterator[tuple[str, Positions]]:
        """One search finds the lines with any of the texts, a second one tells which these are."""
        texts = self.owners["text"].unique(maintain_order=True).to_list()
        at = _with_any(lines, texts)
        if not len(at):
            return
        which = lines.gather(at).str.extract_many(texts, overlapping=True)
        each = pl.DataFrame({"row": at, "text": which}).explode("text").join(self.owners, on="text")
        rows = each.group_by("name").agg(pl.col("row").unique().sort())
        for name, own in zip(rows["name"], rows["row"], strict=True):
            yield name, own.to_numpy().astype(np.int64)

    def _by_short_texts(self, lines: pl.Series) -> Iterator[tuple[str, Positions]]:
        """A search for each set, among the lines that have a text of any."""
        every = sorted(frozenset[str]().union(*self.common))
        at = _with_any(lines, every)
        some = lines.gather(at)
        for texts, names in self.common.items() if len(at) else ():
            rows = at[_with_any(some, sorted(texts))]
            yield from ((name, rows) for name in names if len(rows))


def texts_of(fmt: Format, kind: str, test: pl.Expr) -> Texts | None:
    """The texts that a format's test needs, read off once."""
    known = _KNOWN.get((id(fmt), kind))
    if known is None or known[0] is not fmt:
        known = _KNOWN[id(fmt), kind] = (fmt, literals(test))
    return known[1]


def _has_short(texts: Texts) -> bool:
    return any(len(t) < MIN_TEXT for t in texts)


def _with_any(lines: pl.Series, texts: Sequence[str]) -> Positions:
    """Positions of the lines with any of the texts. One pattern is a search by its own automaton, kept by Polars."""
    if not texts:
        return np.empty(0, np.int64)
    pattern = "|".join(pl.escape_regex(t) for t in texts)
    return np.flatnonzero(lines.str.contains(pattern).to_numpy())
