"""Detections → violations → patterns → ranked findings.

A hunt replaces the results of the one before in one transaction. What it was run with is kept in `hunts`.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import polars as pl

from fwforensics import capability, derive, knowledge, queries, safelist
from fwforensics.analysis.targets import target_groups
from fwforensics.attribution import attribute, estimate_clocks, trace_origins
from fwforensics.errors import QueryError, UsageError
from fwforensics.judgement import Progress, judge
from fwforensics.schema import WORDS
from fwforensics.store import Case, now
from fwforensics.version import __version__

SEVERITIES = WORDS["severity"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a hunt looks at; anything given makes it partial."""

    since: datetime | None = None
    until: datetime | None = None
    run: str | None = None
    detections: tuple[str, ...] = ()
    min_severity: str | None = None
    thresholds: Mapping[str, str] = field(default_factory=dict)

    @property
    def partial(self) -> bool:
        """Is anything left out?"""
        return any((self.since, self.until, self.run, self.detections, self.min_severity))


@dataclass(slots=True)
class Outcome:
    """What a hunt found.

    Attributes:
        patterns: ranked findings, best first, with all columns of `patterns`.
        detections: `detection`, `state` (evaluated, not evaluable), `violations`, `missing` (what no source fills),
            `runs` (runs that were seen, but by nobody who fills it).
        parameters: thresholds that it was run with.
        hidden: what the safelist hides of it: `violations`, `patterns`.
        warnings: what makes the result doubtful, such as a clock that is whole hours off.
    """

    patterns: pl.DataFrame
    detections: pl.DataFrame
    partial: bool = False
    parameters: dict[str, Any] = field(default_factory=dict)
    hidden: Mapping[str, int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def hunt(
    case: Case, scope: Scope | None = None, extra: Sequence[str] = (), progress: Progress | None = None
) -> Outcome:
    """Run all detections and rank what they find; `progress` is told how many patterns are judged, of how many."""
    scope = scope or Scope()
    started = time.monotonic()
    derive.refresh(case)
    chosen = _chosen(scope, extra)
    number = case.sql("SELECT coalesce(max(hunt_id), 0) + 1 FROM hunts").scalar()
    with case.transaction():
        knowledge.refresh(case)
        _target_groups(case)
        states = capability.evaluate(case, chosen)
        _mark(case, chosen, scope, set(states.filter(state="evaluated")["detection"]))
        safelist.mark(case)
        clocks = estimate_clocks(case)
        parameters = queries.run_build(case, "grouped")
        trace_origins(case)
        queries.run_build(case, "violations")
        parameters |= queries.run_build(case, "attempts") | queries.run_build(case, "patterns")
        parameters |= attribute(case) | judge(case, progress)
        queries.run_build(case, "suppressed")
        queries.run_build(case, "news", {"hunt": number})
        _record(case, number, scope, chosen, parameters)
    found = findings(case)
    case.log("hunt", _given(scope), found.height, time.monotonic() - started)
    counts = case.sql("SELECT detection, count(*) AS violations FROM violations GROUP BY detection").pl()
    table = states.join(counts, on="detection", how="left").with_columns(pl.col("violations").fill_null(0))
    return Outcome(found, table, scope.partial, parameters, safelist.hidden(case), _doubts(clocks))


def _doubts(clocks: pl.DataFrame) -> list[str]:
    """Clocks that look like a time zone that was read wrongly."""
    odd = clocks.filter(pl.col("warning").is_not_null())
    return [f"clock of {r['sensor']} against {r['host'] or 'the trace'}: {r['warning']}" for r in odd.to_dicts()]


def findings(case: Case, *, hidden_too: bool = False) -> pl.DataFrame:
    """The current patterns, best first; what the safelist hides only on demand."""
    return queries.listing(case, "findings", moment=now(), hidden_too=hidden_too)


def _chosen(scope: Scope, extra: Sequence[str]) -> list[queries.Query]:
    known = {q.name: q for q in queries.library(extra).values() if q.kind == "detection"}
    for name in scope.detections:
        if name not in known:
            raise UsageError(f"there is no detection {name!r}", remedy=f"known: {', '.join(sorted(known))}")
    if scope.min_severity is not None and scope.min_severity not in SEVERITIES:
        raise UsageError(f"{scope.min_severity!r} is no severity", remedy=f"known: {', '.join(SEVERITIES)}")
    chosen = [q for name, q in sorted(known.items()) if not scope.detections or name in scope.detections]
    if unknown := set(scope.thresholds) - {name for q in chosen for name in q.params}:
        raise UsageError(f"no detection has a parameter {min(unknown)!r}", remedy="see: fwf queries thresholds")
    return chosen


def _target_groups(case: Case) -> None:
    """Names of targets are worked out per distinct address, once."""
    addresses = case.sql(
        "SELECT ip, name, scope FROM addresses WHERE ip IN (SELECT server_ip FROM connections) ORDER BY ip"
    ).pl()
    case.temporary("target_groups", target_groups(addresses))


def _mark(case: Case, chosen: Sequence[queries.Query], scope: Scope, evaluable: Collection[str]) -> None:
    """Fill `marked` with what each detection says of which connection."""
    queries.run_build(case, "marked")
    queries.run_build(case, "prepared")
    for query in chosen:
        if query.name in evaluable:
            _mark_one(case, query, scope)
    queries.run_build(case, "lowered")
    queries.run_build(case, "released")
    if scope.min_severity is not None:
        case.execute("DELETE FROM marked WHERE severity IN (SELECT unnest(?::VARCHAR[]))", [_below(scope.min_severity)])


def _below(severity: str) -> list[str]:
    return list(SEVERITIES[: SEVERITIES.index(severity)])


def bound(query: queries.Query, scope: Scope) -> dict[str, Any]:
    """What a detection is run with."""
    return query.bind({k: v for k, v in scope.thresholds.items() if k in query.params})


def _mark_one(case: Case, query: queries.Query, scope: Scope) -> None:
    if fault := queries.not_one_select(query.body):
        raise QueryError(fault, where=str(query.path))
    own = {name: f"m.{name}" if name in query.columns else f"$fwf_{name}" for name in ("category", "severity")}
    values: dict[str, Any] = {
        **bound(query, scope), "fwf_detection": query.name, "fwf_technique": ", ".join(query.technique),
        "fwf_evidence": query.evidence or "policy",
        "fwf_since": scope.since, "fwf_until": scope.until, "fwf_run": scope.run,
    }  # fmt: skip
    values |= {f"fwf_{name}": getattr(query, name) for name, place in own.items() if place.startswith("$")}
    case.execute(
        f"""
        INSERT INTO marked
        SELECT m.connection_id, $fwf_detection, {own["category"]}, {own["severity"]}, $fwf_technique,
            $fwf_evidence, m.reason
        FROM ({query.body}) AS m JOIN connections AS c USING (connection_id)
        WHERE ($fwf_since IS NULL OR c.first_ts >= $fwf_since) AND ($fwf_until IS NULL OR c.first_ts < $fwf_until)
          AND ($fwf_run IS NULL OR c.run_id = $fwf_run)
        """,
        values,
    )


def _record(
    case: Case, number: int, scope: Scope, chosen: Sequence[queries.Query], parameters: Mapping[str, Any]
) -> None:
    """Keep what the hunt was run with: a finding can be made again from it, or shown to differ."""
    digest = hashlib.sha256()
    for value in case.sql("SELECT sha256 || coalesce(options::VARCHAR, '') AS s FROM sources ORDER BY source_id").pl()[
        "s"
    ]:
        digest.update(str(value).encode())
    for query in chosen:
        digest.update(query.body.encode())
    rules = {q.name: hashlib.sha256(q.body.encode()).hexdigest()[:12] for q in chosen}
    for query in chosen:
        row = [query.name, rules[query.name], query.body, number]
        case.execute("INSERT OR IGNORE INTO rules VALUES (?, ?, ?, ?)", row)
    versions = {
        "fwforensics": __version__, "detections": rules, "warning_lists": knowledge.warning_lists_state(),
    }  # fmt: skip
    with_values = {q.name: bound(q, scope) for q in chosen if q.params}
    given = json.dumps({**_given(scope), **parameters, "detection_parameters": with_values}, default=str)
    case.execute(
        "INSERT INTO hunts VALUES (?, ?, ?, ?, ?, ?)",
        [number, now(), "partial" if scope.partial else "full", given, json.dumps(versions), digest.hexdigest()],
    )


def _given(scope: Scope) -> dict[str, Any]:
    return {k: v for k, v in asdict(scope).items() if v}
