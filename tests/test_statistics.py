"""Statistics against values that were worked out by hand, and against their own definitions."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
from scipy.stats import gamma

from fwforensics.analysis.characterise import benjamini_hochberg
from fwforensics.analysis.effect import cross_fitted, smallest_share
from fwforensics.analysis.in_run import in_run_test
from fwforensics.analysis.phases import phase_test
from fwforensics.analysis.rates import rate_of, trend_of
from fwforensics.analysis.rita import Subscores, pattern_scores, rita_beacon_score
from fwforensics.analysis.subjects import ANY, OTHER, find_subjects, membership
from fwforensics.analysis.surrogates import deviance, monte_carlo
from fwforensics.analysis.windows import Phase

DAY, HOUR = 86_400.0, 3_600.0


def rng() -> np.random.Generator:
    """The same numbers in every test."""
    return np.random.default_rng(20260301)


@pytest.mark.parametrize(
    ("times", "sizes", "expected"),
    [
        # Once an hour, all day, always the same size.
        ([h * HOUR for h in range(24)], [100.0] * 24, Subscores(1.0, 1.0, 1.0, 1.0)),
        # Gaps 10, 20, 30, 40: quartiles 15, 25, 35, no skew; MAD 10 of 25. Sizes: quartiles 100, 200, 700, skew 2/3,
        # MAD 100 of 200. All in one of 24 bins.
        ([0, 10, 30, 60, 100], [100, 100, 200, 400, 1000], Subscores(0.8, 0.417, 0.0, 0.0)),
        ([0, 10, 30, 60, 100], None, Subscores(0.8, None, 0.0, 0.0)),
        # Gaps 1, 1, 1, 97: the median is the lower quartile, so there is no skew, and the MAD is 0.
        ([0, 1, 2, 3, 100], None, Subscores(1.0, None, 0.0, 0.0)),
        # Twelve hours of twenty-four: as much spread as mean, but one height; twelve bins in a row.
        ([h * HOUR for h in range(12)], None, Subscores(1.0, None, 1.0, 1.0)),
        # Six hours: a quarter of the day from first to last, six bins in a row of twelve. 1 - sqrt(3) is below 0.
        ([h * HOUR for h in range(6)], None, Subscores(1.0, None, 0.5, 0.0)),
        # Sizes of which most are 0: the median is below 1, and the default for sizes is 0.
        ([0, 10, 30, 60, 100], [0, 0, 0, 0, 5], Subscores(0.8, 0.5, 0.0, 0.0)),
    ],
)  # fmt: skip
def test_rita_beacon_score(times: list[float], sizes: list[float] | None, expected: Subscores) -> None:
    """The four parts as RITA defines them."""
    given = None if sizes is None else np.array(sizes, float)
    assert rita_beacon_score(np.array(times, float), given, 0.0, DAY) == expected


def test_rita_needs_four_connections_and_gaps() -> None:
    """Too few connections, or all at once, or so many that it is no beacon, have no score."""
    assert rita_beacon_score(np.arange(3.0) * 60, None, 0.0, DAY) is None
    assert rita_beacon_score(np.zeros(50), None, 0.0, DAY) is None
    assert rita_beacon_score(np.arange(DAY), None, 0.0, DAY) is None


def test_rita_scores_pairs_of_the_last_day() -> None:
    """Of a pattern the pair with the highest score counts; what is older than a day does not."""
    rows = [("P", "10.0.0.5", "203.0.113.9", 10 * DAY + h * HOUR, None, 11 * DAY) for h in range(1, 24)]
    rows += [("P", "10.0.0.6", "203.0.113.9", 10 * DAY + x, None, 11 * DAY) for x in (10, 20, 50, 1000, 9000)]
    rows += [("Q", "10.0.0.5", "203.0.113.8", h * HOUR, None, 11 * DAY) for h in range(24)]
    names = ["pattern_id", "client_ip", "server_ip", "at", "size", "last"]
    [found] = pattern_scores(pl.DataFrame(rows, schema=names, orient="row")).to_dicts()
    assert found["pattern_id"] == "P"
    assert found["rita_beacon_score"] > 0.95


def test_a_rate_has_an_exact_interval_where_runs_are_alike() -> None:
    """Three bouts in three hours: Garwood's limits 0.6187 and 8.7673, over three."""
    found = rate_of(np.ones(3), np.ones(3))
    assert found is not None
    assert (found.rate, found.low, found.high) == pytest.approx((1.0, 0.20622, 2.92242), abs=1e-5)
    assert (found.dispersion, found.basis, found.if_hit) == (0.0, "exact", 1.0)


