"""How often is a tool found that does cause bouts?"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import polars as pl
from simulator import Clocks, Pattern, WorldShape, caused, make_world, observe

from trials.tables import associated, scaled, share, table

TOOL, SURROGATES, LEVEL = "git", 199, 0.01
BOUTS, SHARES, EPISODES = (3, 5, 10, 30, 100), (1.0, 0.5, 0.2), (1, 8, 64)
CLOCKS = {
    "exact": (Clocks(), 0.0),
    "anchored, ± 10 s": (Clocks(skew_s=300, residual_s=10), 10.0),
    "unknown ± 300 s, one for all hosts": (Clocks(skew_s=300, shared=True, residual_s=None), 300.0),
    "unknown ± 300 s, each host its own": (Clocks(skew_s=300, residual_s=None), 300.0),
}


def run(scale: float) -> Iterator[str]:
    """The tables."""
    worlds, each = scaled(12, scale), 5 if scale else 2
    jobs = [
        (episodes, clock, delay, seed, each)
        for episodes, delay in [*((e, "exponential") for e in EPISODES), (8, "uniform")]
        for clock in CLOCKS
        for seed in range(2000, 2000 + worlds)
    ]
    # Spawned, since a fork of a process with threads of polars may wait for ever.
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        found = pl.concat(pool.map(_judged, jobs))
    yield (
        f"Share of patterns with p_tool ≤ {LEVEL} (time test and label test, and they agree); in brackets p_time "
        f"≤ {LEVEL} alone. {worlds * each} patterns a cell in {worlds} worlds "
        f"of 6 runs, seeds 2000 to {1999 + worlds}, "
        f"standard error at most {0.5 / (worlds * each) ** 0.5:.3f}. Caused "
        f"bouts follow `{TOOL}` (4 % of the calls), delay "
        "exponential of 10 s; the others come at any time of a run. n is what "
        "was simulated; some bouts merge or lie in "
        "phases without calls.\n"
    )
    for clock in CLOCKS:
        yield f"\n{clock}:\n"
        yield from table(["n, share caused", *(f"{e} episodes a host" for e in EPISODES), "8, delay U(0, 120 s)"], (
            [f"{n}, {caused_share:.0%}",
             *(_cell(found, clock, n, caused_share, e, "exponential") for e in EPISODES),
             _cell(found, clock, n, caused_share, 8, "uniform")]
            for caused_share in SHARES for n in BOUTS
        ))  # fmt: skip
    yield "\nRight tool among the patterns with p_tool ≤ .01 (a class of its commands counts):\n"
    named = found.filter(pl.col("p_tool") <= LEVEL)
    yield from table(["clock", *(f"{e} episodes" for e in EPISODES)], (
        [clock, *(_right(named.filter((pl.col("clock") == clock) & (pl.col("episodes") == e))) for e in EPISODES)]
        for clock in CLOCKS
    ))  # fmt: skip
    yield "\nHow many calls that are:\n"
    cover = found.group_by("episodes").agg(pl.col("calls_per_s").mean(), pl.col("coverage").mean()).sort("episodes")
    yield from table(["episodes a host", "calls a second and host", "time with a call in the reported width"], (
        [r["episodes"], f"{r['calls_per_s']:.3f}", f"{r['coverage']:.2f}"] for r in cover.iter_rows(named=True)
    ))  # fmt: skip


def _judged(job: tuple[int, str, str, int, int]) -> pl.DataFrame:
    episodes, clock, delay, seed, each = job
    clocks, bound = CLOCKS[clock]
    world = make_world(WorldShape(runs=6, hours=(6, 10), episodes=episodes), seed)
    own = [
        Pattern(name=f"{seed} {n} {s} {delay} {i}", label=f"{n}", kind=caused(TOOL, s, delay), n=n, tool=TOOL, share=s)
        for n in BOUTS for s in SHARES for i in range(each)
    ]  # fmt: skip
    seen, truth = observe(world, own, clocks=clocks, bound_s=bound)
    seconds = float((world.run_high - world.run_low)[world.window_run].sum())
    return truth.join(associated(seen, bound, SURROGATES), on="pattern_id").select(
        pl.lit(clock).alias("clock"), pl.lit(episodes).alias("episodes"), pl.lit(delay).alias("delay"), "n", "share",
        pl.col("p_time").fill_null(1.0), "p_tool", (pl.col("named") == TOOL).alias("right"), "coverage",
        pl.lit(len(world.call_at) / seconds).alias("calls_per_s"),
    )  # fmt: skip


def _cell(found: pl.DataFrame, clock: str, n: int, caused_share: float, episodes: int, delay: str) -> str:
    own = found.filter(
        (pl.col("clock") == clock) & (pl.col("n") == n) & (pl.col("share") == caused_share)
        & (pl.col("episodes") == episodes) & (pl.col("delay") == delay)
    )  # fmt: skip
    return f"{(own['p_tool'] <= LEVEL).mean():.2f} ({(own['p_time'] <= LEVEL).mean():.2f})"


def _right(named: pl.DataFrame) -> str:
    return f"{share(named['right'])} of {named.height}" if named.height else "–"
