"""Markdown tables of shares with standard errors, and what several trials make their worlds of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from simulator import NULL_KINDS, Pattern
from simulator.patterns import Kind

from fwforensics.analysis.association import associate
from fwforensics.analysis.observations import Observations
from fwforensics.analysis.seeds import seed_of
from fwforensics.analysis.setting import setting_of

#: Kinds whose attempts are no bouts of their own, and kinds that are known to hit a logging limit.
UNMERGED, LIMITED = "retries, unmerged", "rate-limited"


def scaled(count: int, scale: float) -> int:
    """So many times a number of repetitions; one at least."""
    return max(1, round(count * scale))


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """Lines of a table."""
    yield "| " + " | ".join(head) + " |"
    yield "| " + " | ".join(["---", *["---:"] * (len(head) - 1)]) + " |"
    for row in rows:
        yield "| " + " | ".join(str(cell) for cell in row) + " |"


def share(hits: Iterable[Any]) -> str:
    """A share and its standard error."""
    known = np.array([bool(h) for h in hits if h is not None])
    if not len(known):
        return "–"
    return f"{known.mean():.3f} ± {np.sqrt(known.mean() * (1 - known.mean()) / len(known)):.3f}"


def level(values: Iterable[float | None], limit: float = 0.05) -> str:
    """Share of p values up to a limit, bold where it is above it by two standard errors of a valid test or more."""
    known = np.array([v for v in values if v is not None])
    if not len(known):
        return "–"
    found = float((known <= limit).mean())
    text = f"{found:.3f}"
    return f"**{text}**" if found > limit + 2 * np.sqrt(limit * (1 - limit) / len(known)) else text


def associated(seen: Observations, bound_s: float, surrogates: int) -> pl.DataFrame:
    """What the time test and the label test say of each pattern, one row a pattern.

    `p_tool` is the larger p where they agree, 1 where they do not; `named` is the tool that is then shown.
    """
    setting, bouts = setting_of(seen), seen.bouts.sort("at", "host").partition_by("pattern_id", as_dict=True)
    rows = []
    for pattern, view in seen.patterns.select("pattern_id", "view").iter_rows():
        own = bouts.get((pattern,), seen.bouts.clear())
        found = associate(own, view, setting, seed_of(pattern), bound_s=bound_s, occupancy=None, surrogates=surrogates)
        agree = found.p_time is not None and found.p_label is not None and found.agrees
        rows.append({
            "pattern_id": pattern, "p_time": found.p_time, "p_label": found.p_label, "coverage": found.coverage,
            "p_tool": max(found.p_time, found.p_label) if agree else 1.0, "named": (found.named or "").split(": ")[0],
        })  # fmt: skip
    return pl.DataFrame(rows, infer_schema_length=None)


def patterns(kinds: Mapping[str, Kind], n: int, repetitions: int, prefix: str = "") -> list[Pattern]:
    """Patterns of each kind."""
    return [
        Pattern(
            name=f"{prefix}{label} {i}", label=label, kind=kind, n=n, merge_s=0.0 if label == UNMERGED else 60.0,
            limited=label == LIMITED,
        )
        for label, kind in kinds.items()
        for i in range(repetitions)
    ]  # fmt: skip


def null_mixture(count: int, n: int, prefix: str = "") -> list[Pattern]:
    """Null patterns of all kinds in turn."""
    kinds = list(NULL_KINDS.items())
    return [
        pattern
        for i in range(count)
        for pattern in patterns(dict([kinds[i % len(kinds)]]), n, 1, prefix=f"{prefix}{i} ")
    ]
