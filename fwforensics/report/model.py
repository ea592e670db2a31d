"""The document: what a report says, without any idea of how it looks. Times are UTC without zone, as in the case.

`as_plain` is the JSON form; the JSON report is exactly that.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime
from typing import Any

#: Version of the document's form.
FORM = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """One sentence to quote, with the finding that it speaks of."""

    text: str
    finding: str | None = None
    severity: str | None = None
    how_sure: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One number of the summary."""

    value: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The answer.

    Attributes:
        headline: the answer in one sentence.
        tiles: the numbers behind it.
        sentences: the findings that matter most, one each.
        more: how many findings have no sentence here.
        unknown: what could not be assessed.
        warnings: what makes the whole of it doubtful.
    """

    headline: str
    tiles: list[Tile]
    sentences: list[Sentence]
    more: int
    unknown: list[str]
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run and how much of it was observed; `gaps` are (from, to) in seconds since its start."""

    run_id: str
    started_at: datetime
    ended_at: datetime | None
    seconds: float
    observed_share: float | None
    tool_calls: int
    sensors: list[str]
    gaps: list[tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A pattern in a run: hit, possible (some other run may be meant), clean, or not observed."""

    state: str
    n_bouts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """One row of the matrix."""

    finding: str
    name: str
    severity: str
    cells: list[Cell]
    runs: str
    interval: str
    timing: str
    coincides: str
    tier: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lanes:
    """The swim lanes: `bouts` and `calls` are cells of `cell_s` seconds since the start of a run."""

    runs: list[str]
    cell_s: float
    bouts: list[dict[str, Any]]
    calls: list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of evidence; `raw` is cut at the length that a report shows, `raw_length` says how long it is."""

    source_id: int
    line_no: int
    path: str
    sha256: str
    run_id: str | None
    sensor: str | None
    ts: datetime | None
    action: str | None
    raw: str
    raw_length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What to do next: in words, with the command where there is one."""

    text: str
    command: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One page.

    Attributes:
        name: what it is, in a few words.
        sentence: what it is, for a manager.
        verdict: the sentence of the statistics.
        facts: columns of `patterns` that renderers need, as they are.
        statistics: question → name → value with n, p and number of tests.
        around: bouts around calls of the strongest subject, with what it was tested in.
        intervals: (class of ten a decade, how many) of intervals between starts.
        hours: bouts by hour of day, None where too little of the day was observed.
        hours_observed: hours that the sensors were alive, by hour of day.
        candidates: tool calls that its violations coincide with, best first.
        ends: the other ends and what is known of them.
        lines: raw lines that prove it.
        lines_error: why there are none.
    """

    finding: str
    name: str
    sentence: Sentence
    verdict: str
    facts: dict[str, Any]
    statistics: dict[str, dict[str, Any]]
    associations: list[dict[str, Any]]
    around: dict[str, Any] | None
    intervals: list[tuple[int, int]]
    hours: list[int] | None
    hours_observed: list[float]
    candidates: list[dict[str, Any]]
    n_candidates: int
    ends: list[dict[str, Any]]
    n_ends: int
    lines: list[Line]
    n_lines: int
    lines_error: str | None
    false_positives: list[str]
    next_steps: list[Step]
    detections: list[dict[str, str]]
    techniques: list[dict[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen:
    """What was not seen. Each part is rows of a listing; `counts` says how many there are of each in all."""

    sensors: list[dict[str, Any]]
    gaps: list[dict[str, Any]]
    rejects: list[dict[str, Any]]
    ignored: list[dict[str, Any]]
    not_evaluable: list[dict[str, Any]]
    safelist: list[dict[str, Any]]
    clocks: list[dict[str, Any]]
    counts: dict[str, int]
    hidden_violations: int
    hidden_patterns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """What it was made of and with."""

    sources: list[dict[str, Any]]
    hunt: dict[str, Any]
    parameters: list[tuple[str, str]]
    versions: dict[str, str]
    rules: list[dict[str, Any]]
    audit: list[dict[str, Any]]
    counts: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The whole document; `further` are findings without a page."""

    title: str
    as_of: datetime
    tool_version: str
    contents: dict[str, Any]
    summary: Summary
    runs: list[Run]
    presence: list[Presence]
    lanes: Lanes
    findings: list[Finding]
    further: list[Sentence]
    n_findings: int
    unseen: Unseen
    method: Method
    options: dict[str, Any]
    form: int = FORM


def as_plain(value: Any) -> Any:
    """A document, or a part of it, as JSON has it; times as RFC 3339."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: as_plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, dict):
        return {str(k): as_plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [as_plain(v) for v in value]
    if isinstance(value, datetime):
        return f"{value.isoformat()}Z"
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value
