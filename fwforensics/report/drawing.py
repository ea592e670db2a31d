"""Charts as SVG, without a browser and without network; and the program that draws them again in the page.

An SVG stands in the page itself: it gets ids of its own, and the page's colours. What is not an SVG of shapes and texts
is refused: charts hold no scripts, links or foreign elements.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import vl_convert

from fwforensics.errors import FwfError
from fwforensics.report.charts import COLOURS, HATCH, Spec

#: Elements that a chart is made of.
SHAPES = {"svg", "g", "path", "line", "rect", "text", "tspan", "defs", "clipPath", "pattern", "circle", "title"}
HATCH_PATTERN = (
    '<defs><pattern id="{id}" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect width="6" height="6" fill="var(--paper)"/><line y2="6" stroke="var(--muted)" stroke-width="2"/>'
    "</pattern></defs>"
)
LICENCE = (
    "/* Vega, Vega-Lite, Vega-Embed and the modules that they are built of: Copyright (c) University of Washington "
    "Interactive Data Lab and contributors, BSD 3-Clause and compatible licences, https://github.com/vega */\n"
)


@cache
def version() -> str:
    """The newest Vega-Lite that the renderer knows."""
    return str(vl_convert.get_vegalite_versions()[-1])


def svg(spec: Spec, name: str) -> str:
    """A chart as SVG for the page; `name` makes its ids unique."""
    drawn = vl_convert.vegalite_to_svg(spec, vl_version=version())
    drawn = re.sub(
        r' (?:pointer-events="none"|opacity="1"|xmlns:xlink="[^"]*"|class="[^"]*"|aria-[a-z]+="[^"]*")', "", drawn
    )
    drawn = re.sub(r' role="[^"]*"', "", drawn)
    drawn = re.sub(r'<path d="M0,0h0v0h0Z"/>|<path d="" display="none"/>|<path d=""/>', "", drawn)
    drawn = _own_ids(drawn, name)
    if HATCH.removesuffix(")").removeprefix("url(#") in drawn:
        drawn = drawn.replace(HATCH, f"url(#{name}-hatch)")
        drawn = drawn.replace(">", f">{HATCH_PATTERN.format(id=f'{name}-hatch')}", 1)
    if strange := set(re.findall(r"<([A-Za-z][^\s/>]*)", drawn)) - SHAPES:
        raise FwfError(f"a chart holds {', '.join(sorted(strange))}", remedy="this should not happen; please report it")
    return drawn


def _own_ids(drawn: str, name: str) -> str:
    """Ids counted anew in each chart: the same chart gives the same bytes."""
    known: dict[str, str] = {}
    for found in re.findall(r'id="([^"]+)"', drawn):
        known.setdefault(found, f"{name}-{len(known)}")
    for old, new in known.items():
        drawn = drawn.replace(f'id="{old}"', f'id="{new}"').replace(f"url(#{old})", f"url(#{new})")
    return drawn


def standalone(spec: Spec, name: str) -> str:
    """A chart as a file of its own, on white."""
    drawn = svg(spec, name)
    drawn = re.sub(r"var\(--(\w+)\)", lambda m: COLOURS[m[1]], drawn)
    return drawn.replace(">", '><rect width="100%" height="100%" fill="#ffffff"/>', 1) + "\n"


@cache
def program() -> str:
    """Vega, Vega-Lite and Vega-Embed as one script that needs nothing else."""
    bundle: Any = vl_convert.javascript_bundle("globalThis.vegaEmbed = vegaEmbed;", vl_version=version())
    return LICENCE + str(bundle).replace("</script", r"<\/script").replace("<!--", r"\x3c!--")
