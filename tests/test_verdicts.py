"""Words and ranks: what a row of statistics may be quoted as."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest

from fwforensics.analysis.ranking import rank, score_terms, tier
from fwforensics.analysis.verdicts import probability, verdict

NOTHING: dict[str, Any] = dict.fromkeys((
    "runs_exposed", "recurrence", "recurrence_low", "recurrence_high", "timing_statistic", "p_periodic", "p_diurnal",
    "p_burst", "period_s", "phase", "p_phase", "p_in_run", "coincides_with", "attributable_share", "attributable_low",
    "attributable_high", "coincident_k", "coincident_n", "expected_e", "p_time", "p_label", "q_assoc", "q_tool",
    "window_s", "lag_s", "clock_offset_s", "clock_bound_s", "mde", "over_runs", "details",
))  # fmt: skip
ROW = NOTHING | {
    "pattern_id": "P-0", "service": "3333/tcp", "target": "203.0.113.0/24", "severity": "medium", "timing": "irregular",
    "runs_hit": 5, "runs_possible": 5, "runs_exposed": 6, "recurrence": 5 / 6, "recurrence_low": 0.359,
    "recurrence_high": 0.996, "n_bouts": 87, "n_tests": 50, "rate_limited": False, "content_matches": 0,
    "p_periodic": 0.4, "p_burst": 0.2, "is_flow": False,
}  # fmt: skip
TOOL = ROW | {
    "coincides_with": "git", "coincident_k": 41, "coincident_n": 87, "expected_e": 12.4, "window_s": 45.0, "lag_s": 0.0,
    "p_time": 0.0001, "p_label": 0.0004, "q_assoc": 0.005, "q_tool": 0.012, "clock_bound_s": 10.0, "mde": 0.2,
    "attributable_share": 0.38, "attributable_low": 0.25, "attributable_high": 0.5,
}  # fmt: skip
DETAILS = {"subjects": 13, "widths": 4, "timing_n": 120, "coverage": 0.6, "after": 3}
NUMBERS = (
    "5 of 6 observed runs", "41 of 87 bouts", "a call of git", "45 s before", "12.4 expected", "q = 0.012",
    "13 subjects × 4 windows in 50 patterns", "38 %", "25 % to 50 %", "not cause, not which episode",
)  # fmt: skip
FORBIDDEN = ("caused", "proves", "no relation", "random")


def said(row: dict[str, Any], **details: Any) -> str:
    """The verdict; whatever it is, some words are in none."""
    text = verdict(row, DETAILS | details)
    assert not any(word in text for word in FORBIDDEN)
    return text


def test_a_tool_is_named_with_all_numbers() -> None:
    """Bouts, what chance gives, the search, the number of patterns, q, the share, and what it is not."""
    text = said(TOOL)
    for part in NUMBERS:
        assert part in text
    assert "Intermittent with no clear temporal pattern: periodic p = 0.4, time of day p not assessable" in text


def test_any_call_names_no_tool() -> None:
    """Activity at large says that nothing stands out."""
    text = said(TOOL | {"coincides_with": "any call", "q_tool": 0.7})
    assert "had a tool call that" in text and "q = 0.005" in text and "No single tool stands out" in text


def test_nothing_shown_says_what_would_have_been_seen() -> None:
    """No association is told with its power."""
    none = TOOL | {"coincides_with": None, "q_assoc": 0.85, "q_tool": 1.0}
    assert "q = 0.85" in said(none) and "A share of 20 % or more would probably have been seen" in said(none)
    assert "not even a full association" in said(none | {"mde": None})
    assert "“any call” says nothing here" in said(none, coverage=0.99)


def test_what_cannot_be_assessed_says_why() -> None:
    """No trace is no clean bill."""
    assert "not assessable: no trace of tool calls" in said(ROW, not_assessed="no trace of tool calls")


def test_an_unknown_clock_tells_no_order() -> None:
    """A lag that was searched within five minutes is no before and after."""
    text = said(TOOL | {"clock_bound_s": 300.0, "lag_s": 140.0})
    assert (
        "The lag (+140 s) was chosen by search within ±300 s" in text
        and "order of call and violation is not shown" in text
    )
    assert "they may react to it" in said(TOOL, after=60)
    assert "they may react to it" not in said(TOOL | {"clock_bound_s": 300.0}, after=60)


UNDETERMINED = {"timing": "undetermined"}
BEAT = {"timing": "periodic", "p_periodic": 1e-9}
FEW = {"timing_basis": "3 attempts, 8 needed"}
EVAL = {"phase_once": True, "phase_k": 9, "phase_e": 1.2, "q_phase": 0.01}


@pytest.mark.parametrize(
    ("change", "details", "part"),
    [
        ({"timing": "one-off", "n_bouts": 1}, {}, "One-off: a single bout"),
        (BEAT | {"period_s": 5400.0}, {}, "about every 1.5 h (p < 0.001 on 120 attempts)"),
        (BEAT | {"period_s": 1180.0}, {"phase_cycle_s": 1200.0}, "perhaps no clock of its own"),
        (BEAT | {"period_s": 297.0, "is_flow": True}, {}, "age at which exporters cut flows"),
        ({"timing": "persistent"}, {"occupancy": 0.85}, "85 % of the 15-minute steps"),
        ({"timing": "bursty", "timing_statistic": 0.61, "p_burst": 0.005}, {}, "burstiness 0.61 (p = 0.005"),
        (UNDETERMINED, FEW, "too few to tell (3 attempts, 8 needed)."),
        (UNDETERMINED | {"severity": "high"}, FEW, "listed because of its severity"),
        ({"runs_exposed": None}, {}, "hit in 5 runs; denominator not observable"),
        ({"runs_hit": 0, "runs_possible": 0, "runs_exposed": None}, {}, "tied to no run"),
        ({"runs_possible": 6}, {}, "possibly in 1 more"),
        ({"rate_limited": True}, {}, "hits a ceiling"),
        ({"phase": "eval"}, EVAL, "Bound to phase eval (once a run"),
        ({"p_in_run": 0.01}, {"in_run_k": 20, "in_run_n": 20}, "Keeps to runs: 20 of 20 bouts"),
    ],
)
def test_words(change: dict[str, Any], details: dict[str, Any], part: str) -> None:
    """Each class and each limit has its words."""
    assert part in said(ROW | change, **details)


def test_probabilities_are_read_not_counted() -> None:
    """Two digits; what is small is small, what is missing is not assessable."""
    assert [probability(p) for p in (None, 0.0004, 0.0123, 0.5)] == ["not assessable", "< 0.001", "0.012", "0.5"]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (TOOL, "A"),
        (TOOL | {"q_tool": 0.2}, "B"),
        (ROW | {"phase": "update"}, "B"),
        (ROW | {"content_matches": 1}, "B"),
        (ROW, "C"),
        (ROW | {"timing": "periodic"}, "D"),
        (ROW | {"runs_hit": 1}, "D"),
    ],
)
def test_tiers(row: dict[str, Any], expected: str) -> None:
    """Evidence goes before numbers."""
    assert tier(row) == expected


def test_terms_add_up_to_the_score() -> None:
    """10 · 3 · (½ + .38) + 3 · .359 + 2 + 1, and the terms are told."""
    assert score_terms(TOOL) == {"association": 26.4, "recurrence": 1.077, "severity": 2.0, "timing": 1.0}
    assert score_terms(TOOL | {"q_tool": 0.3})["association"] == 17.6
    assert score_terms(TOOL | {"q_tool": 0.3, "p_label": 0.4, "attributable_share": -0.2})["association"] == 5.0
    ranked = rank(pl.DataFrame([TOOL | {"details": json.dumps(DETAILS)}], infer_schema_length=None)).to_dicts()[0]
    assert ranked["score"] == pytest.approx(30.477)
    assert json.loads(ranked["details"])["score_terms"]["association"] == 26.4
