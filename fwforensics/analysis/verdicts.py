"""What may be said of a pattern, in words. No p without its n and the number of tests; nothing is called a cause."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

LEVEL = 0.05
#: Residual offsets up to here still tell before from after.
CALIBRATED_S = 60.0
SATURATED = 0.95
#: Exporters cut long flows at these ages (seconds); a period that is one of them, but for 2 %, may be the exporter's.
EXPORT_TIMEOUTS_S, NEAR_TIMEOUT = (60, 120, 200, 300, 600, 1800, 3600), 0.02
#: A period this near to the length of a cycle of phases is no beacon.
NEAR_CYCLE = 0.1
WEIGHTY = ("high", "critical")


def verdict(row: Mapping[str, Any], details: Mapping[str, Any]) -> str:
    """Recurrence, timing, association, and what limits them."""
    parts = [_recurs(row), _timing(row, details), _coincides(row, details), *_limits(row, details)]
    return " ".join(p for p in parts if p)


def counted(n: int, noun: str) -> str:
    """`1 bout`, `3 bouts`."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def probability(value: float | None) -> str:
    """A p or q value with two digits, in words where it is small or missing."""
    if value is None:
        return "not assessable"
    return "< 0.001" if value < 0.001 else f"{value:.2g}"


def percent(share: float) -> str:
    """A share in whole percent."""
    return f"{round(100 * min(1.0, max(0.0, share)))} %"


def _recurs(row: Mapping[str, Any]) -> str:
    hit, maybe, seen = row["runs_hit"], row["runs_possible"], row["runs_exposed"]
    more = f", and possibly in {maybe - hit} more" if maybe and maybe > hit else ""
    if seen:
        share, low, high = (round(100 * row[c]) for c in ("recurrence", "recurrence_low", "recurrence_high"))
        found = f"in {hit} of {seen} observed runs ({share} %, 95 % interval {low}–{high} %){more}"
    elif hit or maybe:
        found = f"hit in {counted(hit, 'run')}{more}; denominator not observable"
    else:
        found = "tied to no run"
    return f"{row['service']} to {row['target']}: {found}; {counted(row['n_bouts'], 'bout')}."


def _timing(row: Mapping[str, Any], details: Mapping[str, Any]) -> str:
    n, word = details.get("timing_n", 0), row["timing"]
    on = f"on {counted(n, 'attempt')}"
    if word == "one-off":
        return (
            f"One-off: {counted(n, 'attempt')} within 15 minutes." if row["n_bouts"] > 1 else "One-off: a single bout."
        )
    if word == "periodic":
        return f"Periodic: about every {span(row['period_s'])} (p {_is(row['p_periodic'])} {on}){_cycle(row, details)}."
    if word == "persistent":
        return f"Persistent: attempts in {percent(details.get('occupancy', 0))} of the 15-minute steps of its runs."
    if word == "diurnal":
        return f"Daily: {details.get('timing_basis', 'time of day')} (p {_is(row['p_diurnal'])} {on})."
    if word == "bursty":
        return f"In bursts: burstiness {row['timing_statistic']:.2f} (p {_is(row['p_burst'])} {on}); no clock."
    if word == "irregular":
        tests = (("periodic", "p_periodic"), ("time of day", "p_diurnal"), ("bursts", "p_burst"))
        told = ", ".join(f"{name} p {_is(row[column])}" for name, column in tests)
        return f"Intermittent with no clear temporal pattern: {told} {on}."
    why = "; listed because of its severity" if row["severity"] in WEIGHTY else ""
    return f"Timing: too few to tell ({details.get('timing_basis', counted(n, 'attempt'))}){why}."


def _is(value: float | None) -> str:
    text = probability(value)
    return text if text.startswith(("<", "not")) else f"= {text}"


def span(seconds: float | None) -> str:
    """A length of time in the unit that fits it."""
    if seconds is None:
        return "?"
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 1.5 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"


