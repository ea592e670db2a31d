"""Which finding first, and what may be said of it.

Tiers come before scores: C is what recurs (two runs or more), D the rest; A and B need the association tests. In a tier
the score is 3 · lower limit of recurrence + severity (0.5 to 3). The verdict is one sentence; what was not assessed is
said in it, and nothing is ever called a cause.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

#: Severity's share of the score.
SEVERITY_SCORE = {"informational": 0.5, "low": 1.0, "medium": 2.0, "high": 3.0, "critical": 3.0}
RECURRENCE_WEIGHT = 3.0
RECURRING_RUNS = 2
NOT_ASSESSED = "Timing and association with calls are not assessed in this version."


def rank(judged: pl.DataFrame) -> pl.DataFrame:
    """Add tier, score, attribution and verdict.

    Args:
        judged: one row a pattern: `severity`, `target`, `service`, `n_bouts` and the columns of `recurrence`.

    Returns:
        The same rows with `tier`, `score`, `attribution`, `verdict`.
    """
    severity = pl.col("severity").replace_strict(SEVERITY_SCORE, return_dtype=pl.Float64)
    return judged.with_columns(
        pl.when(pl.col("runs_hit") >= RECURRING_RUNS).then(pl.lit("C")).otherwise(pl.lit("D")).alias("tier"),
        (RECURRENCE_WEIGHT * pl.col("recurrence_low").fill_null(0) + severity).alias("score"),
        pl.when(pl.col("runs_hit") > 0)
        .then(pl.lit("host"))
        .when(pl.col("runs_possible") > 0)
        .then(pl.lit("ambiguous"))
        .otherwise(pl.lit("none"))
        .alias("attribution"),
        pl.Series("verdict", [verdict(row) for row in judged.to_dicts()], pl.String),
    )


def verdict(row: Mapping[str, Any]) -> str:
    """One honest sentence about recurrence."""
    hit, maybe, seen = row["runs_hit"], row["runs_possible"], row["runs_exposed"]
    more = f", and possibly in {maybe - hit} more" if maybe and maybe > hit else ""
    if seen:
        share, low, high = (round(100 * row[c]) for c in ("recurrence", "recurrence_low", "recurrence_high"))
        found = f"in {hit} of {seen} observed runs ({share} %, 95 % interval {low}–{high} %){more}"
    elif hit or maybe:
        found = f"hit in {hit} runs{more}; denominator not observable"
    else:
        found = "tied to no run"
    bouts = "1 bout" if row["n_bouts"] == 1 else f"{row['n_bouts']} bouts"
    return f"{row['service']} to {row['target']}: {found}; {bouts}. {NOT_ASSESSED}"
