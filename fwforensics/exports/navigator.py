"""ATT&CK Navigator: a layer of the techniques that detections look for.

Three looks: found (scored by the most runs that one of its patterns was hit in), looked for and not found (0), and not
evaluable on these logs, which is no all-clear.

Reference: https://github.com/mitre-attack/attack-navigator/blob/master/layers/spec/v4.5/layerformat.md
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fwforensics import queries
from fwforensics.exports._exporter import Exporter
from fwforensics.store import Case

FOUND, NONE, BLIND = "#c62828", "#e8f5e9", "#bdbdbd"
#: Comments are what a person reads over a cell: the worst patterns, not hundreds.
MENTIONED = 5

Row = Mapping[str, Any]


def _document(case: Case) -> dict[str, object]:
    found: dict[str, list[Row]] = {}
    for row in queries.listing(case, "export-navigator").iter_rows(named=True):
        found.setdefault(row["technique"], []).append(row)
    states = {r["detection"]: r for r in queries.listing(case, "export-evaluability").iter_rows(named=True)}
    looked_for: dict[str, list[str]] = {}
    for query in queries.library().values():
        for technique in query.technique if query.kind == "detection" else ():
            looked_for.setdefault(technique, []).append(query.name)
    top = max((r["runs_hit"] for rows in found.values() for r in rows), default=0)
    return {
        "name": f"fwforensics: {case.path.stem}",
        "versions": {"attack": "17", "navigator": "5.1.0", "layer": "4.5"},
        "domain": "enterprise-attack",
        "description": "Firewall violations that recur across training runs. Score: runs hit. Grey: not evaluable.",
        "sorting": 3,
        "hideDisabled": False,
        "techniques": [
            _hit(t, found[t]) if t in found else _missed(t, looked_for[t], states)
            for t in sorted({*found, *looked_for})
        ],
        "gradient": {"colors": [NONE, FOUND], "minValue": 0, "maxValue": max(top, 1)},
        "legendItems": [
            {"label": "found; the more runs, the darker", "color": FOUND},
            {"label": "looked for, not found", "color": NONE},
            {"label": "not evaluable on these logs", "color": BLIND},
        ],
    }


def _hit(technique: str, rows: list[Row]) -> dict[str, object]:
    """A technique with patterns."""
    more = [f"and {len(rows) - MENTIONED} more"] if len(rows) > MENTIONED else []
    return {
        "techniqueID": technique,
        "score": max(r["runs_hit"] for r in rows),
        "comment": "\n".join([*(f"{r['pattern_id']}: {r['verdict']}" for r in rows[:MENTIONED]), *more]),
        "enabled": True,
        "showSubtechniques": "." in technique,
        "metadata": [
            {"name": "patterns", "value": str(len(rows))},
            {"name": "severity", "value": rows[0]["severity"]},
            {"name": "detections", "value": ", ".join(sorted({d for r in rows for d in r["detections"]}))},
            {"name": "first", "value": f"{min(r['first_ts'] for r in rows).isoformat()}Z"},
            {"name": "last", "value": f"{max(r['last_ts'] for r in rows).isoformat()}Z"},
        ],
    }


def _missed(technique: str, detections: Iterable[str], states: Mapping[str, Row]) -> dict[str, object]:
    """A technique without patterns: not found by whoever could have, or by nobody who could."""
    names = list(detections)
    able = [n for n in names if n in states and states[n]["state"] == "evaluable"]
    cell: dict[str, object] = {
        "techniqueID": technique,
        "enabled": True,
        "showSubtechniques": "." in technique,
        "metadata": [{"name": "detections", "value": ", ".join(names)}],
    }
    if able:
        return cell | {"score": 0, "comment": f"looked for by {', '.join(able)}; not found"}
    missing = sorted({str(states[n]["missing"]) for n in names if n in states and states[n]["missing"]})
    why = f": no source fills {'; '.join(missing)}" if missing else ": no hunt has looked"
    return cell | {"color": BLIND, "comment": f"not evaluable{why}"}


EXPORTER = Exporter(
    name="navigator",
    title="ATT&CK Navigator layer",
    reference="https://github.com/mitre-attack/attack-navigator/blob/master/layers/spec/v4.5/layerformat.md",
    suffixes=(".json",),
    sources=("patterns",),
    document=_document,
)
