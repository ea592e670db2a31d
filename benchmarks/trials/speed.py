"""How long does everything take, and how does it grow? Each row is a process of its own."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
from simulator import ACTIVITY_KINDS, NULL_KINDS, Clocks, Pattern, WorldShape, caused, make_world, observe
from simulator.world import NAMES

from fwforensics.analysis.characterise import characterise
from fwforensics.analysis.observations import Observations
from trials.tables import LIMITED, UNMERGED, table

SEED = 5000


@dataclass(frozen=True, slots=True)
class Size:
    """Size of a case: violations are attempts, `caused` a share of patterns, `bouts` the median that they aim at."""

    patterns: int = 200
    violations: int = 1_000_000
    calls: int = 80_000
    caused: float = 0.2
    anchored: bool = True
    bouts: int = 100


FULL = Size()
SIZES = {
    "as asked": FULL,
    "clocks unknown, ± 300 s": replace(FULL, anchored=False),
    "50 patterns": replace(FULL, patterns=50),
    "400 patterns": replace(FULL, patterns=400),
    "20,000 calls": replace(FULL, calls=20_000),
    "320,000 calls": replace(FULL, calls=320_000),
    "250,000 violations": replace(FULL, violations=250_000),
    "4 million violations": replace(FULL, violations=4_000_000),
    "ten times the bouts": replace(FULL, bouts=1_000),
    "none caused": replace(FULL, caused=0.0),
}
QUICK = {"quick": Size(patterns=10, violations=10_000, calls=4_000)}


def run(scale: float) -> Iterator[str]:
    """The table."""
    yield (
        "`characterise` as the hunt calls it (9,999 surrogates, as many "
        "threads as processors), 20 runs of 6 to 14 h on 8 "
        f"hosts, seed {SEED}; a fifth of the patterns follows a tool, the rest is of all null kinds in turn. Bouts are "
        "log-normal (median 100, a tenth of the patterns beyond 500, at most 5,000). Making the world is not counted. "
        f"{os.cpu_count()} processors; *load*: processes that ran or waited before it began.\n"
    )
    head = ["", "patterns", "attempts", "bouts", "calls", "wall s", "CPU s", "load", "MB before", "peak MB"]
    yield from table(head, (_measured(name, size) for name, size in (SIZES if scale else QUICK).items()))


def _measured(name: str, size: Size) -> list[str]:
    """One row, of a process of its own."""
    made = subprocess.run(
        [sys.executable, __file__, json.dumps(asdict(size))], check=True, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )  # fmt: skip
    told = json.loads(made.stdout)
    return [
        name, *(f"{told[k]:,}" for k in ("patterns", "attempts", "bouts", "calls")),
        *(f"{told[k]:.1f}" for k in ("wall", "cpu", "load")), *(f"{told[k]:.0f}" for k in ("before_mb", "peak_mb")),
    ]  # fmt: skip


def case(size: Size) -> Observations:
    """A case of that size."""
    rng = np.random.default_rng(SEED)
    shape = WorldShape(runs=20, hosts=8, episodes=8)
    calls = len(make_world(shape, SEED).call_at)
    world = make_world(replace(shape, gap_s=shape.gap_s * calls / size.calls), SEED)
    volumes = np.clip(size.bouts * rng.lognormal(0.0, 1.3, size.patterns), 3, 5_000).astype(int)
    kinds = list({**NULL_KINDS, **ACTIVITY_KINDS}.items())
    following = round(size.patterns * size.caused)
    own = []
    for number, volume in enumerate(volumes):
        if number < following:
            tool = NAMES[number % len(NAMES)]
            label, kind = "caused", caused(tool, (0.2, 0.5, 1.0)[number % 3])
        else:
            label, kind = kinds[number % len(kinds)]
        own.append(Pattern(
            name=f"pattern {number}", label=label, kind=kind, n=int(volume),
            merge_s=0.0 if label == UNMERGED else 60.0, limited=label == LIMITED,
        ))  # fmt: skip
    clocks = Clocks(skew_s=300, residual_s=10 if size.anchored else None)
    seen, _ = observe(world, own, clocks=clocks, gaps=3)
    return replace(seen, attempts=_filled(seen.attempts, size.violations, rng))


def _filled(attempts: pl.DataFrame, violations: int, rng: np.random.Generator) -> pl.DataFrame:
    """Attempts repeated within their minute until there are as many violations as asked for."""
    more = max(0, violations - attempts.height)
    again = attempts[np.sort(rng.integers(0, attempts.height, more))]
    later = again.with_columns(pl.col("at") + pl.Series(rng.integers(0, 60, more).astype(float)))
    return pl.concat([attempts, later]).sort("pattern_id", "host", "at")


def main() -> None:
    """Measure one size, given as JSON, and print what it took."""
    seen = case(Size(**json.loads(sys.argv[1])))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    load, begun, used = os.getloadavg()[0], time.perf_counter(), time.process_time()
    characterise(seen)
    print(json.dumps({
        "patterns": seen.patterns.height, "attempts": seen.attempts.height, "bouts": seen.bouts.height,
        "calls": seen.calls.height, "load": load,
        "wall": time.perf_counter() - begun, "cpu": time.process_time() - used,
        "before_mb": before / 1024, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }))  # fmt: skip


if __name__ == "__main__":
    main()
