"""Resolvers of those who ask by DNS: that of the machine, or the one that was given."""

from __future__ import annotations

from typing import Any

from fwforensics.enrich._provider import Option, Session
from fwforensics.errors import UsageError

#: Questions a second: a resolver is made for more than a registry.
RATE = 20.0
SERVER = Option(name="dns-server", metavar="ADDRESS[:PORT]", help="Resolver to ask in place of the machine's own.")


def resolver(session: Session) -> Any:
    """A resolver for a session."""
    import dns.resolver

    given = session.given.get("dns-server")
    made = dns.resolver.Resolver(configure=not given)
    made.timeout = made.lifetime = session.timeout
    if given:
        host, _, port = str(given).partition(":") if str(given).count(":") == 1 else (given, "", "")
        try:
            made.nameservers, made.port = [host], int(port or 53)
        except ValueError as error:
            raise UsageError(f"{given!r} is no resolver", remedy="give an address such as 192.0.2.53") from error
    return made


def ready(session: Session) -> str | None:
    """Why nobody can be asked, where that is so."""
    import dns.exception

    try:
        resolver(session)
    except (dns.exception.DNSException, UsageError) as error:
        return f"no resolver: {getattr(error, 'message', None) or str(error)}"
    return None
