"""Known services and ordinary infrastructure: the shipped indicators, and the warning lists that MISP maintains.

The indicators are `queries/knowledge/*.csv`: mining pools, tunnels, anonymizers, drops, each with its documentation.
The warning lists name clouds, content networks, public resolvers and vendors. Both tag addresses and names of the case.

Reference: https://github.com/MISP/misp-warninglists
"""

from __future__ import annotations

from collections.abc import Iterator

from fwforensics import knowledge
from fwforensics.enrich._provider import Provider, Request, Told


def provide(request: Request) -> Iterator[Told]:
    """Match what ships with what the case holds."""
    knowledge.refresh(request.case, tags=False)
    lists, shipped = knowledge.warning_lists(), knowledge.shipped().height
    counted = "SELECT count(DISTINCT indicator) AS n FROM indicator_hits WHERE starts_with(source, ?)"
    for begins, source, height in (
        (knowledge.SHIPPED, "shipped indicators", shipped),
        (knowledge.LISTED, knowledge.warning_lists_state(), lists.height),
    ):
        hits = int(request.case.sql(counted, [begins]).scalar())
        yield Told(
            source=source, asked=height, answered=hits, note="" if height else "pymispwarninglists is not installed",
            state="done" if height else "failed",
        )  # fmt: skip


#: Behind all that brings indicators: what they brought is matched with the rest.
PROVIDER = Provider(name="known", title="shipped indicators and MISP warning lists", rank=90, provide=provide)
