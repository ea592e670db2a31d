"""How often do the tests of phases, runs and timing find what is not there?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import polars as pl
from simulator import ACTIVITY_KINDS, NULL_KINDS, WorldShape, make_world, observe

from fwforensics.analysis.characterise import characterise
from trials.false_positives import BOUTS, SETTINGS
from trials.tables import level, patterns, scaled, table

SETTING = "± 10 s"
#: Kinds for which a test has something to find, so that they say nothing about its level.
BOUND_TO_PHASES = {"only in rollouts", "rollout hook", "only in eval", "only in updates", "load-following"}
BOUND_TO_RUNS = BOUND_TO_PHASES | {"rising through the run"}
REGULAR = {"cron", "sleep loop"}
IN_BURSTS = {"bursty", "retries, merged", "retries, unmerged", "rate-limited"}
HEAD = ("kind", "p_phase", "p_in_run", "p_diurnal", "p_burst", "p_periodic", "p_periodic ≤ .001", "frequent classes")


def run(scale: float) -> Iterator[str]:
    """The table."""
    worlds, each = scaled(20, scale), 20 if scale else 3
    kinds = {**NULL_KINDS, **ACTIVITY_KINDS}
    found = pl.concat([_judged(seed, each) for seed in range(100, 100 + worlds)])
    yield (
        f"Share of p ≤ .05 (periodic also ≤ .001, which the class asks for) where there is nothing to find; "
        f"{worlds * each} patterns a cell in {worlds} worlds, clocks known to {SETTING}, seeds 100 to {99 + worlds}; "
        f"bold: more than two standard errors ({(0.05 * 0.95 / (worlds * each)) ** 0.5:.3f}) above.\n"
    )
    yield from table(HEAD, (_row(kind, found.filter(pl.col("label") == kind)) for kind in kinds))


def _row(kind: str, own: pl.DataFrame) -> list[str]:
    def unless(true: bool, column: str, limit: float = 0.05) -> str:
        return "" if true else level(own[column], limit)

    words = Counter(own["timing"]).most_common(3)
    return [
        kind, unless(kind in BOUND_TO_PHASES, "p_phase"), unless(kind in BOUND_TO_RUNS, "p_in_run"),
        unless(kind == "diurnal", "p_diurnal"), unless(kind in IN_BURSTS | BOUND_TO_PHASES, "p_burst"),
        unless(kind in REGULAR, "p_periodic"), unless(kind in REGULAR, "p_periodic", 0.001),
        ", ".join(f"{word} {count / own.height:.2f}" for word, count in words),
    ]  # fmt: skip


def _judged(seed: int, each: int) -> pl.DataFrame:
    clocks, bound = SETTINGS[SETTING]
    own = patterns({**NULL_KINDS, **ACTIVITY_KINDS}, BOUTS, each, f"{seed} ")
    seen, truth = observe(make_world(WorldShape(), seed), own, clocks=clocks, bound_s=bound, gaps=2)
    found = characterise(seen, bound_s=bound, surrogates=99).patterns
    return truth.join(found, on="pattern_id").select("label", "timing", pl.selectors.starts_with("p_"))
