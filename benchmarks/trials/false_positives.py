"""How often does a test find something in patterns that have nothing to do with calls, phases or runs?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import polars as pl
from simulator import ACTIVITY_KINDS, NULL_KINDS, Clocks, WorldShape, make_world, observe

from fwforensics.analysis.characterise import characterise
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
#: The setting in which all tests are made, not those of association alone.
EVERYTHING = "± 10 s"
#: Kinds for which a test has something to find, so that they say nothing about its level.
BOUND_TO_PHASES = {"only in rollouts", "rollout hook", "only in eval", "only in updates", "load-following"}
BOUND_TO_RUNS = BOUND_TO_PHASES | {"rising through the run"}
REGULAR = {"cron", "sleep loop"}
IN_BURSTS = {"bursty", "retries, merged", "retries, unmerged", "rate-limited"}
CLUSTERED = IN_BURSTS | {"rollout hook", "only in rollouts", "only in eval", "only in updates", "load-following"}


def run(scale: float) -> Iterator[str]:
    """The tables."""
    worlds, each = scaled(20, scale), 20 if scale else 3
    found = pl.concat(
        [_judged(seed, each, bound) for bound in SETTINGS for seed in range(100, 100 + worlds)], how="diagonal"
    )
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
    own = found.filter(pl.col("setting") == EVERYTHING)
    yield "\nThe other tests, share of p ≤ .05 (periodic also ≤ .001, which the class asks for); empty: there is "
    yield "something to find.\n"
    head = [
        "kind",
        "p_phase",
        "p_in_run",
        "p_diurnal",
        "p_burst",
        "p_periodic",
        "p_periodic ≤ .001",
        "frequent classes",
    ]
    yield from table(head, (
        [kind, _unless(kind in BOUND_TO_PHASES, own, kind, "p_phase"),
         _unless(kind in BOUND_TO_RUNS, own, kind, "p_in_run"), _unless(kind == "diurnal", own, kind, "p_diurnal"),
         _unless(kind in CLUSTERED, own, kind, "p_burst"), _unless(kind in REGULAR, own, kind, "p_periodic"),
         _unless(kind in REGULAR, own, kind, "p_periodic", 0.001), _classes(_of(own, kind)["timing"])]
        for kind in kinds
    ))  # fmt: skip


def _judged(seed: int, each: int, setting: str) -> pl.DataFrame:
    clocks, bound = SETTINGS[setting]
    world = make_world(WorldShape(), seed)
    own = patterns({**NULL_KINDS, **ACTIVITY_KINDS}, BOUTS, each, f"{seed} ")
    seen, truth = observe(
        world, own, clocks=clocks, bound_s=bound, gaps=2,
        shared_address=setting == "one address", phases=setting != "no phases",
    )  # fmt: skip
    inside = seen.bouts.drop_nulls("run_id").group_by("pattern_id").agg(pl.len().alias("inside"))
    if setting == EVERYTHING:
        found = characterise(seen, bound_s=bound, surrogates=SURROGATES).patterns
    else:
        found = associated(seen, bound, SURROGATES).select("pattern_id", "p_time", "p_label")
    return (
        truth.join(found, on="pattern_id")
        .join(inside, on="pattern_id", how="left")
        .select(pl.lit(setting).alias("setting"), "label", "inside", pl.selectors.matches("^timing$|^p_"))
    )


def _classes(words: pl.Series) -> str:
    return ", ".join(f"{word} {count / len(words):.2f}" for word, count in Counter(words).most_common(3))


def _of(found: pl.DataFrame, kind: str, setting: str = EVERYTHING) -> pl.DataFrame:
    return found.filter((pl.col("label") == kind) & (pl.col("setting") == setting))


def _unless(true: bool, found: pl.DataFrame, kind: str, column: str, limit: float = 0.05) -> str:
    return "" if true else level(_of(found, kind)[column], limit)
