"""Reverse DNS: the name that whoever holds an address has given it. A claim of theirs, no proof.

The question goes to the machine's resolver, and from there to the name servers of whoever holds the network: they can
see that somebody asked.
"""

from __future__ import annotations

from datetime import timedelta

from fwforensics.enrich import _dns
from fwforensics.enrich._provider import Answer, Provider, Session, UnknownAddressError

MOST = 5


def lookup(ip: str, session: Session) -> Answer:
    """Ask for the names of one address."""
    import dns.resolver
    import dns.reversename

    resolver = _dns.resolver(session)
    server = f"resolver {resolver.nameservers[0]}"
    session.politeness.wait(server, _dns.RATE)
    try:
        found = resolver.resolve(dns.reversename.from_address(ip), "PTR")
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer) as error:
        raise UnknownAddressError("no name") from error
    names = sorted({r.target.to_text(omit_final_dot=True).lower()[:253] for r in found})
    return Answer(facts=[("ptr", name) for name in names[:MOST]], server=server, raw=names)


PROVIDER = Provider(
    name="ptr",
    title="reverse DNS name",
    rank=15,
    options=(_dns.SERVER,),
    lookup=lookup,
    ready=_dns.ready,
    by_dns=True,
    sent_to="{server}, and by it the name servers of whoever holds the network, who can see the question (DNS)",
    server=("the resolver of this machine", "dns-server"),
    ttl=timedelta(days=7),
)
