"""Special-purpose addresses: private, shared, documentation, benchmarking, multicast, reserved, transition, anycast.

Out of the IANA IPv4 and IPv6 Special-Purpose Address Registries and the RFCs that they name; the narrowest entry that
holds an address speaks. External addresses get its tag: documentation or reserved space in a log is a misconfiguration,
a forgery, or a range that somebody uses as if it were private.

Reference: https://www.iana.org/assignments/iana-ipv4-special-registry
Reference: https://www.iana.org/assignments/iana-ipv6-special-registry
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from fwforensics import knowledge, queries
from fwforensics.enrich._data import special
from fwforensics.enrich._provider import Provider, Request, Told
from fwforensics.enrich._statements import forget, keep

SOURCE = "IANA special-purpose address registries"
DAY = datetime(2025, 10, 9)  # noqa: DTZ001 (the case holds UTC without saying so)


def provide(request: Request) -> Iterator[Told]:
    """Say of each address which special purpose it has, if any."""
    case = request.case
    entries = special().join(knowledge.spans(special()["cidr"]), left_on="cidr", right_on="value")
    case.temporary("registry", entries.with_row_index("id"))
    for step in ("special_begin", "in_ranges", "special_end"):
        queries.run_build(case, step)
    asked = int(case.sql("SELECT count(*) FROM addresses").scalar())
    forget(case, PROVIDER.name)
    yield Told(source=SOURCE, as_of=DAY, asked=asked, answered=keep(case, PROVIDER.name, SOURCE, DAY))


PROVIDER = Provider(name="special", title="special-purpose ranges (IANA registries)", rank=5, provide=provide)
