"""Names of services: which port IANA has registered for what. What listens there may be something else.

Fills `services`, out of the Service Name and Transport Protocol Port Number Registry as it ships with the package.

Reference: https://www.iana.org/assignments/service-names-port-numbers
"""

from __future__ import annotations

from collections.abc import Iterator

from fwforensics.enrich._data import as_of, table
from fwforensics.enrich._provider import Provider, Request, Told


def provide(request: Request) -> Iterator[Told]:
    """Put the registry into `services`, where it is not there yet."""
    day, names = as_of("services"), table("services")
    if request.case.sql("SELECT count(*) FROM services").scalar() != names.height:
        request.case.replace("services", names)
    yield Told(source=f"IANA port registry of {day:%Y-%m-%d}", as_of=day, asked=names.height, answered=names.height)


PROVIDER = Provider(name="services", title="names of services (IANA port registry)", provide=provide)