def test_a_rate_knows_when_runs_differ() -> None:
    """Ten bouts in one of three runs: φ = 10, t/z = 2.195, so they tell no more than 0.208 bouts would."""
    found = rate_of(np.array([0.0, 0.0, 10.0]), np.ones(3))
    assert found is not None
    assert found.dispersion == pytest.approx(10.0)
    assert (found.if_hit, found.basis) == (10.0, "dispersion of runs")
    scale = 10 * (4.302653 / 1.959964) ** 2
    limits = scale * gamma.ppf(0.025, 10 / scale) / 3, scale * gamma.ppf(0.975, 10 / scale + 1) / 3
    assert (found.low, found.high) == pytest.approx(limits, rel=1e-4, abs=1e-6)
    assert found.low < 1e-3 < 60 < found.high
    assert rate_of(np.zeros(2), np.zeros(2)) is None
    none = rate_of(np.zeros(2), np.array([1.0, 2.0]))
    assert none is not None and (none.rate, none.low) == (0.0, 0.0)
    assert none.high == pytest.approx(-math.log(0.025) / 3)


def test_a_trend_over_runs() -> None:
    """Rates that only rise have τ = 1; a step has its place; fewer than eight runs say nothing."""
    rising = trend_of(np.arange(1.0, 10.0), np.ones(9), rng())
    assert rising is not None and rising.tau == 1.0 and rising.p_trend < 0.001
    step = trend_of(np.array([1.0, 2, 1, 2, 1, 20, 22, 19, 21, 20]), np.ones(10), rng())
    assert step is not None and step.change_at == 5 and step.p_change < 0.02
    assert (step.before, step.after) == pytest.approx((1.4, 20.4))
    assert trend_of(np.ones(7), np.ones(7), rng()) is None
    flat = trend_of(np.array([3.0, 3, 3, 3, 3, 3, 3, 3]), np.ones(8), rng())
    assert flat is not None and flat.p_trend == 1.0 and flat.p_change == 1.0


def phased(run: int) -> tuple[list[tuple[float, float]], list[Phase]]:
    """Four hours from `run` days on: 20 minutes of rollout and 10 of update in turn."""
    start = run * DAY
    cycle = [start + 1800.0 * i for i in range(8)]
    rollouts = [Phase("rollout", t, t + 1200) for t in cycle]
    return [(start, start + 4 * HOUR)], [p for r in rollouts for p in (r, Phase("update", r.high, r.high + 600))]


def test_the_phase_test_finds_what_keeps_to_a_phase() -> None:
    """Bouts in updates only, a third of the time, are bound to updates; bouts anywhere are bound to nothing."""
    source = rng()
    bound, free = [], []
    for run in range(4):
        observed, phases = phased(run)
        updates = [p.low for p in phases if p.name == "update"]
        bound.append((np.array([u + source.uniform(0, 590) for u in updates]), observed, phases))
        free.append((np.sort(run * DAY + source.uniform(0, 4 * HOUR, 8)), observed, phases))
    [first, second] = phase_test(bound, rng())
    assert (first.phase, first.k, first.once) == ("update", 32, False)
    assert first.e == pytest.approx(32 / 3, abs=0.1)
    assert first.p == 0.002  # 1 of 1000, two phases
    assert second.p == 1.0
    assert min(t.p for t in phase_test(free, rng())) > 0.05
    assert phase_test([(times, observed, []) for times, observed, _ in bound], rng()) == []


def test_a_phase_that_comes_once_says_so() -> None:
    """Evaluation at the end of each run cannot be told from the end of the run."""
    starts = [d * DAY for d in range(6)]
    runs = [
        (np.array([s + 3.6 * HOUR]), [(s, s + 4 * HOUR)], [Phase("eval", s + 3.5 * HOUR, s + 4 * HOUR)]) for s in starts
    ]
    [found] = phase_test(runs, rng())
    assert found.once and found.k == 6 and found.p < 0.01


def test_in_runs_only() -> None:
    """A run of a tenth of the time that has all bouts; the p is the share of rotations that keep all of them in it."""
    alive = [(0.0, 100 * HOUR)]
    times = np.linspace(1 * HOUR, 9 * HOUR, 20)
    found = in_run_test([(times, [(0.0, 10 * HOUR)])], alive)
    assert found is not None
    assert (found.k, found.n, found.ratio) == (20, 20, None)
    assert found.e == pytest.approx(2.0, abs=0.01)
    assert found.p == pytest.approx(0.02, abs=0.001)  # two hours of a hundred
    both = in_run_test([(np.append(times, 50 * HOUR), [(0.0, 10 * HOUR)])], alive)
    assert both is not None and both.ratio == pytest.approx(20 / 0.1 / (1 / 0.9), rel=0.01)
    assert in_run_test([(times, [(0.0, 99 * HOUR)])], alive) is None  # nothing to compare with
    assert in_run_test([(times, [(0.0, 10 * HOUR)])], []) is None


