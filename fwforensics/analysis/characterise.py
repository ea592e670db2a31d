"""All statistics of all patterns: timing, association with calls, phases, runs; and what so many tests allow to say.

Each pattern is judged by itself, from a seed of its own: another pattern changes no p, only the q values, which are
Benjamini and Hochberg's over all patterns that could be tested. p_tool is the larger of p_time and p_label, and 1
where the two tests do not agree.

Source: Benjamini, Hochberg, JRSS B 57 (1995) 289; patterns on the same hosts are positively dependent, which it allows.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from fwforensics.analysis.association import Association, associate
from fwforensics.analysis.in_run import InRun, in_run_test
from fwforensics.analysis.observations import EVERYWHERE, Observations
from fwforensics.analysis.phases import PhaseTest, phase_test
from fwforensics.analysis.seeds import generator, seed_of
from fwforensics.analysis.setting import Intervals, Setting, inside, setting_of
from fwforensics.analysis.subjects import ANY
from fwforensics.analysis.surrogates import SURROGATES
from fwforensics.analysis.timing import Attempts, Timing, classify
from fwforensics.analysis.windows import WIDTHS_S, Floats, merged

LEVEL = 0.05
#: An analyst's bound on clocks of which nothing is known, in seconds.
UNKNOWN_CLOCK_S = 300.0

PATTERN_COLUMNS: dict[str, type[pl.DataType]] = {
    "pattern_id": pl.String, "timing": pl.String, "timing_statistic": pl.Float64, "p_periodic": pl.Float64,
    "p_diurnal": pl.Float64, "p_burst": pl.Float64, "period_s": pl.Float64, "rate_limited": pl.Boolean,
    "phase": pl.String, "p_phase": pl.Float64, "p_in_run": pl.Float64, "coincides_with": pl.String,
    "attributable_share": pl.Float64, "attributable_low": pl.Float64, "attributable_high": pl.Float64,
    "coincident_k": pl.UInt64, "coincident_n": pl.UInt64, "expected_e": pl.Float64, "p_time": pl.Float64,
    "p_label": pl.Float64, "q_assoc": pl.Float64, "q_tool": pl.Float64, "window_s": pl.Float64, "lag_s": pl.Float64,
    "clock_offset_s": pl.Float64, "clock_bound_s": pl.Float64, "mde": pl.Float64, "n_tests": pl.UInt32,
    "surrogates": pl.UInt32, "seed": pl.UInt64, "details": pl.String,
}  # fmt: skip
ASSOCIATION_COLUMNS: dict[str, type[pl.DataType]] = {
    "pattern_id": pl.String, "subject": pl.String, "k": pl.UInt64, "e": pl.Float64, "p": pl.Float64, "q": pl.Float64,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Results:
    """One row a pattern in `patterns` (`PATTERN_COLUMNS`); one a pattern and subject in `associations`."""

    patterns: pl.DataFrame
    associations: pl.DataFrame


@dataclass(slots=True)
class _Judged:
    pattern_id: str
    limited: bool
    seed: int
    offset_s: float | None
    timing: Timing
    association: Association
    phases: list[PhaseTest]
    in_run: InRun | None
    cycle_s: float | None


def characterise(
    seen: Observations,
    *,
    bound_s: float = UNKNOWN_CLOCK_S,
    surrogates: int = SURROGATES,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Results:
    """Judge all patterns.

    Args:
        seen: what was observed.
        bound_s: how far clocks of which nothing is known may be off, in seconds.
        surrogates: surrogates of each test at most.
        workers: patterns that are judged at a time; as many as there are processors if not given.
        progress: called with patterns done and patterns in all.
    """
    setting = setting_of(seen)
    attempts = seen.attempts.sort("pattern_id", "at", "host").partition_by("pattern_id", as_dict=True)
    bouts = seen.bouts.sort("pattern_id", "at", "host").partition_by("pattern_id", as_dict=True)
    none = seen.attempts.clear(), seen.bouts.clear()
    rows = seen.patterns.sort("pattern_id").to_dicts()

    def one(row: dict[str, Any]) -> _Judged:
        key = (row["pattern_id"],)
        return _judge(row, attempts.get(key, none[0]), bouts.get(key, none[1]), setting, bound_s, surrogates)

    judged = []
    with ThreadPoolExecutor(workers or os.cpu_count() or 1) as pool:
        for number, found in enumerate(pool.map(one, rows), 1):
            judged.append(found)
            if progress is not None:
                progress(number, len(rows))
    return _results(judged)


def _judge(
    row: dict[str, Any], attempts: pl.DataFrame, bouts: pl.DataFrame, setting: Setting, bound_s: float, surrogates: int
) -> _Judged:
    pattern, view, limited = str(row["pattern_id"]), int(row["view"]), bool(row["rate_limited"])
    seed = seed_of(pattern)
    timing = classify(_attempts(attempts, bouts.height, view, limited, setting), seed)
    association = associate(
        bouts, view, setting, seed, bound_s=bound_s, occupancy=timing.occupancy, surrogates=surrogates
    )
    offsets = [
        o for p in bouts["place"].unique().to_list() if (o := setting.clocks.get((view, p), (None,))[0]) is not None
    ]
    return _Judged(
        pattern, limited, seed, float(np.median(offsets)) if offsets else None, timing, association,
        _phases(bouts, view, setting, seed), _in_run(bouts, view, setting), _cycle(bouts, setting),
    )  # fmt: skip


def _attempts(attempts: pl.DataFrame, bouts: int, view: int, limited: bool, setting: Setting) -> Attempts:
    """Attempts in the windows of their runs; those outside of all runs in the rest of the time that was observed.

    Summaries of several hits are left out: their times are the summary's.
    """
    own = attempts.filter(~pl.col("aggregated")) if not attempts["aggregated"].all() else attempts
    times = own["at"].to_numpy().astype(float)
    _, streams = np.unique(own["host"].fill_null("").to_numpy().astype(str), return_inverse=True)
    windows: Intervals = []
    window = np.full(len(times), -1)
    runs = own["run_id"].to_list()
    for run in sorted({r for r in runs if r is not None}):
        observed = merged(i for (v, r, _), found in setting.observed.items() if v == view and r == run for i in found)
        mine = np.array([r == run for r in runs])
        at = inside(times[mine], observed)
        window[mine] = np.where(at >= 0, at + len(windows), -1)
        windows += observed
    rest = setting.alive.get(view, [])
    lost = window < 0
    if lost.any() and rest:
        at = inside(times[lost], rest)
        window[lost] = np.where(at >= 0, at + len(windows), -1)
        windows += rest
    bounds = np.array(windows).reshape(-1, 2)
    return Attempts(
        times=times, stream=streams.astype(np.int64), window=window.astype(np.int64), starts=bounds[:, 0],
        ends=bounds[:, 1], bouts=bouts, limited=limited,
    )  # fmt: skip


def _phases(bouts: pl.DataFrame, view: int, setting: Setting, seed: int) -> list[PhaseTest]:
    runs = []
    for (run,), own in bouts.drop_nulls("run_id").sort("run_id", "at").group_by("run_id", maintain_order=True):
        observed = merged(i for (v, r, _), found in setting.observed.items() if v == view and r == run for i in found)
        offsets = np.array([setting.clocks.get((view, p), (0.0,))[0] for p in own["place"].to_list()])
        runs.append((own["at"].to_numpy() + offsets, observed, setting.phases.get(str(run), [])))
    return phase_test(runs, generator(seed, "phase"))


def _in_run(bouts: pl.DataFrame, view: int, setting: Setting) -> InRun | None:
    places: list[tuple[Floats, Intervals]] = []
    for (place,), own in bouts.sort("place", "at").group_by("place", maintain_order=True):
        places.append((own["at"].to_numpy(), setting.runs_on(view, str(place or EVERYWHERE))))
    return in_run_test(places, setting.alive.get(view, []))


def _cycle(bouts: pl.DataFrame, setting: Setting) -> float | None:
    """Length of a cycle of phases in the runs of these bouts: the median time from a phase to its next turn."""
    gaps = []
    for run in sorted(bouts["run_id"].drop_nulls().unique().to_list()):
        phases = setting.phases.get(run, [])
        for name in sorted({p.name for p in phases}):
            gaps += np.diff([p.low for p in phases if p.name == name]).tolist()
    return float(np.median(gaps)) if gaps else None


def benjamini_hochberg(p: Floats) -> Floats:
    """Adjusted p values (q); shape (m,)."""
    order = np.argsort(p)[::-1]
    scaled = p[order] * len(p) / np.arange(len(p), 0, -1)
    q = np.empty(len(p))
    q[order] = np.minimum(1.0, np.minimum.accumulate(scaled))
    return q


def _q(values: list[float | None]) -> list[float | None]:
    """Adjusted values of those that are known."""
    known = [i for i, v in enumerate(values) if v is not None]
    found: list[float | None] = [None] * len(values)
    for i, q in zip(known, benjamini_hochberg(np.array([values[i] for i in known], float)), strict=True):
        found[i] = float(q)
    return found


def _p_tool(found: Association) -> float | None:
    """The larger of both; 1 where the tests do not agree; None where there is nothing to compare."""
    if found.p_time is None or found.p_label is None:
        return None
    return max(found.p_time, found.p_label) if found.agrees else 1.0


def _results(judged: list[_Judged]) -> Results:
    q_assoc, q_tool = _q([j.association.p_time for j in judged]), _q([_p_tool(j.association) for j in judged])
    q_phase = _q([j.phases[0].p if j.phases else None for j in judged])
    tested = sum(q is not None for q in q_assoc)
    rows = [_row(*parts, tested) for parts in zip(judged, q_assoc, q_tool, q_phase, strict=True)]
    lines = [line for parts in zip(judged, q_assoc, q_phase, strict=True) for line in _lines(*parts)]
    return Results(
        pl.DataFrame(rows, schema=PATTERN_COLUMNS, orient="row"),
        pl.DataFrame(lines, schema=ASSOCIATION_COLUMNS, orient="row"),
    )


def _row(
    one: _Judged, q_assoc: float | None, q_tool: float | None, q_phase: float | None, tested: int
) -> dict[str, Any]:
    found, timing, share = one.association, one.timing, one.association.share
    named = found.named if q_tool is not None and q_tool <= LEVEL else None
    if named is None and q_assoc is not None and q_assoc <= LEVEL:
        named = ANY
    phase = one.phases[0] if one.phases else None
    return {
        "pattern_id": one.pattern_id, "timing": timing.word, "timing_statistic": timing.statistic,
        "p_periodic": timing.p_periodic, "p_diurnal": timing.p_diurnal, "p_burst": timing.p_burst,
        "period_s": timing.period_s, "rate_limited": one.limited,
        "phase": phase.phase if phase and q_phase is not None and q_phase <= LEVEL else None,
        "p_phase": phase.p if phase else None, "p_in_run": one.in_run.p if one.in_run else None,
        "coincides_with": named,
        "attributable_share": share.value if share else None, "attributable_low": share.low if share else None,
        "attributable_high": share.high if share else None,
        "coincident_k": found.k if found.p_time is not None else None,
        "coincident_n": found.n if found.p_time is not None else None,
        "expected_e": found.e if found.p_time is not None else None,
        "p_time": found.p_time, "p_label": found.p_label, "q_assoc": q_assoc, "q_tool": q_tool,
        "window_s": found.window_s, "lag_s": found.lag_s, "clock_offset_s": one.offset_s,
        "clock_bound_s": found.bound_s if found.p_time is not None else None, "mde": found.mde,
        "n_tests": tested, "surrogates": found.surrogates or None, "seed": one.seed,
        "details": json.dumps(_details(one, q_phase), ensure_ascii=False),
    }  # fmt: skip


def _details(one: _Judged, q_phase: float | None) -> dict[str, Any]:
    """What has no column of its own: how verdicts came about."""
    found, timing = one.association, one.timing
    phase = one.phases[0] if one.phases else None
    said = {
        "timing_basis": timing.basis, "timing_n": timing.n, "timing_notes": timing.notes, "burstiness": timing.b,
        "occupancy": timing.occupancy, "not_assessed": found.reason, "strongest": found.subject,
        "tests_agree": found.agrees, "subjects": len(found.tested), "widths": len(WIDTHS_S), "coverage": found.coverage,
        "after": found.after, "onsets": found.onsets, "subject": found.named or found.subject, "q_phase": q_phase,
        "phase_k": phase.k if phase else None, "phase_e": phase.e if phase else None,
        "phase_once": phase.once if phase else None,
        "in_run_k": one.in_run.k if one.in_run else None, "in_run_n": one.in_run.n if one.in_run else None,
        "in_run_ratio": one.in_run.ratio if one.in_run else None, "phase_cycle_s": one.cycle_s,
    }  # fmt: skip
    return {k: round(v, 6) if isinstance(v, float) else v for k, v in said.items() if v not in (None, "", [])}


def _lines(one: _Judged, q_assoc: float | None, q_phase: float | None) -> list[dict[str, Any]]:
    key = one.pattern_id
    rows: list[dict[str, Any]] = [
        {"pattern_id": key, "subject": t.subject, "k": t.k, "e": t.e, "p": t.p,
         "q": q_assoc if t.subject == one.association.subject else None}
        for t in one.association.tested
    ]  # fmt: skip
    rows += [
        {
            "pattern_id": key,
            "subject": f"phase {t.phase}",
            "k": t.k,
            "e": t.e,
            "p": t.p,
            "q": q_phase if i == 0 else None,
        }
        for i, t in enumerate(one.phases)
    ]
    if one.in_run is not None:
        rows.append(
            {
                "pattern_id": key,
                "subject": "in runs",
                "k": one.in_run.k,
                "e": one.in_run.e,
                "p": one.in_run.p,
                "q": None,
            }
        )
    return rows
