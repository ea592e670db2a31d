"""Is a report still true? Evidence is hashed again, a copy of the case hunted again, the document made again."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from fwforensics import evidence, hunt, queries
from fwforensics.report import provenance
from fwforensics.report.build import TITLE, Options, build
from fwforensics.report.document import CLAIMED, claims
from fwforensics.report.model import as_plain
from fwforensics.store import Case, utc_of
from fwforensics.version import __version__

#: Columns that say when a hunt was, not what it found.
PASSING = ("news",)


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it was: where, what was said, what is found now."""

    part: str
    subject: str
    said: str
    found: str


def differences(path: Path, claimed: Mapping[str, Any] | None) -> Iterator[Difference]:
    """What differs between the evidence, the case, a new hunt in a copy of it, and a report where one is given."""
    with Case(path, read_only=True) as case:
        yield from _evidence(case)
        if claimed is not None:
            yield from _report(case, claimed)
        yield from _hunt(case)


def _evidence(case: Case) -> Iterator[Difference]:
    for verdict in evidence.verify(case):
        if verdict.state not in ("ok", "grown"):
            yield Difference("evidence", f"source {verdict.source_id}: {verdict.label}", "as ingested", verdict.state)


def _report(case: Case, claimed: Mapping[str, Any]) -> Iterator[Difference]:
    """The report against what the case says now."""
    given = claimed.get("options", {})
    at = given.get("at") or claimed["as_of"]
    options = Options(
        title=str(given.get("title", TITLE)), at=utc_of(datetime.fromisoformat(str(at))),
        pages=int(given.get("pages", 25)), lines=int(given.get("lines", 8)),
    )  # fmt: skip
    now = claims(build(case, options))
    for key in ("tool_version", "fingerprint"):
        if claimed.get(key) != now[key]:
            yield Difference("report", key, str(claimed.get(key)), str(now[key]))
    yield from _compared("source", claimed.get("sources", {}), now["sources"])
    yield from _findings(claimed["findings"], now["findings"])
    for part, digest in now["parts"].items():
        if claimed.get("parts", {}).get(part) != digest:
            yield Difference("report", f"section {part}", "as it was made", "would be made otherwise")


def _findings(said: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[Difference]:
    for finding in sorted({*said, *found}):
        if finding not in said or finding not in found:
            yield Difference("finding", finding, _there(finding in said), _there(finding in found))
            continue
        for key in CLAIMED:
            if said[finding].get(key) != found[finding].get(key):
                yield Difference(
                    "finding", f"{finding} {key}", str(said[finding].get(key)), str(found[finding].get(key))
                )


def _compared(part: str, said: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[Difference]:
    for key in sorted({*said, *found}):
        if said.get(key) != found.get(key):
            yield Difference(part, str(key), str(said.get(key, "not there")), str(found.get(key, "not there")))


def _there(is_there: bool) -> str:
    return "there" if is_there else "not there"


def _hunt(case: Case) -> Iterator[Difference]:
    """The case's findings against those of the same hunt, made again in a copy."""
    made = provenance.last_hunt(case)
    if made is None:
        return
    yield from _rules(made)
    said = _patterns(case)
    with tempfile.TemporaryDirectory(prefix="fwf-verify-") as folder:
        copy = Path(folder) / "case.duckdb"
        shutil.copyfile(case.path, copy)
        with Case(copy) as again:
            hunt.hunt(again, _scope(made["parameters"]))
            found = _patterns(again)
    for pattern in sorted({*said, *found}):
        if pattern not in said or pattern not in found:
            yield Difference("hunt", pattern, _there(pattern in said), _there(pattern in found))
            continue
        changed = [k for k, v in said[pattern].items() if k not in PASSING and v != found[pattern].get(k)]
        for key in changed:
            yield Difference("hunt", f"{pattern} {key}", str(said[pattern][key]), str(found[pattern].get(key)))


def _patterns(case: Case) -> dict[str, dict[str, Any]]:
    rows = case.sql("SELECT * FROM patterns ORDER BY pattern_id").rows()
    return {r["pattern_id"]: as_plain(r) for r in rows}


def _rules(made: Mapping[str, Any]) -> Iterator[Difference]:
    """Versions that the hunt was made with, against those that are here."""
    if made["versions"].get("fwforensics") != __version__:
        yield Difference("hunt", "fwforensics", str(made["versions"].get("fwforensics")), __version__)
    here = {q.name for q in queries.library().values() if q.kind == "detection"}
    for name in sorted(set(made["versions"].get("detections", {})) - here):
        yield Difference("hunt", f"detection {name}", "there", "not there; set FWF_QUERIES to its folder")


def _scope(parameters: Mapping[str, Any]) -> hunt.Scope:
    """The filter and thresholds that a hunt was run with."""

    def time(name: str) -> datetime | None:
        return datetime.fromisoformat(parameters[name]) if parameters.get(name) else None

    return hunt.Scope(
        since=time("since"), until=time("until"), run=parameters.get("run"),
        detections=tuple(parameters.get("detections") or ()), min_severity=parameters.get("min_severity"),
        thresholds=parameters.get("thresholds") or {},
    )  # fmt: skip
