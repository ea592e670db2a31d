"""Properties of the statistics as a whole, on small simulated worlds with known truth; all seeds are fixed."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from functools import cache

import numpy as np
import polars as pl
import pytest
from scipy.stats import binom
from simulator import KINDS, Clocks, Pattern, World, WorldShape, caused, make_world, observe

from fwforensics.analysis.characterise import characterise
from fwforensics.analysis.circular import rotated_counts
from fwforensics.analysis.labels import label_test
from fwforensics.analysis.observations import Observations
from fwforensics.analysis.rotation import Placed, lags, time_test
from fwforensics.analysis.surrogates import deviance
from fwforensics.analysis.tally import Tally, counts, packed, reach
from fwforensics.analysis.windows import STEP_S, WIDTHS_S, Calls, build

SHAPE = WorldShape(runs=5, hours=(4.0, 6.0), hosts=3, hosts_per_run=2, episodes=2)
WEEK_S = 7 * 86_400.0
#: Columns that other patterns may change: multiplicity, and what is said because of it.
OF_ALL = ("q_assoc", "q_tool", "n_tests", "coincides_with", "phase", "details")
#: A correct test fails a bound on its p values with this probability.
CHANCE = 1e-6


def some() -> list[Pattern]:
    """A pattern of some kinds each, and two that follow a tool."""
    names = ("poisson", "bursty", "cron", "only in rollouts", "one-off")
    own = [Pattern(name=name, label=name, kind=KINDS[name], n=40) for name in names]
    return own + [
        Pattern(name=f"caused {s}", label="caused", kind=caused("git", s), n=40, tool="git") for s in (0.5, 1)
    ]


@cache
def world() -> World:
    return make_world(SHAPE, 11)


@cache
def seen() -> Observations:
    return observe(world(), some(), clocks=Clocks(skew_s=100, residual_s=5), gaps=1)[0]


def judged(observations: Observations) -> pl.DataFrame:
    return characterise(observations, surrogates=199, workers=1).patterns


@cache
def baseline() -> pl.DataFrame:
    return judged(seen())


def close(found: pl.Series, before: pl.Series) -> bool:
    """Equal but for what adding seconds to large numbers rounds."""
    if not found.dtype.is_float():
        return found.equals(before)
    same = ((found - before).abs() <= 1e-6 * before.abs() + 1e-9) | (found.is_null() & before.is_null())
    return bool(same.all(ignore_nulls=False))


def test_the_same_world_again() -> None:
    """A seed decides everything."""
    again = observe(make_world(SHAPE, 11), some(), clocks=Clocks(skew_s=100, residual_s=5), gaps=1)[0]
    for one in fields(Observations):
        assert getattr(again, one.name).equals(getattr(seen(), one.name)), one.name


def test_the_order_of_rows_does_not_matter() -> None:
    """All frames shuffled: the same results to the last digit."""
    shuffled = {f.name: getattr(seen(), f.name).sample(fraction=1, shuffle=True, seed=3) for f in fields(Observations)}
    assert judged(Observations(**shuffled)).equals(baseline())


def test_another_pattern_changes_no_p() -> None:
    """Patterns that are added change q values and what follows from them, nothing else."""
    more = [*some(), *(Pattern(name=f"more {i}", label="", kind=KINDS["poisson"], n=20) for i in range(5))]
    both, _ = observe(world(), more, clocks=Clocks(skew_s=100, residual_s=5), gaps=1)
    found = judged(both).filter(pl.col("pattern_id").is_in(baseline()["pattern_id"].implode()))
    assert found.drop(OF_ALL).equals(baseline().drop(OF_ALL))
    assert (found["n_tests"] > baseline()["n_tests"]).all()


def shifted(observations: Observations, by_s: float) -> Observations:
    """Both clocks later by the same amount."""
    return replace(
        observations,
        **{
            f.name: frame.with_columns(pl.col(c) + by_s for c in ("at", "low", "high") if c in frame.columns)
            for f in fields(Observations)
            for frame in [getattr(observations, f.name)]
        },
    )


def test_a_shift_of_both_clocks_by_days_changes_nothing() -> None:
    """A week is a whole number of steps and of days."""
    found = judged(shifted(seen(), WEEK_S))
    for column in set(baseline().columns) - {"details"}:
        assert close(found[column], baseline()[column]), column


def test_a_shift_by_odd_seconds_changes_only_what_lies_on_edges_of_steps() -> None:
    """Two seconds: steps of 5 s are cut elsewhere, and a bout may fall on the other side of an edge.

    The label test knows no steps and stays as it is, as do classes and the tool that is named; p_time is of other
    turns, and of the bouts that coincide at most a tenth may change.
    """
    found, before = judged(shifted(seen(), WEEK_S + 2)), baseline()
    for column in ("timing", "p_periodic", "p_label", "coincides_with"):
        assert close(found[column], before[column]), column
    true = before["pattern_id"].str.starts_with("caused")
    assert (found.filter(true)["p_time"] <= 0.05).all()
    changed = (found["coincident_k"].cast(pl.Int64) - before["coincident_k"].cast(pl.Int64)).abs()
    assert (changed <= 0.1 * before["coincident_n"]).filter(true & (found["window_s"] == before["window_s"])).all()


@pytest.mark.parametrize("kind", ["cron", "sleep loop", "bursty", "in runs"])
def test_a_gap_in_the_log_keeps_the_class_or_the_verdict_says_why_not(kind: str) -> None:
    """With a fifth of the log lost in pieces, a pattern is what it was, or there are too few attempts to tell."""
    own = [Pattern(name=f"{kind} {i}", label=kind, kind=KINDS[kind], n=80) for i in range(4)]
    whole, cut = (judged(observe(world(), own, gaps=gaps)[0]) for gaps in (0, 12))
    assert cut["coincident_n"].sum() < whole["coincident_n"].sum()
    for before, after in zip(whole.to_dicts(), cut.to_dicts(), strict=True):
        kept = after["timing"] == before["timing"]
        assert kept or (after["timing"] == "undetermined" and "needed" in json.loads(after["details"])["timing_basis"])


@cache
def nulls() -> pl.DataFrame:
    own = [
        Pattern(name=f"{name} {i}", label=name, kind=KINDS[name], n=40)
        for name in ("in runs", "only in rollouts")
        for i in range(50)
    ]
    observations, truth = observe(world(), own, clocks=Clocks(skew_s=100, residual_s=5))
    return truth.join(characterise(observations, surrogates=99).patterns, on="pattern_id")


@pytest.mark.parametrize("kind", ["in runs", "only in rollouts"])
@pytest.mark.parametrize("column", ["p_time", "p_label"])
@pytest.mark.parametrize("level", [0.05, 0.5])
def test_p_values_of_unrelated_patterns_are_as_large_as_they_should_be(kind: str, column: str, level: float) -> None:
    """Neither far too many small ones, nor hardly any: a valid test fails the bounds once in a million."""
    p = nulls().filter(pl.col("label") == kind)[column].drop_nulls()
    small = int((p <= level).sum())
    assert len(p) >= 45
    assert small <= binom.isf(CHANCE, len(p), level)
    if level == 0.5:
        # The statistic is discrete and its p conservative: a quarter in place of a half.
        assert small >= binom.ppf(CHANCE, len(p), level / 2)


def test_retries_that_back_off_are_no_clock() -> None:
    """Waits of 16, 32, 64 … seconds are multiples of the shortest: two in five such patterns were called periodic."""
    names = ("retries, merged", "retries, unmerged", "cron", "sleep loop")
    own = [Pattern(name=f"{name} {i}", label=name, kind=KINDS[name], n=40) for name in names for i in range(12)]
    observations, truth = observe(world(), own)
    found = truth.join(characterise(observations, surrogates=99).patterns, on="pattern_id")
    classes = {name: found.filter(pl.col("label") == name)["timing"].to_list() for name in names}
    assert classes["retries, merged"].count("periodic") + classes["retries, unmerged"].count("periodic") <= 1
    assert classes["cron"].count("periodic") + classes["sleep loop"].count("periodic") >= 23


@pytest.mark.parametrize(
    ("kind", "clocks", "phases"),
    [
        ("rollout hook", Clocks(skew_s=300, shared=True, residual_s=None), True),
        ("only in rollouts", Clocks(residual_s=5), False),
    ],
)
def test_a_schedule_is_no_alignment(kind: str, clocks: Clocks, phases: bool) -> None:
    """Seen by a clock that is minutes off, or by a trace without phases, what a schedule binds must not look aligned.

    Moved along phases as they were told, or guessed, four in five such patterns came out at p ≤ .05.
    """
    own = [Pattern(name=f"{kind} {i}", label="", kind=KINDS[kind], n=40) for i in range(12)]
    p = [
        characterise(observations, surrogates=99).patterns["p_time"]
        for seed in (1, 2, 3)
        for observations, _ in [observe(replace(world(), seed=seed), own, clocks=clocks, phases=phases)]
    ]
    small = int((pl.concat(p).drop_nulls() <= 0.05).sum())
    assert small <= binom.isf(CHANCE, 36, 0.05)


def test_the_tool_that_causes_a_pattern_is_named() -> None:
    """Strong relations are named rightly, and nothing else is named."""
    named = dict(baseline().select("pattern_id", "coincides_with").iter_rows())
    assert named["caused 1"] == "git"
    assert named["caused 0.5"] == "git"
    assert {named[name] for name in ("poisson", "bursty", "cron", "one-off")} == {None}


def test_rotated_counts_are_those_of_plain_rotation() -> None:
    """Counting edges gives what rotating and counting gives."""
    rng = np.random.default_rng(5)
    for _ in range(50):
        steps = int(rng.integers(1, 60))
        marked, events = rng.random(steps) < rng.random(), rng.integers(0, steps, rng.integers(0, 30))
        plain = [marked[(events + u) % steps].sum() for u in range(steps)]
        assert rotated_counts(events, marked).tolist() == plain


@pytest.mark.parametrize("members", [1, 8, 15, 33, 64])
def test_tallies_are_sums(members: int) -> None:
    """Sets as words are counted, and compared with limits, like members one by one."""
    rng = np.random.default_rng(members)
    for number in (1, 2, 5, 40):
        sets = rng.random((number, 4, 6, members)) < 0.6
        tally = Tally()
        for one in sets:
            tally.add(packed(one))
        digits, sums = tally.digits(), sets.sum(axis=0)
        assert (counts(digits, members) == sums).all()
        limits = rng.integers(0, number + 2, (6, members))
        assert (reach(digits, limits) == packed(sums >= limits)).all()


def small_window(subjects: int, rng: np.random.Generator) -> Placed:
    """Half an hour with 60 calls and five bouts."""
    times = np.sort(rng.uniform(0, 1800, 60))
    labels = np.column_stack((np.ones(60, bool), rng.random((60, subjects)) < 0.2))
    window = build("run", [(0.0, 1800.0)], Calls(times, labels), [])
    return Placed(window, np.array([10, 70, 71, 200, 333]))


@pytest.mark.parametrize("subjects", [4, 70])
@pytest.mark.parametrize("bound_s", [0.0, 10.0, 90.0])
def test_tests_count_what_plain_loops_count(bound_s: float, subjects: int) -> None:
    """Both tests, by bout, width, lag and turn: observed and expected coincidences, and so the statistic."""
    placed, rng = small_window(subjects, np.random.default_rng(8)), np.random.default_rng(1)
    window, shift = placed.window, lags(bound_s)
    tested = time_test([placed], bound_s, rng, 99)
    assert tested is not None
    at = window.place_of[:, placed.steps]
    for lag, steps in enumerate(shift):
        moved = [window.strata[s][(p + steps) % len(window.strata[s])] for s, p in at.T]
        assert (tested.k[:, lag] == window.presence[:, moved].sum(axis=1)).all()
    assert tested.e == pytest.approx(sum(window.presence[:, window.strata[s]].mean(axis=1) for s in at[0]))
    times = window.low + placed.steps * STEP_S
    columns = list(range(1, subjects + 1))
    labelled = label_test([placed], [times], bound_s, columns, rng, 99)
    assert labelled is not None
    calls = window.calls
    k = np.zeros((60, len(WIDTHS_S), len(shift), subjects), int)
    for turn in range(60):
        turned = np.roll(calls.subjects[:, columns], -turn, axis=0)
        for w, width in enumerate(WIDTHS_S):
            for lag, steps in enumerate(shift):
                for t in times + steps * STEP_S:
                    k[turn, w, lag] += turned[(calls.times > t - width) & (calls.times <= t + 1)].any(axis=0)
    values = deviance(k[0], k.mean(axis=0), 5)
    assert labelled.statistic == pytest.approx(values.max())