def test_subjects_are_tools_and_classes_of_commands() -> None:
    """Rare tools are pooled, a tool of one class is told once, and whatever is called belongs to any call."""
    rows: list[tuple[str | None, str | None]] = [("bash", "pip")] * 7 + [("bash", "curl")] * 6 + [("bash", "ls")] * 2
    rows += [("git", "git")] * 6 + [("rare", None)] * 3 + [(None, None)]
    calls = pl.DataFrame(rows, schema={"tool": pl.String, "command_class": pl.String}, orient="row")
    subjects, marked = find_subjects(calls)
    assert subjects.names == (ANY, "bash", "git", OTHER, "bash: curl", "bash: pip")
    counts = membership(marked, len(subjects.names)).sum(axis=0)
    assert counts.tolist() == [25, 15, 6, 3, 6, 7]
    bash, curl = subjects.names.index("bash"), subjects.names.index("bash: curl")
    assert subjects.related(bash, curl) and subjects.related(curl, bash) and subjects.related(curl, curl)
    assert not subjects.related(0, bash) and not subjects.related(curl, subjects.names.index("bash: pip"))


def test_deviance_is_signed_and_bounded() -> None:
    """By hand: 2·(4·ln 2 + 6·ln(6/8)) = 2.0932, and its root; nothing expected is nothing said."""
    assert deviance(4, 2.0, 10) == pytest.approx(math.sqrt(2 * (4 * math.log(2) + 6 * math.log(6 / 8))))
    assert deviance(1, 2.0, 10) < 0
    assert deviance(3, 0.0, 10) == 0
    assert deviance(1, 0.01, 10) < 3  # a single chance hit of something rare does not own the maximum


def test_smallest_share() -> None:
    """The least K whose deviance reaches the 95 % point of the maxima; None where even all would not."""
    maxima = np.full(99, 2.0)
    least = next(k for k in range(11) if deviance(k, 1.0, 10) >= 2.0)
    assert smallest_share(1.0, 10, maxima) == pytest.approx((least - 1) / 9)
    assert smallest_share(1.0, 2, np.full(99, 9.0)) is None
    assert smallest_share(1.0, 10, np.empty(0)) is None


def test_a_share_is_taken_where_it_was_not_chosen() -> None:
    """Six runs whose own best row is another each time have no share; one row that is best in all has its own."""
    n, rows = 20, 6
    noise = [(np.where(np.arange(rows)[:, None] == r, 9, 4), np.full(rows, 4.0), n) for r in range(6)]
    flattered = cross_fitted(noise, rng())
    assert flattered is not None and flattered.value == pytest.approx(0.0)
    real = [(np.where(np.arange(rows)[:, None] == 2, 12, 4), np.full(rows, 4.0), n) for _ in range(6)]
    found = cross_fitted(real, rng())
    assert found is not None and found.value == pytest.approx((12 - 4) / (20 - 4))
    # All runs are alike, so what is left is chance: 72 of 120 is 0.5066 to 0.6883 (Clopper–Pearson), 24 by chance.
    limits = (0.5066 * 120 - 24) / 96, (0.6883 * 120 - 24) / 96
    assert (found.low, found.high) == pytest.approx(limits, abs=1e-3)
    assert cross_fitted(real[:1], rng()) is None


def test_monte_carlo_stops_early_and_says_the_same() -> None:
    """What is not significant stops at twenty; what is draws all; both p are valid."""
    source = rng()
    common = monte_carlo(0.5, lambda m: source.uniform(size=m))
    assert common.surrogates < 200 and 0.3 < common.p < 0.7
    rare = monte_carlo(1.5, lambda m: source.uniform(size=m))
    assert rare.surrogates == 9_999 and rare.p == 1 / 10_000


def test_benjamini_hochberg() -> None:
    """A worked example: the q of a p is the least of what larger ones allow."""
    p = np.array([0.01, 0.04, 0.03, 0.5])
    assert benjamini_hochberg(p) == pytest.approx([0.04, 0.16 / 3, 0.16 / 3, 0.5])
    assert len(benjamini_hochberg(np.empty(0))) == 0
