"""Databases in MaxMind's format that the analyst has: MaxMind, IPinfo, DB-IP, or any other layout.

What means an AS, a country, a network or an anonymizer is known under the names that these publishers use; every other
field of a record becomes a statement under its own path, such as `city.names.en`. The day is the one that the database
says it was built on.

Reference: https://maxmind.github.io/MaxMind-DB/
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from fwforensics import queries
from fwforensics.enrich._files import require
from fwforensics.enrich._provider import Option, Provider, Request, Told
from fwforensics.enrich._statements import keep
from fwforensics.errors import UsageError

#: What publishers call it → key. Of several fields of a key the first one that a record has counts.
KEYS = {
    "autonomous_system_number": "asn", "asn": "asn", "as_number": "asn", "traits.autonomous_system_number": "asn",
    "autonomous_system_organization": "as_name", "as_name": "as_name", "as_organization": "as_name", "name": "as_name",
    "traits.autonomous_system_organization": "as_name", "asn.name": "as_name", "asn.asn": "asn", "as.asn": "asn",
    "as.name": "as_name",
    "country_code": "country", "country.iso_code": "country", "country.code": "country", "country": "country",
    "geo.country_code": "country", "registered_country.iso_code": "registered_country",
    "organization": "registrant", "traits.organization": "registrant", "isp": "isp", "traits.isp": "isp",
}  # fmt: skip
#: Flags of anonymizer databases → tag.
TAGS = {
    "is_tor_exit_node": "tor", "tor": "tor", "is_anonymous_vpn": "vpn", "vpn": "vpn", "is_public_proxy": "proxy",
    "is_residential_proxy": "proxy", "proxy": "proxy", "relay": "proxy", "is_hosting_provider": "hosting",
    "hosting": "hosting", "is_satellite": "satellite", "is_anycast": "anycast", "is_mobile": "mobile",
}  # fmt: skip
#: Of no use to an analyst.
LEFT_OUT = ("geoname_id", "confidence", "is_in_european_union", "weather_code", "metro_code")


def provide(request: Request) -> Iterator[Told]:
    """Look all external addresses up in each database."""
    for path in request.given.get("mmdb", ()):
        yield _one(request, path)


def _one(request: Request, path: str) -> Told:
    import maxminddb

    try:
        with maxminddb.open_database(str(require(path))) as opened:
            meta = opened.metadata()
            built = datetime.fromtimestamp(meta.build_epoch, UTC).replace(tzinfo=None)
            source = f"{Path(path).name} ({meta.database_type}, built {built:%Y-%m-%d})"
            asked = request.case.sql("SELECT ip, version FROM addresses WHERE scope = 'external' ORDER BY ip_key").pl()
            usable = asked if meta.ip_version == 6 else asked.filter(version=4)
            facts, places = _look_up(opened, usable["ip"])
    except (maxminddb.InvalidDatabaseError, UnicodeDecodeError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"this is no MaxMind database, or a damaged one: {error}", where=path) from error
    request.case.temporary("facts", facts)
    request.case.temporary("places", places)
    queries.run_build(request.case, "said_facts")
    note = "" if usable.height == asked.height else "it knows IPv4 only"
    answered = keep(request.case, PROVIDER.name, source, built)
    return Told(source=source, as_of=built, asked=asked.height, answered=answered, note=note)


def _look_up(opened: Any, asked: pl.Series) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Facts of each record that was found, and which address has which record: records are read once."""
    known: dict[str, int] = {}
    facts: list[tuple[int, str, str]] = []
    found: list[int | None] = []
    for ip in asked:
        record = opened.get(ip)
        if record is None:
            found.append(None)
            continue
        text = repr(record)
        if text not in known:
            known[text] = len(known)
            facts += [(known[text], key, value) for key, value in statements(record)]
        found.append(known[text])
    shown = pl.DataFrame(facts, schema={"id": pl.Int64, "key": pl.String, "value": pl.String}, orient="row")
    return shown, pl.DataFrame({"ip": asked, "id": pl.Series(found, dtype=pl.Int64)}).drop_nulls()


def statements(record: Any) -> list[tuple[str, str]]:
    """What a record says, as keys and values."""
    leaves = dict(_leaves(record, ""))
    said: dict[str, str] = {}
    tags = {
        TAGS[leaf] for path, value in leaves.items() if (leaf := path.rpartition(".")[2]) in TAGS and _is_set(value)
    }
    for path, key in KEYS.items():
        if (value := leaves.pop(path, None)) not in (None, ""):
            said.setdefault(key, _plain(key, str(value)))
    said |= {path: str(value)[:300] for path, value in leaves.items() if path.rpartition(".")[2] not in TAGS}
    return [*((k, v) for k, v in said.items() if v), *(("tag", tag) for tag in sorted(tags))]


def _leaves(value: Any, path: str) -> Iterable[tuple[str, Any]]:
    """Fields of a record by path; of names in several languages the English one."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in LEFT_OUT or (path.endswith("names.") and name != "en"):
                continue
            yield from _leaves(inner, f"{path}{name}.")
    elif isinstance(value, list):
        for i, inner in enumerate(value[:4]):
            yield from _leaves(inner, f"{path}{i}.")
    elif path:
        yield path[:-1], value


def _plain(key: str, value: str) -> str:
    """AS numbers as numbers; a country only where it is a code."""
    if key == "asn":
        digits = value.upper().removeprefix("AS").strip()
        return digits if digits.isdigit() else ""
    if key == "country":
        return value.upper() if len(value) == 2 else ""
    return value[:300]


def _is_set(value: Any) -> bool:
    return value is True or str(value).lower() in ("true", "1", "yes")


PROVIDER = Provider(
    name="mmdb",
    title="databases that the analyst has (MaxMind, IPinfo, DB-IP, …)",
    rank=30,
    options=(Option(name="mmdb", many=True, metavar="FILE", help="Database in MaxMind's format, of any publisher."),),
    provide=provide,
)
