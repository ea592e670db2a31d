"""How often are patterns aligned with calls, or with a tool, that have nothing to do with them?"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import polars as pl
from simulator import ACTIVITY_KINDS, NULL_KINDS, Clocks, WorldShape, make_world, observe

from trials.tables import associated, level, patterns, scaled, table

BOUTS, SURROGATES = 60, 499
ANCHORED = Clocks(skew_s=300, residual_s=10)
SETTINGS = {
    "± 10 s": (ANCHORED, 10.0),
    "± 60 s": (Clocks(skew_s=60, shared=True, residual_s=None), 60.0),
    "± 300 s": (Clocks(skew_s=300, shared=True, residual_s=None), 300.0),
    "one address": (Clocks(skew_s=300, shared=True, residual_s=10), 10.0),
    "no phases": (ANCHORED, 10.0),
}


def run(scale: float) -> Iterator[str]:
    """The tables."""
    worlds, each = scaled(20, scale), 20 if scale else 3
    jobs = [(seed, each, setting) for setting in SETTINGS for seed in range(100, 100 + worlds)]
    # Spawned, since a fork of a process with threads of polars may wait for ever.
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        found = pl.concat(pool.map(_judged, jobs))
    kinds = {**NULL_KINDS, **ACTIVITY_KINDS}
    yield (
        f"{worlds * each} patterns a cell in {worlds} worlds ({worlds * each * len(kinds) * len(SETTINGS)} in all), "
        f"{SURROGATES} surrogates, seeds 100 to {99 + worlds}. Standard error of a valid test: "
        f"{(0.05 * 0.95 / (worlds * each)) ** 0.5:.3f}; bold: more than two of them above .05. –: not assessable. "
        "Clocks are known to ± 10 s (each host its own), or unknown within ± "
        "60 or ± 300 s; *one address*: all hosts share "
        "it; *no phases*: the trace does not tell them.\n"
    )
    yield from table(["kind", "bouts in runs", *(f"{p}, {b}" for p in ("p_time", "p_label") for b in SETTINGS)], (
        [kind, f"{_of(found, kind)['inside'].mean():.0f}",
         *(level(_of(found, kind, b)[p]) for p in ("p_time", "p_label") for b in SETTINGS)]
        for kind in kinds
    ))  # fmt: skip


def _judged(job: tuple[int, int, str]) -> pl.DataFrame:
    seed, each, setting = job
    clocks, bound = SETTINGS[setting]
    world = make_world(WorldShape(), seed)
    own = patterns({**NULL_KINDS, **ACTIVITY_KINDS}, BOUTS, each, f"{seed} ")
    seen, truth = observe(
        world, own, clocks=clocks, bound_s=bound, gaps=2,
        shared_address=setting == "one address", phases=setting != "no phases",
    )  # fmt: skip
    inside = seen.bouts.drop_nulls("run_id").group_by("pattern_id").agg(pl.len().alias("inside"))
    found = associated(seen, bound, SURROGATES).select("pattern_id", "p_time", "p_label")
    return (
        truth.join(found, on="pattern_id")
        .join(inside, on="pattern_id", how="left")
        .select(pl.lit(setting).alias("setting"), "label", "inside", "p_time", "p_label")
    )


def _of(found: pl.DataFrame, kind: str, setting: str = "± 10 s") -> pl.DataFrame:
    return found.filter((pl.col("label") == kind) & (pl.col("setting") == setting))
