"""Do the intervals of recurrence and of rates hold what they promise?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fwforensics.analysis.rates import rate_of
from fwforensics.analysis.recurrence import exact_interval
from trials.tables import scaled, share, table


def run(scale: float) -> Iterator[str]:
    """The tables."""
    yield from _recurrence(scaled(20_000, scale))
    yield from _rates(scaled(1_000, scale))


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
    found = rate_of(rng.poisson(rate * factor * hours).astype(float), hours)
    return found is not None and found.low <= rate <= found.high
