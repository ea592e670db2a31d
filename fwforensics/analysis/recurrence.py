"""Does it come back? Runs hit out of runs observed, with an exact interval.

Definition: k of n observed runs were hit. The interval is Clopper–Pearson's: the limits are quantiles of beta
distributions, Beta(α/2; k, n−k+1) and Beta(1−α/2; k+1, n−k), and it covers the true share with at least 1−α whatever
that is. Range [0, 1]. Assumption: runs are independent trials; hosts of one run are one trial, not several.

Source: C. J. Clopper, E. S. Pearson, Biometrika 26 (1934) 404.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy.special import betaincinv

CONFIDENCE = 0.95


def exact_interval(
    hits: np.ndarray, trials: np.ndarray, confidence: float = CONFIDENCE
) -> tuple[np.ndarray, np.ndarray]:
    """Clopper–Pearson limits.

    Args:
        hits: k, integers with 0 ≤ k ≤ n; shape (m,).
        trials: n, integers; shape (m,). Where n is 0 the interval is [0, 1].
        confidence: coverage that is guaranteed at least, in (0, 1).

    Returns:
        Lower and upper limits in [0, 1]; shape (m,) each.
    """
    k, n = np.asarray(hits, float), np.asarray(trials, float)
    tail = (1 - confidence) / 2
    with np.errstate(invalid="ignore"):
        low = np.where(k > 0, betaincinv(k, n - k + 1, tail), 0.0)
        high = np.where(k < n, betaincinv(k + 1, n - k, 1 - tail), 1.0)
    return low, high


def recurrence(per_run: pl.DataFrame, bouts: pl.DataFrame) -> pl.DataFrame:
    """Recurrence of each pattern.

    Args:
        per_run: one row for each pattern and run: `pattern_id`, `run_id`, `violations` (certain ones), `possible`,
            `exposed` (NULL: not observable), `seconds` of exposure.
        bouts: `pattern_id`, `run_id` (NULL where not certain).

    Returns:
        `pattern_id`, `runs_hit`, `runs_possible`, `runs_exposed` (NULL where not observable), `recurrence`,
        `recurrence_low`, `recurrence_high`, `rate_per_run_hour` (bouts in runs ÷ hours of exposure).
    """
    counted = per_run.group_by("pattern_id").agg(
        (pl.col("violations") > 0).sum().cast(pl.UInt64).alias("runs_hit"),
        pl.col("possible").sum().cast(pl.UInt64).alias("runs_possible"),
        pl.when(pl.col("exposed").is_not_null().all())
        .then(pl.col("exposed").sum())
        .first()
        .cast(pl.UInt64)
        .alias("runs_exposed"),
        (pl.col("seconds").sum() / 3600).alias("hours"),
    )
    inside = bouts.filter(pl.col("run_id").is_not_null()).group_by("pattern_id").agg(pl.len().alias("inside"))
    known = counted.join(inside, on="pattern_id", how="left").with_columns(
        pl.when(pl.col("runs_exposed") > 0).then("runs_exposed").alias("n")
    )
    low, high = exact_interval(known["runs_hit"].to_numpy(), known["n"].fill_null(0).to_numpy())
    seen = pl.col("n").is_not_null()
    return known.with_columns(pl.Series("low", low), pl.Series("high", high)).select(
        "pattern_id", "runs_hit", "runs_possible", "runs_exposed",
        (pl.col("runs_hit") / pl.col("n")).alias("recurrence"),
        pl.when(seen).then("low").alias("recurrence_low"),
        pl.when(seen).then("high").alias("recurrence_high"),
        pl.when(seen & (pl.col("hours") > 0))
        .then(pl.col("inside").fill_null(0) / pl.col("hours"))
        .alias("rate_per_run_hour"),
    ).sort("pattern_id")  # fmt: skip
