"""How far off is the share beyond chance, and does its interval hold it?"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
from simulator import Clocks, Pattern, WorldShape, caused, make_world, observe

from fwforensics.analysis.characterise import characterise
from fwforensics.analysis.windows import STEP_S
from trials.tables import scaled, share, table

TOOL, WIDE_BOUND_S = "git", 60.0


def run(scale: float) -> Iterator[str]:
    """The table."""
    worlds, each = scaled(20, scale), 10 if scale else 3
    found = pl.concat([_estimated(seed, each) for seed in range(4100, 4100 + worlds)])
    yield (
        f"Share beyond chance where lags within ± {WIDE_BOUND_S:.0f} s are searched, {worlds * each} patterns a cell "
        f"in {worlds} worlds of 12 runs with exact clocks, seeds 4100 to "
        f"{4099 + worlds}: mean of the naive share (what was "
        "selected on the same data), mean and standard deviation of the cross-fitted one, how often its 95 % interval "
        "holds the share of bouts that were made to follow "
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
