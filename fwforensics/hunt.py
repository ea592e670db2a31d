"""Detections → violations → patterns → ranked findings.

A hunt replaces the results of the one before in one transaction. What it was run with is kept in `hunts`.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import polars as pl

from fwforensics import derive, queries
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

    @property
    def partial(self) -> bool:
        """Is anything left out?"""
        return any((self.since, self.until, self.run, self.detections, self.min_severity))


@dataclass(slots=True)
class Outcome:
    """What a hunt found.

    Attributes:
        patterns: ranked findings, best first, with all columns of `patterns`.
        detections: `detection`, `state` (evaluated, not evaluable), `violations`, `missing` (what no source fills).
        parameters: thresholds that it was run with.
        warnings: what makes the result doubtful, such as a clock that is whole hours off.
    """

    patterns: pl.DataFrame
    detections: pl.DataFrame
    partial: bool = False
    parameters: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def hunt(
    case: Case, scope: Scope | None = None, extra: Sequence[str] = (), progress: Progress | None = None
) -> Outcome:
    """Run all detections and rank what they find; `progress` is told how many patterns are judged, of how many."""
    scope = scope or Scope()
    started = time.monotonic()
    derive.refresh(case)
    chosen = _chosen(scope, extra)
    with case.transaction():
        _target_groups(case)
        states = _mark(case, chosen, scope)
        clocks = estimate_clocks(case)
        parameters = queries.run_build(case, "grouped")
        trace_origins(case)
        queries.run_build(case, "violations")
        parameters |= queries.run_build(case, "attempts") | queries.run_build(case, "patterns")
        parameters |= attribute(case) | judge(case, progress)
        _record(case, scope, chosen, parameters)
    found = findings(case)
    case.log("hunt", _given(scope), found.height, time.monotonic() - started)
    counts = case.sql("SELECT detection, count(*) AS violations FROM violations GROUP BY detection").pl()
    table = states.join(counts, on="detection", how="left").with_columns(pl.col("violations").fill_null(0))
    return Outcome(found, table, scope.partial, parameters, _doubts(clocks))


def _doubts(clocks: pl.DataFrame) -> list[str]:
    """Clocks that look like a time zone that was read wrongly."""
    odd = clocks.filter(pl.col("warning").is_not_null())
    return [f"clock of {r['sensor']} against {r['host'] or 'the trace'}: {r['warning']}" for r in odd.to_dicts()]


def findings(case: Case) -> pl.DataFrame:
    """The current patterns, best first."""
    return case.sql("SELECT * FROM patterns ORDER BY tier, score DESC, n_bouts DESC, pattern_id").pl()


def _chosen(scope: Scope, extra: Sequence[str]) -> list[queries.Query]:
    known = {q.name: q for q in queries.library(extra).values() if q.kind == "detection"}
    for name in scope.detections:
        if name not in known:
            raise UsageError(f"there is no detection {name!r}", remedy=f"known: {', '.join(sorted(known))}")
    if scope.min_severity is not None and scope.min_severity not in SEVERITIES:
        raise UsageError(f"{scope.min_severity!r} is no severity", remedy=f"known: {', '.join(SEVERITIES)}")
    return [q for name, q in sorted(known.items()) if not scope.detections or name in scope.detections]


def _target_groups(case: Case) -> None:
    """Names of targets are worked out per distinct address, once."""
    addresses = case.sql(
        "SELECT ip, name, scope FROM addresses WHERE ip IN (SELECT server_ip FROM connections) ORDER BY ip"
    ).pl()
    case.temporary("target_groups", target_groups(addresses))


def _mark(case: Case, chosen: Sequence[queries.Query], scope: Scope) -> pl.DataFrame:
    """Fill `marked` with what each detection says of which connection."""
    queries.run_build(case, "marked")
    states = []
    for query in chosen:
        missing = unmet(case, query)
        states.append((query.name, "not evaluable" if missing else "evaluated", ", ".join(missing)))
        if not missing:
            _mark_one(case, query, scope)
    schema = {"detection": pl.String, "state": pl.String, "missing": pl.String}
    return pl.DataFrame(states, schema=schema, orient="row")


def unmet(case: Case, query: queries.Query) -> list[str]:
    """Columns that a query needs and that no source fills: without them an empty answer would be no all-clear."""
    missing = []
    for need in query.needs:
        table, _, column = need.rpartition(".")
        filled = case.sql(f"SELECT EXISTS (SELECT 1 FROM {table or 'events'} WHERE {column} IS NOT NULL)").scalar()
        if not filled:
            missing.append(need)
    return missing


def _mark_one(case: Case, query: queries.Query, scope: Scope) -> None:
    if fault := queries.not_one_select(query.body):
        raise QueryError(fault, where=str(query.path))
    own = {name: f"m.{name}" if name in query.columns else f"${name}" for name in ("category", "severity")}
    values: dict[str, Any] = {
        **query.bind({}), "fwf_detection": query.name, "fwf_technique": ", ".join(query.technique),
        "fwf_since": scope.since, "fwf_until": scope.until, "fwf_run": scope.run, "fwf_least": scope.min_severity,
    }  # fmt: skip
    for name, place in own.items():
        if place.startswith("$"):
            own[name] = f"$fwf_{name}"
            values[f"fwf_{name}"] = getattr(query, name)
    order = f"{list(SEVERITIES)}"
    case.execute(
        f"""
        INSERT INTO marked
        SELECT m.connection_id, $fwf_detection, {own["category"]}, {own["severity"]}, $fwf_technique, m.reason
        FROM ({query.body}) AS m JOIN connections AS c USING (connection_id)
        WHERE ($fwf_since IS NULL OR c.first_ts >= $fwf_since) AND ($fwf_until IS NULL OR c.first_ts < $fwf_until)
          AND ($fwf_run IS NULL OR c.run_id = $fwf_run)
          AND ($fwf_least IS NULL OR list_position({order}, {own["severity"]}) >= list_position({order}, $fwf_least))
        """,
        values,
    )


def _record(case: Case, scope: Scope, chosen: Sequence[queries.Query], parameters: Mapping[str, Any]) -> None:
    """Keep what the hunt was run with."""
    digest = hashlib.sha256()
    for value in case.sql("SELECT sha256 || coalesce(options::VARCHAR, '') AS s FROM sources ORDER BY source_id").pl()[
        "s"
    ]:
        digest.update(str(value).encode())
    for query in chosen:
        digest.update(query.body.encode())
    number = case.sql("SELECT coalesce(max(hunt_id), 0) + 1 FROM hunts").scalar()
    versions = {
        "fwforensics": __version__,
        "detections": {q.name: hashlib.sha256(q.body.encode()).hexdigest()[:12] for q in chosen},
    }
    scope_word = "partial" if scope.partial else "full"
    given = json.dumps({**_given(scope), **parameters}, default=str)
    case.execute(
        "INSERT INTO hunts VALUES (?, ?, ?, ?, ?, ?)",
        [number, now(), scope_word, given, json.dumps(versions), digest.hexdigest()],
    )


def _given(scope: Scope) -> dict[str, Any]:
    return {k: v for k, v in asdict(scope).items() if v}
