"""Whom an address belongs to: autonomous system, its name, and the country it is registered for, offline.

A table that ships with the package, made of routing data and the statistics of the regional registries; `NOTICE` says
of whom and of which day. It is as old as the release: what a network was a year before or after, it does not know. The
country is where the network is registered, or where its operator's geofeed places it; no proof of where a machine is.
IPv6 is known down to a /64.
"""

from __future__ import annotations

from collections.abc import Iterator

from fwforensics import queries
from fwforensics.enrich._data import as_of, table
from fwforensics.enrich._provider import Provider, Request, Told
from fwforensics.enrich._statements import keep


def provide(request: Request) -> Iterator[Told]:
    """Look up all external addresses that this edition of the table has not been asked for."""
    case, day = request.case, as_of("networks")
    source = f"shipped table of {day:%Y-%m-%d} (DB-IP, RouteViews, NRO)"
    case.temporary("steps", table("networks"))
    queries.run_build(case, "said_registered", {"provider": PROVIDER.name, "source": source})
    asked = int(case.sql("SELECT count(*) FROM asked").scalar())
    case.execute("DROP TABLE asked")
    yield Told(source=source, as_of=day, asked=asked, answered=keep(case, PROVIDER.name, source, day))


PROVIDER = Provider(name="registered", title="AS, its name and country (shipped table)", rank=10, provide=provide)
