"""Make the table of what exponential intervals reach: `fwforensics/analysis/periodic_null.csv`.

    python benchmarks/periodic_null.py > fwforensics/analysis/periodic_null.csv

20,000 draws for each number of intervals, seed 20260101; about three minutes.
"""

from __future__ import annotations

import sys

import numpy as np

from fwforensics.analysis.periodicity import concentration, phase_concentration, trimmed_cv

SIZES = (4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 32, 40, 50, 64, 80, 100, 128, 160, 200)
LEVELS = (0.9, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002)
DRAWS = 20_000


def main() -> None:
    """Print the table."""
    rng = np.random.default_rng(20260101)
    print("statistic,intervals,p,value")
    for n in SIZES:
        draws = rng.exponential(1.0, (DRAWS, n))
        few = draws if n <= 50 else draws[: DRAWS // 2]
        values = {
            "cv": trimmed_cv(draws),
            "concentration": concentration(draws)[0],
            "phase": np.array([phase_concentration(d)[0] for d in few]),
        }
        for name, reached in values.items():
            for p in LEVELS:
                value = np.quantile(reached, p if name == "cv" else 1 - p)
                print(f"{name},{n},{p},{value:.5f}")
        print(n, file=sys.stderr)


if __name__ == "__main__":
    main()
