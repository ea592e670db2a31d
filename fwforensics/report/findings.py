"""The pages: one finding each, with all that it rests on."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import polars as pl

from fwforensics import queries
from fwforensics.analysis.around import RunTimes, around
from fwforensics.analysis.seeds import generator
from fwforensics.queries import listing
from fwforensics.report import proof, sentences
from fwforensics.report.coverage import hours_observed
from fwforensics.report.model import Finding, Run, Step
from fwforensics.report.statistics import statistics
from fwforensics.store import Case

Row = Mapping[str, Any]
#: Columns of `patterns` that a page shows as they are.
FACTS = (
    "category", "severity", "technique", "target", "service", "destinations", "n_dst", "hosts", "n_violations",
    "n_connections", "n_attempts", "n_bouts", "runs_hit", "runs_possible", "runs_exposed", "recurrence",
    "recurrence_low", "recurrence_high", "rate_per_run_hour", "first_ts", "last_ts", "timing", "timing_statistic",
    "period_s", "phase", "coincides_with", "window_s", "lag_s", "clock_offset_s", "coincident_k", "coincident_n",
    "expected_e", "p_time", "p_label", "q_assoc", "q_tool", "p_periodic", "p_diurnal", "p_burst", "n_tests",
    "surrogates", "seed", "attribution", "tier", "score", "news", "n_suppressed", "suppressed_by", "detection",
    "detections",
)  # fmt: skip
MOST_CANDIDATES, MOST_ENDS, MOST_ASSOCIATIONS, MOST_NAMES = 6, 12, 8, 24
COMMAND_CHARACTERS = 600
#: Below this many observed hours on different hours of day, a plot by hour of day shows the log, not the pattern.
LEAST_HOURS = 12


def pages(case: Case, rows: Sequence[Row], runs: Sequence[Run], lines: int) -> list[Finding]:
    """A page for each row of `patterns`."""
    chosen = [r["pattern_id"] for r in rows]
    if not chosen:
        return []
    raw, faults = proof.quoted(case, chosen, lines)
    delays = _delays(case, rows, runs)
    gaps = _by_pattern(listing(case, "report-intervals", chosen=chosen))
    hours = _by_pattern(listing(case, "report-hours", chosen=chosen))
    ends = _by_pattern(listing(case, "report-ends", chosen=chosen, most=MOST_ENDS))
    alive = hours_observed(case)
    whole_day = sum(h > 0 for h in alive) >= LEAST_HOURS
    return [
        _page(
            case,
            row,
            around=delays.get(row["pattern_id"]),
            intervals=[(g["class"], g["n"]) for g in gaps.get(row["pattern_id"], [])],
            hours=_hours(hours.get(row["pattern_id"], [])) if whole_day else None,
            hours_observed=alive,
            ends=ends.get(row["pattern_id"], []),
            lines=raw[row["pattern_id"]],
            lines_error=faults.get(row["pattern_id"]),
        )
        for row in rows
    ]


def details_of(row: Row) -> dict[str, Any]:
    """What has no column of its own."""
    found: dict[str, Any] = json.loads(row["details"] or "{}")
    return found


def _by_pattern(frame: pl.DataFrame) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in frame.to_dicts():
        found.setdefault(row.pop("pattern_id"), []).append(row)
    return found


def _hours(rows: Sequence[Row]) -> list[int]:
    counts = {r["clock"]: r["n"] for r in rows}
    return [counts.get(hour, 0) for hour in range(24)]


def _page(case: Case, row: Row, **parts: Any) -> Finding:
    details = details_of(row)
    finding = row["pattern_id"]
    calls = listing(case, "pattern-candidates", finding=finding).to_dicts()
    known = queries.library()
    marked = [known[name] for name in row["detections"] if name in known]
    subjects = listing(case, "pattern-associations", finding=finding).head(MOST_ASSOCIATIONS).to_dicts()
    return Finding(
        finding=finding,
        name=sentences.name(row),
        sentence=sentences.sentence(row, details),
        verdict=row["verdict"],
        facts={k: _cut(row[k]) for k in FACTS} | {"subject": details.get("subject"), "seed": str(row["seed"])},
        statistics=statistics(row),
        associations=[{k: v for k, v in s.items() if k != "q" or v is not None} for s in subjects],
        candidates=[c | {"command": (c["command"] or "")[:COMMAND_CHARACTERS]} for c in calls[:MOST_CANDIDATES]],
        n_candidates=len(calls),
        n_ends=row["n_dst"],
        n_lines=int(case.sql("SELECT sum(n_events) FROM pattern_bouts WHERE pattern_id = ?", [finding]).scalar() or 0),
        false_positives=list(dict.fromkeys(text for q in marked for text in q.false_positives)),
        next_steps=_next_steps(finding, marked),
        detections=[{"name": q.name, "title": q.title, "question": q.question} for q in marked],
        techniques=techniques(row["technique"]),
        **parts,
    )


def _cut(value: Any) -> Any:
    return value[:MOST_NAMES] if isinstance(value, list) else value


def _next_steps(finding: str, marked: Sequence[queries.Query]) -> list[Step]:
    steps = [
        Step(text="read all raw lines behind it, after their hashes are checked", command=f"fwf evidence {finding}")
    ]
    known = queries.library()
    for after in dict.fromkeys(q.next for q in marked if q.next):
        query = known.get(after)
        steps.append(Step(text=query.title, command=f"fwf query {after}") if query else Step(text=after))
    return [*steps, Step(text="see its bouts, calls and violations, row by row", command=f"fwf show {finding}")]


@cache
def _names() -> dict[str, str]:
    table = files("fwforensics.report").joinpath("techniques.csv").read_text(encoding="utf-8")
    return {r["id"]: r["name"] for r in csv.DictReader(table.splitlines())}


def techniques(ids: str | None) -> list[dict[str, str]]:
    """ATT&CK techniques with their names and the pages that describe them."""
    return [
        {
            "id": one,
            "name": _names().get(one, ""),
            "url": f"https://attack.mitre.org/techniques/{one.replace('.', '/')}/",
        }
        for one in (ids or "").split(", ")
        if one
    ]


def _delays(case: Case, rows: Sequence[Row], runs: Sequence[Run]) -> dict[str, dict[str, Any]]:
    """Bouts of each pattern around calls of the subject that it was tied to most, by the trace's clock."""
    subjects = {r["pattern_id"]: details_of(r).get("subject") for r in rows}
    wanted = sorted({s for s in subjects.values() if s})
    if not wanted:
        return {}
    calls = _times(listing(case, "report-calls", subjects=wanted), "subject")
    bouts = _times(listing(case, "report-bouts", chosen=list(subjects)), "pattern_id")
    found = {}
    for row in rows:
        pattern, subject = row["pattern_id"], subjects[row["pattern_id"]]
        shift = row["clock_offset_s"] or 0.0
        times = [
            RunTimes(run.low, run.high, called, bouts[pattern, run.id] + shift)
            for run in map(_span, runs)
            if (called := calls.get((str(subject), run.id))) is not None and (pattern, run.id) in bouts
        ]
        counted = around(times, generator(row["seed"] or 0, "around"))
        if counted:
            low = 0.0 - (row["lag_s"] or 0.0)
            window = {"from": low, "to": low + row["window_s"]} if row["window_s"] else None
            found[pattern] = asdict(counted) | {"subject": subject, "window": window, "shift": shift}
    return found


class _Span:
    """A run in seconds since the epoch."""

    def __init__(self, run: Run) -> None:
        epoch = np.datetime64(run.started_at, "us").astype(np.int64) / 1e6 if run.started_at else 0.0
        self.id, self.low, self.high = run.run_id, float(epoch), float(epoch) + run.seconds


def _span(run: Run) -> _Span:
    return _Span(run)


def _times(frame: pl.DataFrame, key: str) -> dict[tuple[str, str], np.ndarray[Any, np.dtype[np.float64]]]:
    groups = frame.group_by(key, "run_id", maintain_order=True).agg("began")
    return {(k, run): at.to_numpy() for k, run, at in zip(groups[key], groups["run_id"], groups["began"], strict=True)}
