"""What counts as inside, as the analyst's list says it: CSV with cidr and, if given, name and zone.

The same as `fwf networks import`; scopes follow before anything else is asked, so that nothing inside is sent out.
"""

from __future__ import annotations

from collections.abc import Iterator

from fwforensics import queries
from fwforensics.enrich._files import csv, read
from fwforensics.enrich._provider import Option, Provider, Request, Told
from fwforensics.errors import UsageError

ALIASES = {
    "network": "cidr",
    "subnet": "cidr",
    "prefix": "cidr",
    "description": "name",
    "site": "name",
    "scope": "zone",
}


def provide(request: Request) -> Iterator[Told]:
    """Declare the networks of each list."""
    for path in request.given.get("networks", ()):
        for given in read(path):
            rows = csv(given, ("cidr",), ALIASES).to_dicts()
            for row in rows:
                zone = row.get("zone") or "internal"
                if zone not in ("internal", "external"):
                    raise UsageError(f"{zone!r} is no zone", where=path, remedy="write internal or external")
                if row["cidr"]:
                    request.case.add_network(row["cidr"], row.get("name"), zone)
            queries.run_build(request.case, "scopes")
            request.case.execute("UPDATE meta SET derived_dirty = true")
            count = sum(row["cidr"] is not None for row in rows)
            yield Told(source=given.path, as_of=given.changed, asked=len(rows), answered=count)


#: Before all others: what is inside decides what may be asked.
PROVIDER = Provider(
    name="networks",
    title="what counts as inside",
    rank=-1,
    options=(Option(name="networks", many=True, metavar="FILE", help="CSV of networks: cidr, name, zone."),),
    provide=provide,
)
