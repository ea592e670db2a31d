"""The report as one HTML file that asks nobody for anything.

Everything that is printed is escaped (Jinja's autoescape), and before that control characters and direction marks are
written out. What may run is named by its hash in the content security policy; nothing else may, were it to get in.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from fwforensics.report import charts, drawing, wording
from fwforensics.report.charts import Spec
from fwforensics.report.model import Report, as_plain
from fwforensics.report.sentences import TIERS
from fwforensics.text import visible

#: The page's colours in the dark; the ones in the light are `charts.COLOURS`.
DARK = {
    "ink": "#e7ebf2", "muted": "#a9b3c4", "line": "#364154", "paper": "#171d27", "soft": "#232c3a", "accent": "#79b8f5",
    "band": "#465468", "mining": "#ff938a", "tunnel": "#79b8f5", "probe": "#f0b568", "metadata": "#dba6ec",
    "upload": "#60d2bf", "policy": "#b3bccb", "other": "#a8d08d", "page": "#0f141b",
}  # fmt: skip
LIGHT = {**charts.COLOURS, "page": "#f4f6f9"}


def specs(report: Report) -> dict[str, Spec]:
    """The charts of a report, by name."""
    found = {"lanes": charts.lanes(report.lanes, report.runs)}
    for finding in report.findings:
        drawn = {
            "around": charts.around(finding),
            "intervals": charts.intervals(finding),
            "hours": charts.hours(finding),
        }
        found |= {f"{finding.finding}-{kind}": spec for kind, spec in drawn.items()}
    return {name: spec for name, spec in found.items() if spec is not None}


def render(report: Report, claims: Mapping[str, Any]) -> str:
    """The whole file."""
    drawn = specs(report)
    style = _style()
    scripts = [drawing.program(), _asset("report.js")]
    return _environment().get_template("report.html.j2").render(
        r=report,
        style=Markup(style),  # noqa: S704 (our own file)
        scripts=[Markup(s) for s in scripts],  # noqa: S704 (our own files)
        policy=_policy(style, scripts),
        charts=_Charts({name: Markup(drawing.svg(spec, name)) for name, spec in drawn.items()}),  # noqa: S704 (checked)
        specs=data(drawn),
        claims=data(claims),
        tiers=TIERS,
        categories=[c for c in charts.CATEGORIES if any(f.facts["category"] == c for f in report.findings)],
        lanes_caption=wording.lanes_caption(report),
        around_caption=wording.around_caption,
        intervals_caption=wording.intervals_caption,
        hours_caption=wording.hours_caption,
    )  # fmt: skip


class _Charts(dict[str, Markup]):
    """Drawings by name; of those that there are none of, nothing."""

    def __missing__(self, _name: str) -> Markup:
        return Markup("")


def _environment() -> Environment:
    env = Environment(
        loader=PackageLoader("fwforensics.report"), autoescape=True, undefined=StrictUndefined, finalize=_shown,
        trim_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    env.filters |= {
        "n": wording.number, "count": wording.count, "stamp": wording.stamp, "percent": wording.percent,
        "value": wording.value, "rows": wording.rows, "ends": wording.ends, "evaluability": wording.evaluability,
        "safelist": wording.safelist, "seeds": wording.seeds, "short": wording.short, "base": wording.base,
    }  # fmt: skip
    env.tests["moment"] = lambda v: isinstance(v, datetime)
    return env


def _shown(value: Any) -> Any:
    """What stands on the page of a value."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def data(value: Any) -> Markup:
    """JSON that can stand in a script element: nothing in it ends the element, or begins a comment."""
    text = json.dumps(as_plain(value), ensure_ascii=True, separators=(",", ":"), sort_keys=True)
    return Markup(text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))  # noqa: S704 (escaped)


def _asset(name: str) -> str:
    return files("fwforensics.report").joinpath("templates", name).read_text(encoding="utf-8")


def _style() -> str:
    """The style sheet with the colours in front, the dark ones where they are wanted, and plain ones in print."""
    light, dark = (";".join(f"--{k}:{v}" for k, v in colours.items()) for colours in (LIGHT, DARK))
    return (
        f":root{{color-scheme:light;{light}}}\n"
        f"@media screen and (prefers-color-scheme:dark){{:root:not([data-theme=light]){{color-scheme:dark;{dark}}}}}\n"
        f"@media screen{{:root[data-theme=dark]{{color-scheme:dark;{dark}}}}}\n{_asset('style.css')}"
    )


def _policy(style: str, scripts: list[str]) -> str:
    """Only what is named by its hash may run; nothing may be fetched, framed or sent."""

    def digest(text: str) -> str:
        return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"

    allowed = " ".join(map(digest, scripts))
    return (
        f"default-src 'none'; script-src {allowed}; style-src {digest(style)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
