"""How often in a run hour: a rate with an interval that knows whether runs differ, and whether it changes over runs.

Rate: bouts per observed run hour. Interval: exact for a Poisson count, Γ⁻¹(α/2; k)/h to Γ⁻¹(1−α/2; k+1)/h. Dispersion
φ = Σ (k_r − μ_r)²/μ_r / (n − 1) over runs, μ_r their share of the bouts by hours. Where φ > 1 a bout tells less: the
limits are those of k/s bouts, times s, with s = φ·(t/z)², t and z the quantiles of Student's distribution with n − 1
degrees of freedom and of the normal one, since φ itself is of few runs. (Resampling few runs covers far less, see
docs/accuracy.md.) Zeros and rates are told apart: the share of runs hit is recurrence's, `rate_if_hit` the rate of
those. Trend: Kendall's τ of the rates in order of start, by
permutation of runs; one change point, by the largest Poisson likelihood ratio, by the same permutations. Below 8 runs
neither is assessed.

Source: Garwood, Biometrika 28 (1936) 437; McCullagh, Nelder, Generalized Linear Models, 2nd ed. (1989), §6.2; Mann,
Econometrica 13 (1945) 245; Kendall, Rank Correlation Methods (1948).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import gammaincinv, ndtri, stdtrit

Floats = npt.NDArray[np.float64]
CONFIDENCE = 0.95
MIN_RUNS = 8
PERMUTATIONS = 9_999


@dataclass(frozen=True, slots=True)
class Rate:
    """Bouts per observed run hour.

    Attributes:
        rate, low, high: rate and its 95 % interval.
        dispersion: φ; None below two runs.
        if_hit: rate in the runs that were hit.
        basis: exact, or dispersion of runs.
    """

    rate: float
    low: float
    high: float
    dispersion: float | None
    if_hit: float | None
    basis: str


@dataclass(frozen=True, slots=True)
class Trend:
    """Kendall's τ over runs and its p; the run before which the rate changes most, p of that, and both rates."""

    tau: float
    p_trend: float
    change_at: int
    p_change: float
    before: float
    after: float


def rate_of(counts: Floats, hours: Floats) -> Rate | None:
    """The rate of a pattern.

    Args:
        counts: bouts in each observed run; shape (r,).
        hours: hours that each was observed, > 0; shape (r,).
    """
    total, time, runs = float(counts.sum()), float(hours.sum()), len(counts)
    if time <= 0:
        return None
    tail = (1 - CONFIDENCE) / 2
    expected = total * hours / time
    phi = float(((counts - expected) ** 2 / expected).sum() / (runs - 1)) if total and runs > 1 else None
    scale, basis = 1.0, "exact"
    if phi is not None and phi > 1:
        scale, basis = phi * float(stdtrit(runs - 1, 1 - tail) / ndtri(1 - tail)) ** 2, "dispersion of runs"
    low = scale * float(gammaincinv(total / scale, tail)) / time if total > 0 else 0.0
    high = scale * float(gammaincinv(total / scale + 1, 1 - tail)) / time
    hit = counts > 0
    return Rate(total / time, low, high, phi, float(counts[hit].sum() / hours[hit].sum()) if hit.any() else None, basis)


def trend_of(counts: Floats, hours: Floats, rng: np.random.Generator) -> Trend | None:
    """Does the rate change over runs? Arguments as of `rate_of`, runs in order of start."""
    if len(counts) < MIN_RUNS or not counts.any():
        return None
    order = np.argsort(rng.random((PERMUTATIONS, len(counts))), axis=1)
    taus, ratios = _taus(counts / hours, order), _ratios(counts, hours, order)
    own = np.arange(len(counts))[None, :]
    tau, ratio = _taus(counts / hours, own)[0], _ratios(counts, hours, own)[0]
    at = int(ratio.argmax()) + 1
    return Trend(
        float(tau),
        float((1 + (np.abs(taus) >= abs(tau) - 1e-12).sum()) / (1 + PERMUTATIONS)),
        at,
        float((1 + (ratios.max(axis=1) >= ratio.max() - 1e-9).sum()) / (1 + PERMUTATIONS)),
        float(counts[:at].sum() / hours[:at].sum()),
        float(counts[at:].sum() / hours[at:].sum()),
    )


def _taus(rates: Floats, order: npt.NDArray[np.int64]) -> Floats:
    """Kendall's τ_a of each order of runs."""
    first, second = np.triu_indices(len(rates), 1)
    signs = np.sign(rates[None, :] - rates[:, None])
    return np.asarray(signs[order[:, first], order[:, second]].mean(axis=1))


def _ratios(counts: Floats, hours: Floats, order: npt.NDArray[np.int64]) -> Floats:
    """Poisson log likelihood ratio of a change before each run but the first; shape (orders, runs − 1)."""
    k, h = np.cumsum(counts[order], axis=1), np.cumsum(hours[order], axis=1)
    before, after = (k[:, :-1], h[:, :-1]), (k[:, -1:] - k[:, :-1], h[:, -1:] - h[:, :-1])
    mean = counts.sum() / hours.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = [np.where(a > 0, a * np.log(a / b / mean), 0.0) for a, b in (before, after)]
    return np.asarray(parts[0] + parts[1])
