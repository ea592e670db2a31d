"""After multiplicity: how often is a tool named, or an association shown, that is not there?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
from simulator import ACTIVITY_KINDS, Pattern, WorldShape, caused, make_world, observe
from simulator.world import NAMES

from fwforensics.analysis.characterise import LEVEL, characterise
from fwforensics.analysis.subjects import ANY
from trials.false_positives import SETTINGS
from trials.tables import null_mixture, patterns, share, table

PATTERNS, BOUTS, CAUSED = 40, 50, 8
#: Enough for a lone finding among the patterns to pass: patterns / .05 − 1 is 799.
SURROGATES = 1_999
SHARES = (0.2, 0.4, 0.7, 1.0)


def run(quick: bool) -> Iterator[str]:
    """The table."""
    worlds = 2 if quick else 30
    yield (
        f"{worlds} worlds of {PATTERNS} patterns a row, {SURROGATES:,} surrogates, seeds 1000 to {999 + worlds}. Null "
        "patterns are of the kinds above in turn, two of them load-following, "
        "which are aligned with calls but with no tool; caused "
        f"ones follow any of the tools with {', '.join(f'{s:.0%}' for s in SHARES)} of {BOUTS} bouts.\n"
    )
    rows = []
    for bound in ("± 10 s", "± 300 s"):
        for caused_ones in (0, CAUSED):
            found = pl.concat([_judged(seed, bound, caused_ones) for seed in range(1000, 1000 + worlds)])
            rows.append([bound, caused_ones, *_counted(found)])
    yield from table(
        ["clock", "caused", "tool named", "of them wrong", "worlds with a wrong name", "caused: right tool named",
         "aligned (q_assoc ≤ .05)", "of them null"],
        rows,
    )  # fmt: skip


def _judged(seed: int, bound: str, caused_ones: int) -> pl.DataFrame:
    rng = np.random.default_rng([seed, 7])
    clocks, bound_s = SETTINGS[bound]
    own = [
        Pattern(
            name=f"caused {i}", label="caused", n=BOUTS, tool=tool, share=SHARES[i % 4],
            kind=caused(tool, SHARES[i % 4], ("exponential", "uniform")[i // 4 % 2]),
        )
        for i, tool in enumerate(rng.choice(NAMES, caused_ones))
    ]  # fmt: skip
    own += patterns(ACTIVITY_KINDS, BOUTS, 2)
    own += null_mixture(PATTERNS - len(own), BOUTS)
    seen, truth = observe(make_world(WorldShape(), seed), own, clocks=clocks, bound_s=bound_s, gaps=2)
    found = characterise(seen, bound_s=bound_s, surrogates=SURROGATES).patterns
    return truth.join(found, on="pattern_id").select(
        "label", "tool", "coincides_with", "q_tool", "q_assoc", pl.lit(seed).alias("world")
    )


def _counted(found: pl.DataFrame) -> list[str]:
    # A class of commands of a tool is that tool, told more finely.
    tool = pl.col("coincides_with").str.split(": ").list.first()
    told = found.with_columns(
        named=pl.col("coincides_with").is_not_null() & (pl.col("coincides_with") != ANY),
        right=(tool == pl.col("tool")).fill_null(value=False),
    )
    named, true = told.filter("named"), told.filter(pl.col("label") == "caused")
    wrong = named.filter(~pl.col("right"))
    aligned = told.filter(pl.col("q_assoc") <= LEVEL)
    null = aligned.filter(~pl.col("label").is_in(["caused", *ACTIVITY_KINDS]))
    hit = [world in set(wrong["world"]) for world in told["world"].unique()]
    return [
        str(named.height), f"{wrong.height} ({wrong.height / max(1, named.height):.1%})", share(hit),
        share(true["right"]) if true.height else "",
        str(aligned.height), f"{null.height} ({null.height / max(1, aligned.height):.1%})",
    ]  # fmt: skip
