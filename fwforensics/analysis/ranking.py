"""Which finding first.

Tiers come before scores: A coincides with a tool (q_tool ≤ .05), B with calls at large or a phase, or a command names
its destination, C recurs (two runs or more) without a clock, D is the rest. In a tier the score is 10 · ev · (½ + f)
+ 3 · lower limit of recurrence + severity (0.5 to 3) + class weight, with ev 3 for a tool, 2 for a tool that does not
stand after all tests, 1 for calls or a phase, 0 otherwise, and f the share beyond chance, cut to [0, 1]. The terms
are kept in `details`: no score without them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import polars as pl

from fwforensics.analysis.verdicts import verdict

LEVEL = 0.05
SEVERITY_SCORE = {"informational": 0.5, "low": 1.0, "medium": 2.0, "high": 3.0, "critical": 3.0}
CLASS_WEIGHT = {
    "irregular": 1.0, "bursty": 0.7, "periodic": 0.5, "one-off": 0.4, "persistent": 0.4, "undetermined": 0.4,
    "diurnal": 0.2,
}  # fmt: skip
EVIDENCE_WEIGHT, RECURRENCE_WEIGHT = 10.0, 3.0
RECURRING_RUNS = 2
CLOCKS = ("periodic", "diurnal")


def rank(judged: pl.DataFrame) -> pl.DataFrame:
    """Add tier, score, verdict, and the terms of the score to `details`.

    Args:
        judged: one row a pattern: `severity`, `target`, `service`, `n_bouts`, the columns of `recurrence`, of
            `characterise`, `over_runs` (JSON: rate and trend), `content_matches`, `is_flow` (only flow exports saw it).

    Returns:
        The same rows with `tier`, `score`, `verdict`, and `details` completed.
    """
    rows = [_ranked(row) for row in judged.to_dicts()]
    schema = {"tier": pl.String, "score": pl.Float64, "verdict": pl.String, "details": pl.String}
    return judged.drop("details").hstack(pl.DataFrame(rows, schema=schema, orient="row"))


def _ranked(row: Mapping[str, Any]) -> tuple[str, float, str, str]:
    details = json.loads(row["details"] or "{}") | json.loads(row["over_runs"] or "{}")
    terms = score_terms(row)
    details |= {"content_matches": row["content_matches"] or 0, "score_terms": terms}
    text = json.dumps(details, ensure_ascii=False)
    return tier(row), round(sum(terms.values()), 3), verdict(row, details), text


def tier(row: Mapping[str, Any]) -> str:
    """A to D."""
    if _within(row["q_tool"]):
        return "A"
    if _within(row["q_assoc"]) or row["phase"] or row["content_matches"]:
        return "B"
    return "C" if row["runs_hit"] >= RECURRING_RUNS and row["timing"] not in CLOCKS else "D"


def score_terms(row: Mapping[str, Any]) -> dict[str, float]:
    """The terms whose sum is the score."""
    if _within(row["q_tool"]):
        evidence = 3
    elif _within(row["q_assoc"]) and _within(row["p_label"]):
        evidence = 2
    else:
        evidence = int(_within(row["q_assoc"]) or bool(row["phase"]))
    share = min(1.0, max(0.0, row["attributable_share"] or 0.0))
    terms = {
        "association": EVIDENCE_WEIGHT * evidence * (0.5 + share) if evidence else 0.0,
        "recurrence": RECURRENCE_WEIGHT * (row["recurrence_low"] or 0.0),
        "severity": SEVERITY_SCORE[row["severity"]],
        "timing": CLASS_WEIGHT.get(row["timing"], 0.0),
    }
    return {k: round(v, 3) for k, v in terms.items()}


def _within(value: float | None) -> bool:
    return value is not None and value <= LEVEL
