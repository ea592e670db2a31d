"""The raw lines that a report quotes: each source is read once for all findings, and its hash is checked on the way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fwforensics.errors import FwfError
from fwforensics.evidence import raw_lines
from fwforensics.queries import listing
from fwforensics.report.model import Line
from fwforensics.store import Case

#: Characters of a line that a report shows.
MOST_CHARACTERS = 1500


def quoted(case: Case, chosen: Sequence[str], most: int) -> tuple[dict[str, list[Line]], dict[str, str]]:
    """Lines of each pattern, and for those whose evidence cannot be read any more why."""
    wanted = listing(case, "report-lines", chosen=list(chosen), most=most).to_dicts()
    sources = {r["source_id"]: r for r in listing(case, "report-sources").to_dicts()}
    raw, faults = _read(case, wanted)
    lines: dict[str, list[Line]] = {pattern: [] for pattern in chosen}
    errors: dict[str, str] = {}
    seen: set[tuple[str, int, int]] = set()
    for row in wanted:
        place = (row["source_id"], row["line_no"])
        if (row["pattern_id"], *place) in seen:
            continue
        seen.add((row["pattern_id"], *place))
        if place in raw:
            lines[row["pattern_id"]].append(_line(row, sources[row["source_id"]], raw[place]))
        elif row["source_id"] in faults:
            errors[row["pattern_id"]] = faults[row["source_id"]]
    return lines, errors


def _read(case: Case, wanted: Sequence[dict[str, Any]]) -> tuple[dict[tuple[int, int], str], dict[int, str]]:
    raw: dict[tuple[int, int], str] = {}
    faults: dict[int, str] = {}
    for source in sorted({r["source_id"] for r in wanted}):
        places = sorted({(r["source_id"], r["line_no"]) for r in wanted if r["source_id"] == source})
        try:
            raw |= {(found.source_id, found.line_no): found.raw for found in raw_lines(case, places)}
        except FwfError as error:
            faults[source] = f"{error.where}: {error.message}" if error.where else error.message
    return raw, faults


def _line(row: dict[str, Any], source: dict[str, Any], raw: str) -> Line:
    path = f"{source['path']}!{source['member']}" if source["member"] else source["path"]
    return Line(
        source_id=row["source_id"], line_no=row["line_no"], path=path, sha256=source["sha256"], run_id=row["run_id"],
        sensor=row["sensor"], ts=row["ts"], action=row["action"], raw=raw[:MOST_CHARACTERS], raw_length=len(raw),
    )  # fmt: skip
