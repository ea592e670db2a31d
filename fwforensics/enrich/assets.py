"""The analyst's own list of machines: who they are, whose, and what for.

A CSV with a header; `ip` (or `address`, `cidr`, `network`) is needed, `name`, `owner`, `role` and any other column
become statements under their names. A row with a network speaks for all addresses of the case in it, the narrowest for
what several say. `role` is a tag, too. A file that is given again replaces what it said before.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from fwforensics import knowledge, queries
from fwforensics.enrich._files import Given, csv, read
from fwforensics.enrich._provider import Option, Provider, Request, Told
from fwforensics.enrich._statements import forget, keep
from fwforensics.errors import UsageError

ALIASES = {
    "address": "ip", "ip_address": "ip", "addr": "ip", "cidr": "ip", "network": "ip", "subnet": "ip", "host": "name",
    "hostname": "name", "host_name": "name", "fqdn": "name", "contact": "owner", "team": "owner", "function": "role",
    "purpose": "role", "type": "role",
}  # fmt: skip


def provide(request: Request) -> Iterator[Told]:
    """Read each list."""
    for path in request.given.get("assets", ()):
        for given in read(path):
            frame = csv(given, ("ip",), ALIASES)
            if frame.width < 2:
                raise UsageError(
                    "the list says nothing of its addresses", where=path, remedy="give name, owner or role"
                )
            yield _one(request, given, frame)


def _one(request: Request, given: Given, frame: pl.DataFrame) -> Told:
    case = request.case
    rows = frame.with_row_index("id").join(knowledge.spans(frame["ip"].unique()), left_on="ip", right_on="value")
    good = rows.filter(pl.col("low").is_not_null())
    said = good.select(pl.exclude("ip", "low", "high")).unpivot(index="id", variable_name="key", value_name="value")
    tags = said.filter(key="role").with_columns(key=pl.lit("tag"))
    case.temporary("entries", good.select("id", "low", "high"))
    case.temporary("facts", pl.concat([said, tags]).drop_nulls())
    for step in ("assets_begin", "in_ranges", "assets_end"):
        queries.run_build(case, step)
    forget(case, PROVIDER.name, given.path)
    left = rows.height - good.height
    answered = keep(case, PROVIDER.name, given.path, given.changed)
    note = f"{answered} addresses of the case are in it" + (f"; {left} rows have no address" if left else "")
    state = "partial" if left else "done"
    return Told(
        source=given.path, as_of=given.changed, asked=frame.height, answered=good.height, note=note, state=state
    )


PROVIDER = Provider(
    name="assets",
    title="the analyst's list of machines: name, owner, role",
    rank=50,
    options=(
        Option(name="assets", many=True, metavar="FILE", help="CSV of machines: ip or cidr, name, owner, role, …"),
    ),
    provide=provide,
)
