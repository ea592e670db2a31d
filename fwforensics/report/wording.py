"""Values and captions as both pages and Markdown show them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from fwforensics.analysis.verdicts import probability
from fwforensics.report.model import Finding, Report
from fwforensics.text import label

Row = Mapping[str, Any]
MOST_ITEMS, MOST_CHARACTERS = 6, 400


def stamp(value: datetime | None) -> str:
    """`2026-11-24 00:48:27`; UTC."""
    return "" if value is None else f"{value:%Y-%m-%d %H:%M:%S}"


def number(value: float | None) -> str:
    """Whole numbers with commas."""
    return "" if value is None else f"{value:,}"


def count(value: int, noun: str) -> str:
    """`1 run`, `1,200 runs`."""
    return f"{value:,} {noun}" if value == 1 else f"{value:,} {noun}s"


def percent(value: float | None) -> str:
    """A share in whole percent."""
    return "" if value is None else f"{round(100 * value)} %"


def value(found: Any) -> str:
    """Any value of a table."""
    if found is None:
        return ""
    if isinstance(found, datetime):
        return stamp(found)
    if isinstance(found, bool):
        return "yes" if found else "no"
    if isinstance(found, float):
        return f"{found:.3g}" if abs(found) < 1000 else f"{found:,.0f}"
    if isinstance(found, int):
        return f"{found:,}"
    if isinstance(found, list | tuple):
        shown = ", ".join(value(v) for v in found[:MOST_ITEMS])
        return f"{shown}, … ({len(found)})" if len(found) > MOST_ITEMS else shown
    text = str(found)
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}… ({len(text):,} characters)"


def rows(found: Iterable[Row], columns: Sequence[str]) -> list[list[Any]]:
    """Rows as lists."""
    return [[row.get(c) for c in columns] for row in found]


def ends(found: Iterable[Row]) -> list[list[Any]]:
    """The other ends, with what is known of each."""
    return [
        [
            e["ip"],
            e["n_connections"],
            ", ".join(dict.fromkeys([*(e["names"] or []), *filter(None, (e["name"], e["ptr"]))])),
            e["scope"],
            " ".join(str(p) for p in (f"AS{e['asn']}" if e["asn"] else None, e["as_name"]) if p),
            e["country"],
            ", ".join(filter(None, (e["network"], e["registrant"]))),
            "; ".join(filter(None, (e["known_as"], *(t for t in e["tags"] or [] if t not in (e["known_as"] or ""))))),
        ]
        for e in found
    ]


def evaluability(found: Iterable[Row]) -> list[list[Any]]:
    """What could not be evaluated, and where."""
    return [[r["detection"], "in the whole case" if r["nowhere"] else r["runs"], r["missing"]] for r in found]


def safelist(found: Iterable[Row]) -> list[list[Any]]:
    """What is accepted, and why."""
    return [
        [
            e["entry_id"],
            _accepted(e),
            e["reason"] or "no reason given",
            e["owner"],
            "never" if e["expires_at"] is None else stamp(e["expires_at"]) + (" (expired)" if e["expired"] else ""),
            e["violations"],
            e["patterns"],
        ]
        for e in found
    ]


def _accepted(entry: Row) -> str:
    side = entry["side"] if entry["side"] != "either" else None
    port = f"port {entry['port']}" if entry["port"] else None
    only = f"for {entry['detection']}" if entry["detection"] else None
    return " ".join(str(part) for part in (entry["kind"], entry["value"], side, port, only) if part)


def seeds(found: Iterable[Finding]) -> list[list[Any]]:
    """The seed of each finding."""
    return [[f.finding, f.facts["seed"], f.facts["surrogates"], f.facts["n_tests"]] for f in found]


def short(text: str) -> str:
    """A name that stands on its side."""
    return label(text, 22)


def base(path: str) -> str:
    """The last part of a path."""
    return path.rsplit("/", 1)[-1]


def lanes_caption(report: Report) -> str:
    """What the swim lanes show."""
    some = (
        f" The {len(report.lanes.runs)} runs with most bouts, of {len(report.runs)}."
        if len(report.lanes.runs) < len(report.runs)
        else ""
    )
    return (
        "Each lane is a run from its start to its end; marks are bouts (larger where several fall together), the short "
        "grey strokes below them are the tool calls that bouts coincide with or that are the best candidate of a "
        f"violation; hatched: no sensor was alive, nothing is known.{some}"
    )  # fmt: skip


def around_caption(finding: Finding) -> str:
    """What bouts around calls show, and what of it was tested."""
    found, f = finding.around or {}, finding.facts
    bouts, calls, runs = (count(found.get(k, 0), k[2:-1]) for k in ("n_bouts", "n_calls", "n_runs"))
    said = [
        f"Bouts around calls of {found.get('subject')}: {bouts} that are certain to be of a run, {calls}, {runs}.",
        "Grey: what chance gives 95 % of the time (bouts turned around each run 399 times).",
    ]
    if window := found.get("window"):
        said.append(
            f"Shaded: the window that the test chose by search ({window['from']:+.0f} to {window['to']:+.0f} s)."
        )
    if f["p_time"] is not None:
        said.append(
            f"Test, over {count(f['n_tests'] or 0, 'pattern')}: {f['coincident_k']} of {f['coincident_n']} bouts, "
            f"{f['expected_e']:.1f} expected, p {_is(f['p_time'])}, q {_is(f['q_assoc'])}."
        )
    return " ".join(said)


def intervals_caption(finding: Finding) -> str:
    """What intervals show, and the class that they led to."""
    n, f = sum(k for _, k in finding.intervals), finding.facts
    period = f" Dashed: the period, {f['period_s']:.4g} s." if f["period_s"] else ""
    tests = f"period p {_is(f['p_periodic'])}, bursts p {_is(f['p_burst'])}"
    return f"{count(n, 'interval')} between starts. Class: {f['timing']} ({tests}).{period}"


def hours_caption(finding: Finding) -> str:
    """What hours of the day show."""
    f, n = finding.facts, sum(finding.hours or [])
    return (
        f"{count(n, 'bout')} by hour of day. Grey: as many, spread evenly over the time that was observed. "
        f"Class: {f['timing']} (time of day p {_is(f['p_diurnal'])})."
    )


def _is(p: float | None) -> str:
    text = probability(p)
    return text if text.startswith(("<", "not")) else f"= {text}"
