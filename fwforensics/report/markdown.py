"""The report as Markdown, for a ticket or a repository, with its charts as SVG files beside it.

Every value is escaped where the template prints it; log lines and commands stand in code blocks whose fences are longer
than any run of backticks in them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from fwforensics.report import drawing, wording
from fwforensics.report.model import Report
from fwforensics.report.pages import specs
from fwforensics.report.sentences import TIERS
from fwforensics.text import safe, visible

SPECIAL = re.compile(r"([\\`*_\[\]|~#@!])")


def render(report: Report, claims: Mapping[str, Any], folder: str) -> tuple[str, dict[str, str]]:
    """The text, and the SVG files that it shows by their names in `folder`."""
    drawn = {f"{name}.svg": drawing.standalone(spec, name) for name, spec in specs(report).items()}
    text = _environment().get_template("report.md.j2").render(
        r=report, tiers=TIERS, folder=Markup(folder.replace(" ", "%20")), drawn=drawn,  # noqa: S704 (a file name)
        claims=Markup(json.dumps(claims, ensure_ascii=True).replace("--", "-\\u002d")),  # noqa: S704 (ASCII JSON)
        captions={
            "lanes": lambda _: wording.lanes_caption(report), "around": wording.around_caption,
            "intervals": wording.intervals_caption, "hours": wording.hours_caption,
        },
    )  # fmt: skip
    return re.sub(r"\n{3,}", "\n\n", text), drawn


def _environment() -> Environment:
    env = Environment(
        loader=PackageLoader("fwforensics.report"), autoescape=True, undefined=StrictUndefined, finalize=_shown,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    env.filters |= {
        "n": wording.number, "count": wording.count, "stamp": wording.stamp, "percent": wording.percent,
        "value": wording.value, "rows": wording.rows, "ends": wording.ends, "evaluability": wording.evaluability,
        "safelist": wording.safelist, "seeds": wording.seeds, "base": wording.base, "code": code, "block": block,
    }  # fmt: skip
    return env


def _shown(value: Any) -> Any:
    """What stands in the text of a value; marked as done, so that it is not escaped for HTML as well."""
    return Markup(escaped(value)) if isinstance(value, str) and not isinstance(value, Markup) else value  # noqa: S704


def escaped(value: str) -> str:
    """Text that no Markdown reader takes for anything else; addresses of the web become no links."""
    text = safe(value).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return SPECIAL.sub(r"\\\1", text).replace("://", r":\/\/").replace("www.", r"www\.")


def code(value: str) -> Markup:
    """A code span, in longer backticks than the text has; a bar is written out, since it would end a table's cell."""
    text = safe(value).replace("|", "\\x7c")
    ticks = "`" * (_longest(text) + 1)
    pad = " " if "`" in text else ""
    return Markup(f"{ticks}{pad}{text}{pad}{ticks}")  # noqa: S704 (a code span)


def block(value: str) -> Markup:
    """A fenced block of lines."""
    text = visible(value)
    fence = "`" * max(3, _longest(text) + 1)
    return Markup(f"{fence}text\n{text}\n{fence}")  # noqa: S704 (a fenced block)


def _longest(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)
