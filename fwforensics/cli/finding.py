"""One pattern for people: every statistic with its n, its p, and how many were looked at."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import polars as pl

from fwforensics.analysis.verdicts import counted, percent, probability
from fwforensics.cli import render
from fwforensics.queries import listing
from fwforensics.store import Case

Row = Mapping[str, Any]


def print_statistics(row: Row) -> None:
    """The statistics of a row of `patterns`, by question."""
    details = json.loads(row["details"] or "{}")
    sections = (
        ("what it is", _what(row)),
        ("does it come back?", _recurrence(row, details)),
        ("is there a clock behind it?", _timing(row, details)),
        ("what was the agent doing?", _association(row, details)),
        ("where does it stand?", _rank(row, details)),
    )
    for title, found in sections:
        render.mapping({k: v for k, v in found.items() if v not in (None, "", [])}, title)
        render.lines([""])


def _p(value: float | None, why: str = "") -> str:
    return f"p {probability(value)}" if value is not None else f"not assessed{why}"


def _what(row: Row) -> dict[str, Any]:
    keys = ("pattern_id", "category", "severity", "technique", "detection", "detections", "target", "service")
    more = {"destinations": row["destinations"][:12], "of destinations": row["n_dst"], "hosts": row["hosts"][:12]}
    return {k: row[k] for k in keys} | more | {"first": row["first_ts"], "last": row["last_ts"]}


def _recurrence(row: Row, details: Row) -> dict[str, Any]:
    rate, trend = details.get("rate", {}), details.get("trend")
    seen = "not observable" if row["runs_exposed"] is None else f"{row['runs_hit']} of {row['runs_exposed']} observed"
    found = {
        "runs": seen,
        "possible runs": row["runs_possible"] if row["runs_possible"] != row["runs_hit"] else None,
        "share": _interval(row["recurrence"], row["recurrence_low"], row["recurrence_high"], "exact", percent),
        "bouts": row["n_bouts"],
        "attempts, connections": f"{row['n_attempts']}, {row['n_connections']}",
        "per run hour": _interval(
            row["rate_per_run_hour"], row["rate_low"], row["rate_high"], rate.get("basis", ""), lambda v: f"{v:.3g}"
        ),
        "where it was hit": f"{rate['if_hit']:.3g} an hour" if "if_hit" in rate else None,
        "dispersion over runs": f"{rate['dispersion']:.2f} (1 is chance)" if "dispersion" in rate else None,
    }
    if trend:
        found["trend over runs"] = f"Kendall's tau {trend['tau']:+.2f}, {_p(trend['p_trend'])}"
        found["largest change"] = (
            f"before {trend['change_at']}: {trend['before']:.3g} to {trend['after']:.3g} an hour, "
            f"{_p(trend['p_change'])}"
        )
    if row["p_in_run"] is not None:
        ratio = details.get("in_run_ratio")
        more = f", rate {ratio:.3g} times that outside" if ratio else ""
        found["in runs"] = f"{details.get('in_run_k')} of {details.get('in_run_n')} bouts, {_p(row['p_in_run'])}{more}"
    return found


def _interval(
    value: float | None, low: float | None, high: float | None, basis: str, text: Callable[[float], str] = percent
) -> str | None:
    if value is None:
        return None
    return text(value) + (
        "" if low is None or high is None else f" (95 % interval {text(low)} to {text(high)}, {basis})"
    )


def _timing(row: Row, details: Row) -> dict[str, Any]:
    statistic = row["timing_statistic"]
    return {
        "class": row["timing"],
        "basis": details.get("timing_basis", "") + (f": {statistic:.3g}" if statistic is not None else ""),
        "n": counted(details.get("timing_n", 0), "attempt"),
        "period": f"{row['period_s']:.6g} s" if row["period_s"] else None,
        "periodic": _p(row["p_periodic"], ": 4 intervals in windows of observation are needed"),
        "time of day": _p(row["p_diurnal"], ": 4 days with 6 h of observation are needed"),
        "bursts": _p(row["p_burst"], ": 8 attempts in windows of observation are needed"),
        "15-minute steps with an attempt": percent(details["occupancy"]) if "occupancy" in details else None,
        "RITA beacon score": f"{row['rita_beacon_score']:.3f} (last 24 h; a low one is no all-clear)"
        if row["rita_beacon_score"] is not None
        else None,
        "logging limit": "its log hits a ceiling or left rows out" if row["rate_limited"] else None,
    }


def _association(row: Row, details: Row) -> dict[str, Any]:
    found: dict[str, Any] = {"attribution of single violations": row["attribution"]}
    if details.get("content_matches"):
        found["commands that name the destination"] = (
            f"best candidate of {counted(details['content_matches'], 'violation')}"
        )
    if row["p_time"] is None:
        found["association"] = f"not assessed: {details.get('not_assessed', 'nothing to test')}"
        return found | _phase(row, details)
    bouts = f"{row['coincident_k']} of {row['coincident_n']} bouts, {row['expected_e']:.2f} expected"
    searched = f"{counted(details.get('subjects', 0), 'subject')} × {details.get('widths', 0)} windows × lags"
    offset, mde = row["clock_offset_s"], row["mde"]
    found |= {
        "coincides with": row["coincides_with"] or "nothing, more often than chance",
        "strongest": f"{details.get('subject')}: {bouts}, {row['window_s']:.0f} s before at lag {row['lag_s']:+.0f} s",
        "time test": f"{_p(row['p_time'])}; q {probability(row['q_assoc'])} over {counted(row['n_tests'], 'pattern')}",
        "label test": f"{_p(row['p_label'])}; q of the tool {probability(row['q_tool'])}",
        "tests agree": "yes" if details.get("tests_agree") else "no: they name different subjects",
        "searched": f"{searched} within ±{row['clock_bound_s']:.0f} s",
        "surrogates": f"{row['surrogates']}, seed {row['seed']}",
        "clock": "offset not known" if offset is None else f"{offset:+.1f} s added to the sensor's",
        "share beyond chance": _interval(
            row["attributable_share"],
            row["attributable_low"],
            row["attributable_high"],
            "runs resampled, or exact if wider",
        ),
        "would have been seen": "not even all of them" if mde is None else f"from {percent(mde)} on",
        "time with any call in such a window": percent(details.get("coverage", 0)),
        "with such a call after them": counted(details.get("after", 0), "bout"),
    }
    return found | _phase(row, details)


def _phase(row: Row, details: Row) -> dict[str, Any]:
    if row["p_phase"] is None:
        return {}
    bound, bouts = row["phase"] or "none that stands", f"{details.get('phase_k')} bouts"
    expected = (
        f"{details.get('phase_e', 0):.1f} expected, {_p(row['p_phase'])}, q {probability(details.get('q_phase'))}"
    )
    return {"phase": f"{bound}; clearest one: {bouts}, {expected}"}


def _rank(row: Row, details: Row) -> dict[str, Any]:
    terms = " + ".join(f"{v:g} {k}" for k, v in details.get("score_terms", {}).items())
    return {"tier": row["tier"], "score": f"{row['score']:g} = {terms}"}


def print_ends(case: Case, ips: Sequence[str]) -> None:
    """What enrichment knows of both ends, outside first; who says so, and of which day."""
    ends = listing(case, "ends", ips=list(ips))
    known = ends.filter(~pl.all_horizontal(pl.exclude("ip").is_null()))
    if known.is_empty():
        render.say("nothing is known of its addresses: fwf enrich")
        return
    shown = known.select(c for c in known.columns if c == "ip" or known[c].null_count() < known.height)
    render.show(shown, title="what is known of its addresses", limit=12)
    said = listing(case, "statements", ips=list(ips)).filter(pl.col("key") != "tag")
    render.show(said, title="who says so, and of which day", limit=30)
