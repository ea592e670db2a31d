"""What a report was made of and with: sources, hunt, parameters, rules, audit trail."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from fwforensics.queries import listing
from fwforensics.report.model import Method
from fwforensics.store import Case

MOST_SOURCES, MOST_AUDIT = 500, 200


def last_hunt(case: Case) -> dict[str, Any] | None:
    """The hunt that the findings are of; `parameters` and `versions` read from their JSON."""
    row = next(iter(listing(case, "last-hunt").to_dicts()), None)
    if row is None:
        return None
    return row | {key: json.loads(row[key] or "{}") for key in ("parameters", "versions")}


def method(case: Case, hunt: dict[str, Any], detections: Sequence[str]) -> Method:
    """Everything that is needed to make the findings again, or to see why they would differ."""
    sources = listing(case, "report-sources").to_dicts()
    audit = listing(case, "report-audit").to_dicts()
    versions = {k: v for k, v in hunt["versions"].items() if isinstance(v, str)}
    versions |= {"parsers": ", ".join(sorted({s["parser_version"] or "unknown" for s in sources}))}
    return Method(
        sources=sources[:MOST_SOURCES],
        hunt={k: hunt[k] for k in ("hunt_id", "started_at", "scope", "fingerprint")},
        parameters=list(_flat(hunt["parameters"])),
        versions=versions,
        rules=listing(case, "report-rules", chosen=list(detections)).to_dicts(),
        audit=audit[-MOST_AUDIT:],
        counts={"sources": len(sources), "audit": len(audit)},
    )


def _flat(parameters: dict[str, Any], before: str = "") -> list[tuple[str, str]]:
    """Names with dots and values as text, in order."""
    found: list[tuple[str, str]] = []
    for key, value in sorted(parameters.items()):
        if isinstance(value, dict):
            found += _flat(value, f"{before}{key}.")
        else:
            found.append((before + key, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)))
    return found