def _cycle(row: Mapping[str, Any], details: Mapping[str, Any]) -> str:
    """A period that is an exporter's, or the phases' own."""
    if row["is_flow"] and any(abs(row["period_s"] - t) <= NEAR_TIMEOUT * t for t in EXPORT_TIMEOUTS_S):
        return "; that is an age at which exporters cut flows, so perhaps no clock of its own"
    cycle = details.get("phase_cycle_s")
    near = cycle and abs(row["period_s"] - cycle) <= NEAR_CYCLE * cycle
    return "; about once a cycle of phases, so perhaps no clock of its own" if near else ""


def _coincides(row: Mapping[str, Any], details: Mapping[str, Any]) -> str:
    if row["p_time"] is None:
        return f"Association with tool calls not assessable: {details.get('not_assessed', 'nothing to test')}."
    subjects, patterns = counted(details.get("subjects", 1), "subject"), counted(row["n_tests"], "pattern")
    tests = f"{subjects} × {details.get('widths', 1)} windows in {patterns}"
    units = "onsets" if details.get("onsets") else "bouts"
    if row["coincides_with"] is None:
        return _none(row, tests)
    what = "a tool call" if row["coincides_with"] == "any call" else f"a call of {row['coincides_with']}"
    where = f"started on the same host in the {row['window_s']:.0f} s before" if row["window_s"] else "at the time"
    q = row["q_assoc"] if row["coincides_with"] == "any call" else row["q_tool"]
    said = (
        f"{row['coincident_k']} of {row['coincident_n']} {units} in runs with a trace had {what} that {where}; "
        f"{row['expected_e']:.1f} expected by chance (q {_is(q)}; searched {tests})."
    )
    if row["coincides_with"] == "any call":
        return (
            f"{said} No single tool stands out once activity is held fixed; a job tied to activity would look the same."
        )
    share = row["attributable_share"]
    beyond = f" About {percent(share)} of the {units} are beyond chance{_between(row)}." if share is not None else ""
    return f"{said}{beyond} Coincidence: not intent, not cause, not which episode."


def _between(row: Mapping[str, Any]) -> str:
    if row["attributable_low"] is None:
        return ""
    return f" (95 % interval {percent(row['attributable_low'])} to {percent(row['attributable_high'])})"


def _none(row: Mapping[str, Any], tests: str) -> str:
    if row["mde"] is None:
        seen = f"With {counted(row['coincident_n'], 'bout')} not even a full association would have been seen."
    else:
        seen = f"A share of {percent(row['mde'])} or more would probably have been seen; a smaller one would not."
    return f"No association with tool calls shown (q {_is(row['q_assoc'])}; searched {tests}). {seen}"


def _limits(row: Mapping[str, Any], details: Mapping[str, Any]) -> list[str]:
    """What else has to be known before anybody quotes this."""
    said = []
    matches = details.get("content_matches", 0)
    if matches:
        said.append(
            f"Beside that, the best candidate's command names the destination of {counted(matches, 'violation')}."
        )
    if row["coincides_with"] is not None:
        if (row["clock_bound_s"] or 0) > CALIBRATED_S:
            said.append(
                f"The lag ({row['lag_s']:+.0f} s) was chosen by search within ±{row['clock_bound_s']:.0f} s: before "
                "and after cannot be told apart, so the order of call and violation is not shown."
            )
        elif details.get("after", 0) > (row["coincident_k"] or 0):
            said.append(
                f"Such calls follow it more often ({details['after']}) than they precede it: they may react to it."
            )
    elif row["p_time"] is not None and details.get("coverage", 0) >= SATURATED:
        share = percent(details["coverage"])
        said.append(
            f"Calls were present in {share} of all {row['window_s']:.0f} s windows: “any call” says nothing here."
        )
    if row["phase"]:
        late = " (once a run: the same as that part of the run)" if details.get("phase_once") else ""
        bouts = f"{details.get('phase_k')} bouts, {details.get('phase_e', 0):.1f} expected"
        said.append(f"Bound to phase {row['phase']}{late}: {bouts} (q {_is(details.get('q_phase'))}).")
    if row["p_in_run"] is not None and row["p_in_run"] <= LEVEL:
        inside, n = details.get("in_run_k"), details.get("in_run_n")
        said.append(f"Keeps to runs: {inside} of {n} bouts in them (p {_is(row['p_in_run'])}).")
    if row["rate_limited"]:
        said.append("Its log hits a ceiling or left rows out: counts are too low and pauses may be false.")
    return said
