"""Whom a network is registered for, as its regional registry says now: RDAP, through ipwhois.

Network, name, registrant, abuse contact, country, and when it was registered and last changed: a network that was
changed after the incident may have been somebody else's then. ARIN's bootstrap server is asked first and redirects to
the registry that knows. HTTPS only; a proxy carries it all.

Reference: https://www.rfc-editor.org/rfc/rfc9083
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fwforensics.enrich import _http
from fwforensics.enrich._provider import Answer, BusyError, Option, Provider, Session, UnknownAddressError

ARIN = "https://rdap-bootstrap.arin.net/bootstrap"
EVENTS = {"registration": "registered", "last changed": "changed"}


def lookup(ip: str, session: Session) -> Answer:
    """Ask the registries about one address."""
    import ipwhois
    from ipwhois import exceptions as trouble

    _point(session.given.get("rdap-server"))
    _http.trouble.clear()
    try:
        client = ipwhois.IPWhois(ip, timeout=session.timeout, proxy_opener=_http.opener(session))
        found = client.lookup_rdap(
            bootstrap=True, inc_nir=False, inc_raw=True, depth=0, retry_count=0, rate_limit_timeout=0,
            root_ent_check=False,
        )  # fmt: skip
    except trouble.IPDefinedError as error:
        raise UnknownAddressError(str(error)) from error
    except trouble.HTTPRateLimitError as error:
        raise BusyError(f"{_http.trouble.server} limits the rate", _http.trouble.wait) from error
    except trouble.BaseIpwhoisException as error:
        raise _meant() from error
    return Answer(facts=list(facts(found)), server=_http.trouble.server, raw=found["raw"])


def _point(server: str | None) -> None:
    """Ask the server that was given, else ARIN's: ipwhois has one place for all."""
    from ipwhois import rdap as client

    client.BOOTSTRAP_URL = (server or ARIN).rstrip("/")


def _meant() -> Exception:
    """What happened, of which ipwhois says only that it did."""
    noted = _http.trouble.error
    if isinstance(noted, BusyError | _http.StoppedError):
        return noted
    if getattr(noted, "code", None) == 404:
        return UnknownAddressError(f"{_http.trouble.server} knows no such network")
    if getattr(noted, "code", None) in _http.LATER:
        return BusyError(f"{_http.trouble.server} is busy", _http.trouble.wait)
    if noted is None:
        return ValueError(f"what {_http.trouble.server} answered is no RDAP")
    return RuntimeError(f"{_http.trouble.server}: {getattr(noted, 'reason', None) or noted}")


def facts(found: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What an answer says, as keys and values."""
    network, raw = found["network"] or {}, found["raw"] or {}
    cidr = network.get("cidr") or f"{network.get('start_address')} - {network.get('end_address')}"
    yield "network", str(cidr)
    for key, name in (("network_name", "name"), ("country", "country"), ("handle", "handle")):
        if network.get(name):
            yield key, str(network[name])[:300]
    for event in network.get("events") or ():
        if isinstance(event, dict) and event.get("action") in EVENTS and event.get("timestamp"):
            yield EVENTS[event["action"]], str(event["timestamp"])
    people = list(_entities(raw))
    for key, role, field in (("registrant", "registrant", "fn"), ("abuse", "abuse", "email")):
        names = [_vcard(e, field) for e in people if role in (e.get("roles") or ())]
        if value := next(filter(None, names), None):
            yield key, value[:300]


def _entities(value: Any, depth: int = 0) -> Iterator[dict[str, Any]]:
    """All entities of an answer, those of entities too."""
    listed = value.get("entities") if isinstance(value, dict) else None
    for entity in listed if isinstance(listed, list) and depth < 5 else ():
        if isinstance(entity, dict):
            yield entity
            yield from _entities(entity, depth + 1)


def _vcard(entity: dict[str, Any], field: str) -> str | None:
    """A field of a contact."""
    card = entity.get("vcardArray")
    rows = card[1] if isinstance(card, list) and len(card) > 1 and isinstance(card[1], list) else []
    for row in rows:
        if isinstance(row, list) and len(row) > 3 and row[0] == field and row[3]:
            return str(row[3])
    return None


PROVIDER = Provider(
    name="rdap",
    title="registration of the network (RDAP): registrant, abuse contact, dates",
    rank=20,
    options=(
        Option(name="rdap-server", metavar="URL", help="RDAP server to ask in place of ARIN's bootstrap server."),
    ),
    lookup=lookup,
    ready=_http.unusable_proxy,
    sent_to="{server}, and the registry that it redirects to",
    server=("ARIN's RDAP bootstrap server (HTTPS)", "rdap-server"),
)
