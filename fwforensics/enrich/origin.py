"""Who announces an address now: autonomous system, prefix and date of allocation, by Team Cymru's DNS service.

Asked through ipwhois. The question goes to the machine's resolver, and from there to Team Cymru, not to the network
that is asked about.

Reference: https://www.team-cymru.com/ip-asn-mapping
"""

from __future__ import annotations

from fwforensics.enrich import _dns
from fwforensics.enrich._provider import Answer, Provider, Session, UnknownAddressError

#: What ipwhois calls it → key.
KEYS = {
    "asn": "asn", "asn_description": "as_name", "asn_cidr": "prefix", "asn_country_code": "country",
    "asn_date": "allocated", "asn_registry": "registry",
}  # fmt: skip


def lookup(ip: str, session: Session) -> Answer:
    """Ask for the origin of one address."""
    from ipwhois import exceptions as trouble
    from ipwhois.asn import IPASN
    from ipwhois.net import Net

    resolver = _dns.resolver(session)
    server = f"Team Cymru by resolver {resolver.nameservers[0]}"
    session.politeness.wait(server, _dns.RATE)
    net = Net(ip, timeout=session.timeout)
    net.dns_resolver = resolver
    try:
        found = IPASN(net).lookup(asn_methods=["dns"], retry_count=0)
    except trouble.IPDefinedError as error:
        raise UnknownAddressError(str(error)) from error
    except trouble.ASNRegistryError as error:
        if "NXDOMAIN" in str(error.__context__):
            raise UnknownAddressError("nobody announces it") from error
        raise
    said = {KEYS[k]: str(v).split()[0] if k == "asn" else str(v) for k, v in found.items() if k in KEYS and v}
    facts = [(key, value[:300]) for key, value in said.items() if value not in ("NA", "None")]
    return Answer(facts=facts, server=server, raw=found)


PROVIDER = Provider(
    name="origin",
    title="AS that announces the address now (Team Cymru)",
    rank=25,
    options=(_dns.SERVER,),
    lookup=lookup,
    ready=_dns.ready,
    by_dns=True,
    sent_to="{server}, and by it Team Cymru (DNS)",
    server=("the resolver of this machine", "dns-server"),
)
