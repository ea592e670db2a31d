"""Is a pattern bound to a phase of training? Bouts of each run are rotated inside the run; phases stay.

Statistic, for each phase: bouts in it, over all runs. Null: all bouts of a run, on all its hosts, moved by the same
amount along the time that was observed of it, around its end; 999 draws; p = (1 + draws at least as large) / 1000,
times the number of phases (Bonferroni). Effect: rate ratio K / E. Assumption: but for the phase, a run's bouts may as
well have come at another time of it. A phase that occurs once a run at a fixed place (warm-up, evaluation) cannot be
told from "early" or "late in the run": `once` says so.

Source: rotation (shift) tests: Harris, arXiv 2012.06862.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fwforensics.analysis.circular import rotated_counts
from fwforensics.analysis.windows import STEP_S, Phase, phase_codes

Floats = npt.NDArray[np.float64]
DRAWS = 999


@dataclass(frozen=True, slots=True)
class PhaseTest:
    """One phase: bouts in it, expected ones, p (of all phases together), and whether it occurs but once a run."""

    phase: str
    k: int
    e: float
    p: float
    once: bool


def phase_test(
    runs: Sequence[tuple[Floats, Sequence[tuple[float, float]], Sequence[Phase]]], rng: np.random.Generator
) -> list[PhaseTest]:
    """Test each phase.

    Args:
        runs: of each run: times of bouts by the trace's clock, intervals of observation (disjoint, in order), phases.
        rng: random numbers.

    Returns:
        One result a phase, smallest p first; none where no run has both bouts and phases.
    """
    told = [(times, observed, phases) for times, observed, phases in runs if len(times) and observed and phases]
    names = sorted({p.name for _, _, phases in told for p in phases})
    if not names:
        return []
    drawn, k, e = np.zeros((len(names), DRAWS)), np.zeros(len(names), int), np.zeros(len(names))
    for times, observed, phases in told:
        positions, marks = _axis(times, observed, phases, names)
        if not len(positions):
            continue
        turns = (rng.random(DRAWS) * marks.shape[1]).astype(int)
        for at, marked in enumerate(marks):
            counts = rotated_counts(positions, marked)
            k[at] += counts[0]
            e[at] += marked.mean() * len(positions)
            drawn[at] += counts[turns]
    larger = (drawn >= k[:, None]).sum(axis=1)
    p = np.minimum(1.0, len(names) * (1 + larger) / (1 + DRAWS))
    once = [all(sum(x.name == name for x in phases) <= 1 for _, _, phases in told) for name in names]
    found = [PhaseTest(n, int(k[i]), float(e[i]), float(p[i]), once[i]) for i, n in enumerate(names)]
    return sorted(found, key=lambda f: (f.p, -f.k / max(f.e, 1e-9), f.phase))


def _axis(
    times: Floats, observed: Sequence[tuple[float, float]], phases: Sequence[Phase], names: Sequence[str]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Steps of bouts on the observed time of a run, laid end to end, and which steps are in which phase."""
    middles, positions, begun = [], [], 0
    for low, high in observed:
        steps = max(1, int((high - low) // STEP_S))
        own = times[(times >= low) & (times < high)]
        positions.append(begun + np.minimum(((own - low) // STEP_S).astype(np.int64), steps - 1))
        middles.append(low + (np.arange(steps) + 0.5) * STEP_S)
        begun += steps
    codes, own_names = phase_codes(np.concatenate(middles), phases)
    number = {name: at for at, name in enumerate(own_names)}
    marks = np.array([codes == number.get(name, -1) for name in names])
    return np.concatenate(positions), marks
