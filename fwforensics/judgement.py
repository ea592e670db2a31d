"""From patterns to what may be said of them: the case's side of the statistics in `analysis/`.

Needs the temporary tables that a hunt has made so far (attempts, bouts, calls); writes `patterns`, `associations` and
`bout_calls`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np
import polars as pl

from fwforensics.analysis.characterise import UNKNOWN_CLOCK_S, Results, characterise
from fwforensics.analysis.observations import FRAMES, Observations
from fwforensics.analysis.ranking import rank
from fwforensics.analysis.rates import rate_of, trend_of
from fwforensics.analysis.recurrence import recurrence
from fwforensics.analysis.rita import pattern_scores
from fwforensics.analysis.seeds import generator, seed_of
from fwforensics.queries import build_statements, listing, run_build
from fwforensics.store import Case

Progress = Callable[[int, int], None]


def judge(case: Case, progress: Progress | None = None) -> dict[str, Any]:
    """Judge all patterns; returns the parameters that it was done with."""
    used = run_build(case, "limits")
    run_build(case, "observations")
    results = characterise(observe(case), progress=progress)
    per_run = case.sql(build_statements("pattern_runs")[0]).pl()
    bouts = case.sql("SELECT pattern_id, run_id FROM pattern_bouts").pl()
    base = case.sql("SELECT pattern_id, severity, target, service, n_bouts FROM patterns").pl()
    judged = (
        base.join(recurrence(per_run, bouts), on="pattern_id", how="left")
        .with_columns(pl.col("runs_hit", "runs_possible").fill_null(0))
        .join(_rates(per_run, bouts), on="pattern_id", how="left")
        .join(_known(case, results).patterns, on="pattern_id", how="left")
        .join(pattern_scores(case.sql("SELECT * FROM last_day").pl()), on="pattern_id", how="left")
        .join(_named(case), on="pattern_id", how="left")
        .join(case.sql("SELECT pattern_id, is_flow FROM observed_patterns").pl(), on="pattern_id", how="left")
    )
    case.temporary("judged", rank(judged))
    run_build(case, "judged")
    case.append("associations", results.associations)
    return used | run_build(case, "bout_calls") | {"unknown_clock_s": UNKNOWN_CLOCK_S}


def observe(case: Case) -> Observations:
    """What the statistics look at."""
    frames = {}
    for name, columns in FRAMES.items():
        wanted = ", ".join(f'"{c}"' for c in columns)
        frames[name] = case.sql(f"SELECT {wanted} FROM observed_{name}").pl().cast(pl.Schema(columns))
    return Observations(**frames)


def _known(case: Case, results: Results) -> Results:
    """Where nobody knows when the sensors were alive, silence outside of runs says nothing."""
    assumed = case.sql("SELECT pattern_id FROM observed_patterns WHERE is_assumed").pl()["pattern_id"].implode()
    blind = pl.col("pattern_id").is_in(assumed)
    patterns = results.patterns.with_columns(p_in_run=pl.when(~blind).then("p_in_run"))
    return Results(patterns, results.associations.filter(~(blind & (pl.col("subject") == "in runs"))))


def _named(case: Case) -> pl.DataFrame:
    """How many violations of each pattern have a call that names their destination: evidence of another kind."""
    return listing(case, "content-matches")


def _rates(per_run: pl.DataFrame, bouts: pl.DataFrame) -> pl.DataFrame:
    """Interval of the rate, and change over runs, of each pattern; runs in order of their start."""
    counted = bouts.drop_nulls("run_id").group_by("pattern_id", "run_id").agg(pl.len().alias("bouts"))
    seen = per_run.filter(pl.col("exposed").fill_null(False) & (pl.col("seconds") > 0))
    joined = seen.join(counted, on=["pattern_id", "run_id"], how="left").sort("pattern_id", "started_at", "run_id")
    rows = []
    for (pattern,), own in joined.group_by("pattern_id", maintain_order=True):
        counts, hours = own["bouts"].fill_null(0).to_numpy().astype(float), own["seconds"].to_numpy() / 3600
        rng = generator(seed_of(str(pattern)), "rate")
        rate, trend = rate_of(counts, hours), trend_of(counts, hours, rng)
        change = {**asdict(trend), "change_at": own["run_id"][trend.change_at]} if trend else None
        said = {"rate": asdict(rate) if rate else None, "trend": change}
        rows.append((pattern, rate.low if rate else None, rate.high if rate else None, json.dumps(_rounded(said))))
    schema = {"pattern_id": pl.String, "rate_low": pl.Float64, "rate_high": pl.Float64, "over_runs": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _rounded(v) for k, v in value.items() if v is not None}
    return round(value, 6) if isinstance(value, float | np.floating) else value
