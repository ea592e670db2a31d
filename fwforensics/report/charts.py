"""The charts of a report as Vega-Lite, written with Altair.

Colours are the page's CSS variables, so that one chart serves light, dark and print; `drawing` puts plain colours in
their place where there is no page.

Only numbers and texts that went through `text.label` get here: the renderer stops the whole process at a control
character.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import altair as alt

from fwforensics.report.model import Finding, Lanes, Run
from fwforensics.text import label

Spec = dict[str, Any]
#: Colours by name; CSS variables of the page.
CATEGORIES = ("mining", "tunnel", "probe", "metadata", "upload", "policy", "other")
#: CSS variable → its colour where there is no page (and in light mode, see style.css).
COLOURS = {
    "ink": "#1b2433", "muted": "#566074", "line": "#d5dae3", "paper": "#ffffff", "soft": "#e8ecf2", "accent": "#0b5cad",
    "band": "#c9d3e0", "mining": "#b3261e", "tunnel": "#0b5cad", "probe": "#8a4f00", "metadata": "#7a2e8e",
    "upload": "#00695c", "policy": "#5a6372", "other": "#3d6b1f",
}  # fmt: skip
#: Fill of log gaps: a pattern that the page (or `drawing`) defines.
HATCH = "url(#hatch)"
WIDTH, HEIGHT, LANES_WIDTH = 330, 150, 940
LEAST_INTERVALS, MOST_HEIGHT = 3, 4200
CALLS = "tool calls"
#: Not by colour alone.
SHAPES = {
    "mining": "diamond", "tunnel": "triangle-right", "probe": "square", "metadata": "triangle-up", "upload": "cross",
    "policy": "circle", "other": "triangle-down",
}  # fmt: skip
INTERVAL_NAMES = {
    1: "1 s", 5: "5 s", 10: "10 s", 30: "30 s", 60: "1 min", 300: "5 min", 600: "10 min", 1800: "30 min", 3600: "1 h",
    21600: "6 h", 86400: "1 d",
}  # fmt: skip
INTERVAL_LABELS = json.dumps(INTERVAL_NAMES)


def colour(name: str) -> str:
    """A colour of the page."""
    return f"var(--{name})"


def lanes(found: Lanes, runs: Sequence[Run]) -> Spec | None:
    """A lane for each run: time since its start, bouts by category, calls behind them, log gaps hatched."""
    shown = [r for r in runs if r.run_id in set(found.runs)]
    if not shown:
        return None
    names = {r.run_id: label(f"{r.run_id}", 28) for r in shown}
    if len(set(names.values())) < len(names):  # cut to the same text
        names = {run: f"{label(text, 22)} ({i})" for i, (run, text) in enumerate(names.items(), 1)}
    unit, size = _unit(max(r.seconds for r in shown))
    calls = [
        {"run": names[c["run_id"]], "track": CALLS, "from": round(c["at_s"] / size, 4), "calls": c["n_calls"],
         "tools": label(", ".join(map(str, c["tools"] or [])), 60)}
        for c in found.calls
    ]  # fmt: skip
    bouts = [
        {"run": names[b["run_id"]], "track": b["category"], "from": round(b["at_s"] / size, 4), "bouts": b["n_bouts"],
         "attempts": b["n_attempts"], "findings": ", ".join(b["pattern_ids"]) + (", …" if b["n_patterns"] > 4 else "")}
        for b in found.bouts
    ]  # fmt: skip
    spans = [_span(names[r.run_id], 0, r.seconds, size) for r in shown]
    gaps = [_span(names[r.run_id], a, b, size) for r in shown for a, b in r.gaps]
    rows = tuple(c for c in CATEGORIES if any(b["category"] == c for b in found.bouts))
    most = max((b["bouts"] for b in bouts), default=1)
    chart = _lanes(tuple(names.values()), rows, unit, most)
    return chart | {"datasets": {"spans": spans, "gaps": gaps, "calls": calls, "bouts": bouts}}


def _lanes(names: Sequence[str], rows: Sequence[str], unit: str, most: int) -> Spec:
    tracks = [*rows, CALLS]
    lane = alt.Y("run:N", sort=list(names), title=None, axis=alt.Axis(domain=False, ticks=False, labelPadding=10),
                 scale=alt.Scale(domain=list(names), paddingInner=0.28, paddingOuter=0.14))  # fmt: skip
    track = alt.YOffset("track:N", sort=tracks, scale=alt.Scale(domain=tracks))
    time = alt.X("from:Q", title=f"{unit} since the run's start", scale=alt.Scale(nice=False, domainMin=0, padding=7),
                 axis=alt.Axis(grid=True, tickCount=8))  # fmt: skip
    ends = alt.X2("to:Q")
    gone = [alt.Tooltip("what:N", title=f"no sensor was alive ({unit})")]
    legend = alt.Legend(orient="top", symbolSize=90, symbolOpacity=1)
    sizes = alt.Scale(type="sqrt", domain=[1, max(4, most)], range=[46, 110])

    def scale(look: Callable[[str], str]) -> alt.Scale:
        return alt.Scale(domain=list(rows), range=[look(c) for c in rows])

    chosen = alt.selection_point(name="chosen", fields=["track"], bind="legend")
    moved = alt.selection_interval(name="moved", bind="scales", encodings=["x"], zoom="wheel![event.shiftKey]")
    marks = _chart("bouts").mark_point(filled=True, stroke=colour("paper"), strokeWidth=0.6, clip=True)
    chart = alt.layer(
        _chart("spans").mark_rect(fill=colour("soft"), clip=True).encode(y=lane, x=time, x2=ends),
        _chart("gaps").mark_rect(fill=HATCH, stroke=colour("muted"), strokeWidth=0.5, clip=True)
        .encode(y=lane, x=time, x2=ends, tooltip=gone),
        _chart("calls").mark_tick(thickness=1.2, color=colour("muted"), opacity=0.8, size=9, clip=True)
        .encode(y=lane, yOffset=track, x=time, tooltip=_tips("run", "calls", "tools")),
        marks.encode(
            y=lane, yOffset=track, x=time,
            color=alt.Color("track:N", title=None, legend=legend, scale=scale(colour)),
            shape=alt.Shape("track:N", title=None, legend=legend, scale=scale(SHAPES.__getitem__)),
            size=alt.Size("bouts:Q", legend=None, scale=sizes),
            opacity=alt.condition(chosen, alt.value(0.92), alt.value(0.07)),
            tooltip=_tips("run", "track", "bouts", "attempts", "findings"),
        ).add_params(chosen, moved),
    )  # fmt: skip
    height = max(120, len(names) * (16 + 11 * len(tracks)))
    return _finished(chart.properties(width=LANES_WIDTH, height=min(height, MOST_HEIGHT)))


def _span(run: str, low: float, high: float, size: float) -> dict[str, Any]:
    start, end = round(low / size, 4), round(high / size, 4)
    return {"run": run, "from": start, "to": end, "what": f"{start:g} to {end:g}"}


def _unit(longest: float) -> tuple[str, float]:
    for unit, size in (("days", 86_400.0), ("hours", 3600.0), ("minutes", 60.0)):
        if longest >= 3 * size:
            return unit, size
    return "seconds", 1.0


def around(finding: Finding) -> Spec | None:
    """Bouts around calls of one subject, against the band of chance."""
    found = finding.around
    if not found:
        return None
    rows = [
        {"low": d, "high": d + 5, "pairs": k, "from": a, "to": b, "mean": m}
        for d, k, a, b, m in zip(
            found["delays"], found["pairs"], found["low"], found["high"], found["mean"], strict=True
        )
    ]
    window = found["window"]
    chosen = [{"low": max(-60, window["from"]), "high": min(120, window["to"])}] if window else []
    return _around() | {"datasets": {"rows": rows, "window": chosen, "call": [{"low": 0}]}}


@cache
def _around() -> Spec:
    x = alt.X("low:Q", title="seconds from the call to the bout", scale=alt.Scale(domain=[-60, 120], nice=False),
              axis=alt.Axis(values=[-60, -30, 0, 30, 60, 90, 120], grid=False))  # fmt: skip
    y = alt.Y(
        field="pairs",
        type="quantitative",
        title="pairs of call and bout",
        axis=alt.Axis(tickCount=4, tickMinStep=1, format="d"),
    )
    ends = alt.X2("high:Q")
    layers = (
        _chart("window").mark_rect(fill=colour("accent"), opacity=0.14).encode(x=x, x2=ends),
        _chart("rows").mark_rect(fill=colour("band")).encode(x=x, x2=ends, y=y.field("from"), y2="to:Q"),
        _bars(x, ends, y, "low", "pairs", "from", "to", "mean"),
        _chart("call").mark_rule(color=colour("ink"), strokeDash=[3, 3]).encode(x=x),
    )
    return _finished(alt.layer(*layers).properties(width=WIDTH, height=HEIGHT))


def intervals(finding: Finding) -> Spec | None:
    """Intervals between starts on a logarithmic scale, with the period where there is one."""
    if sum(n for _, n in finding.intervals) < LEAST_INTERVALS:
        return None
    rows = [
        {"low": round(10 ** (c / 10), 4), "high": round(10 ** ((c + 1) / 10), 4), "n": n} for c, n in finding.intervals
    ]
    top = max(r["high"] for r in rows)
    period = finding.facts["period_s"]
    period = [{"low": period}] if period and 1 <= period <= max(10, top) else []
    return _intervals(max(10.0, top)) | {"datasets": {"rows": rows, "period": period}}


@cache
def _intervals(top: float) -> Spec:
    ticks = [t for t in INTERVAL_NAMES if t <= top * 1.01]
    # Of a long scale every other tick: labels must not touch.
    ticks = ticks if len(ticks) <= 6 else ticks[:: 2 if len(ticks) <= 9 else 3]
    x = alt.X("low:Q", title="interval between starts on one host, in one run",
              scale=alt.Scale(type="log", nice=False, domain=[1, top]),
              axis=alt.Axis(values=ticks, labelExpr=f"{INTERVAL_LABELS}[datum.value]", grid=False))  # fmt: skip
    y = alt.Y("n:Q", title="intervals", axis=alt.Axis(tickCount=4, tickMinStep=1, format="d"))
    layers = (
        _bars(x, alt.X2("high:Q"), y, "low", "high", "n"),
        _chart("period").mark_rule(color=colour("mining"), strokeDash=[4, 3], strokeWidth=1.6).encode(x=x),
    )
    return _finished(alt.layer(*layers).properties(width=WIDTH, height=HEIGHT))


def hours(finding: Finding) -> Spec | None:
    """Bouts by hour of day, with what an even spread over the observed hours would give behind them."""
    if not finding.hours:
        return None
    total, seen = sum(finding.hours), sum(finding.hours_observed) or 1.0
    rows = [
        {"hour": h, "next": h + 1, "bouts": n, "observed": round(o, 1), "even": round(total * o / seen, 3)}
        for h, (n, o) in enumerate(zip(finding.hours, finding.hours_observed, strict=True))
    ]
    return _hours() | {"datasets": {"rows": rows}}


@cache
def _hours() -> Spec:
    x = alt.X("hour:Q", title="hour of day, UTC", scale=alt.Scale(domain=[0, 24], nice=False),
              axis=alt.Axis(values=[0, 6, 12, 18, 24], grid=False))  # fmt: skip
    y = alt.Y(field="bouts", type="quantitative", title="bouts", axis=alt.Axis(tickCount=4, tickMinStep=1, format="d"))
    ends = alt.X2("next:Q")
    even = _chart("rows").mark_rect(fill=colour("band")).encode(x=x, x2=ends, y=y.field("even"), y2=alt.Y2Datum(0))
    chart = alt.layer(even, _bars(x, ends, y, "hour", "bouts", "even", "observed"))
    return _finished(chart.properties(width=WIDTH, height=HEIGHT))


def _bars(x: alt.X, ends: alt.X2, y: alt.Y, *tips: str) -> alt.Chart:
    """A histogram of `rows`."""
    mark = _chart("rows").mark_rect(fill=colour("accent"), opacity=0.66, stroke=colour("paper"), strokeWidth=0.8)
    made: alt.Chart = mark.encode(x=x, x2=ends, y=y, y2=alt.Y2Datum(0), tooltip=_tips(*tips))
    return made


def _tips(*names: str) -> list[alt.Tooltip]:
    titles = {
        "low": "from", "high": "up to", "from": "chance, low", "to": "chance, high", "mean": "chance, mean",
        "track": "category", "even": "if spread evenly", "observed": "hours observed",
    }  # fmt: skip
    return [alt.Tooltip(field=name, type="nominal", title=titles.get(name, name)) for name in names]


def _chart(rows: str) -> alt.Chart:
    """A layer of the rows that are filled in under this name."""
    return alt.Chart(alt.NamedData(name=rows))


def _finished(chart: Any) -> Spec:
    """The specification, with the page's colours and nothing that a log could have named."""
    ink, muted, line = colour("ink"), colour("muted"), colour("line")
    axis = alt.AxisConfig(
        labelColor=ink, titleColor=muted, titleFontWeight="normal", titleFontSize=11.5, labelFontSize=11,
        domainColor=muted, tickColor=line, gridColor=line, titlePadding=8, labelLimit=200,
    )  # fmt: skip
    spec: Spec = chart.configure(
        background="transparent", aria=False, font="system-ui, sans-serif", view=alt.ViewConfig(stroke=None), axis=axis,
        legend=alt.LegendConfig(labelColor=ink, labelFontSize=12, titleColor=muted),
    ).to_dict()  # fmt: skip
    spec.pop("$schema", None)
    return spec
