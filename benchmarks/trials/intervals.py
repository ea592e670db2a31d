"""Do intervals hold what they promise? Recurrence, rates, and the share beyond chance."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
from simulator import Clocks, Pattern, WorldShape, caused, make_world, observe

from fwforensics.analysis.characterise import characterise
from fwforensics.analysis.rates import rate_of
from fwforensics.analysis.recurrence import exact_interval
from fwforensics.analysis.windows import STEP_S
from trials.tables import scaled, share, table

TOOL, WIDE_BOUND_S = "git", 60.0


def run(scale: float) -> Iterator[str]:
    """The tables."""
    yield from _recurrence(scaled(20_000, scale))
    yield from _rates(scaled(1_000, scale))
    yield from _effects(scaled(20, scale), 10 if scale else 3)


def _recurrence(repetitions: int) -> Iterator[str]:
    rng = np.random.default_rng(4000)
    yield f"Coverage of the 95 % interval of recurrence (Clopper–Pearson), {repetitions} draws a cell, seed 4000:\n"
    truths = (0.02, 0.1, 0.3, 0.5, 0.9)
    rows = []
    for n in (3, 6, 12, 30, 100):
        cells = []
        for truth in truths:
            k = rng.binomial(n, truth, repetitions)
            low, high = exact_interval(k, np.full(repetitions, n))
            cells.append(f"{((low <= truth) & (truth <= high)).mean():.3f}")
        rows.append([n, *cells])
    yield from table(["observed runs", *(f"true share {t}" for t in truths)], rows)


def _rates(repetitions: int) -> Iterator[str]:
    rng = np.random.default_rng(4001)
    yield (
        f"\nCoverage of the 95 % interval of the rate, {repetitions} draws a "
        f"cell (standard error {(0.05 * 0.95 / repetitions) ** 0.5:.3f} at .95), seed 4001; "
        "runs of 6 to 14 h; rates of runs are equal, or vary with a "
        "coefficient of variation of .5, 1 and 2 (gamma), or 70 "
        "% of the runs have none:\n"
    )
    kinds = {"equal": 0.0, "cv .5": 0.5, "cv 1": 1.0, "cv 2": 2.0, "70 % none": -1.0}
    rows = []
    for runs in (3, 6, 12, 30):
        for rate in (0.2, 2.0):
            cells = [
                share(_covers(runs, rate, cv, rng) for _ in range(repetitions)).split(" ")[0] for cv in kinds.values()
            ]
            rows.append([f"{runs} runs, {rate} an hour", *cells])
    yield from table(["", *kinds], rows)


def _covers(runs: int, rate: float, cv: float, rng: np.random.Generator) -> bool:
    hours = rng.uniform(6, 14, runs)
    if cv < 0:
        factor = (rng.random(runs) < 0.3) / 0.3
    else:
        factor = rng.gamma(1 / cv**2, cv**2, runs) if cv else np.ones(runs)
    found = rate_of(rng.poisson(rate * factor * hours).astype(float), hours, rng)
    return found is not None and found.low <= rate <= found.high


def _effects(worlds: int, each: int) -> Iterator[str]:
    found = pl.concat([_estimated(seed, each) for seed in range(4100, 4100 + worlds)])
    yield (
        f"\nShare beyond chance where lags within ± {WIDE_BOUND_S:.0f} s are searched, {worlds * each} patterns a cell "
        f"in {worlds} worlds of 12 runs with exact clocks, seeds 4100 to "
        f"{4099 + worlds}: mean of the naive share (what was "
        "selected on the same data), mean and standard deviation of the cross-fitted one, how often its 95 % interval "
        "(bootstrap of runs) holds the share of bouts that were made to follow "
        "a call, and how often the share of those "
        "whose delay lies in the window that was reported. The delay is exponential of 10 s.\n"
    )
    head = ["true share, n", "naive", "cross-fitted", "standard deviation", "holds the share", "holds it in the window"]
    yield from table(head, (
        [f"{truth}, {n}", f"{own['naive'].mean():.2f}", f"{own['value'].mean():.2f}", f"{own['value'].std():.2f}",
         *(share(_holds(own, column)) for column in ("share", "in_window"))]
        for truth in (0.0, 0.25, 0.5, 1.0) for n in (10, 30, 100)
        for own in [found.filter((pl.col("share") == truth) & (pl.col("n") == n))]
    ))  # fmt: skip


def _holds(own: pl.DataFrame, column: str) -> pl.Series:
    return own.select((pl.col("low") <= pl.col(column)) & (pl.col(column) <= pl.col("high"))).to_series().drop_nulls()


def _estimated(seed: int, each: int) -> pl.DataFrame:
    own = [
        Pattern(name=f"{s} {n} {i}", label="", kind=caused(TOOL, s), n=n, tool=TOOL, share=s)
        for s in (0.0, 0.25, 0.5, 1.0) for n in (10, 30, 100) for i in range(each)
    ]  # fmt: skip
    seen, truth = observe(make_world(WorldShape(), seed), own, clocks=Clocks(residual_s=None))
    found = characterise(seen, bound_s=WIDE_BOUND_S, surrogates=99).patterns
    k, e, n = (pl.col(c).cast(pl.Float64) for c in ("coincident_k", "expected_e", "coincident_n"))
    # A call is in the window if its delay is between −lag and width − lag, give or take a step.
    reached, passed = (
        1 - (-delay.clip(lower_bound=0) / 10.0).exp()
        for delay in (pl.col("window_s") - pl.col("lag_s"), -pl.col("lag_s") - STEP_S)
    )
    return truth.join(found, on="pattern_id").select(
        "n", "share", ((k - e) / (n - e)).alias("naive"), pl.col("attributable_share").alias("value"),
        (pl.col("share") * (reached - passed)).alias("in_window"),
        pl.col("attributable_low").alias("low"), pl.col("attributable_high").alias("high"),
    )  # fmt: skip
