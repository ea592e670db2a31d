"""STIX 2.1: a bundle of all patterns.

For each: what was observed, an indicator where the other end is outside, a sighting of it, the ATT&CK technique, and a
note with the verdict.

The same case gives the same bundle: ids are made of the pattern's, times are those of the log and of the last hunt. An
indicator says what was seen, not what is evil: its type is `anomalous-activity`, its confidence follows the tier.

Reference: https://docs.oasis-open.org/cti/stix/v2.1/os/stix-v2.1-os.html
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

from fwforensics import queries
from fwforensics.exports._exporter import Exporter
from fwforensics.store import Case

NAMESPACE = UUID("0c4a2ab9-9d2f-5f0a-8a52-3f4d0c8f5f1e")
#: STIX counts at most so many observations or sightings.
MOST = 999_999_999
#: Addresses and names of one pattern that become objects: a sweep of a /16 is one finding, not 65,536 indicators.
MOST_ENDS = 100
CONFIDENCE = {"A": 85, "B": 65, "C": 40, "D": 15}

Row = Mapping[str, Any]


def _document(case: Case) -> dict[str, object]:
    import stix2  # a second, and for this export alone

    rows = queries.listing(case, "export-stix").to_dicts()
    made = _utc(rows[0]["hunted_at"]) if rows and rows[0]["hunted_at"] else datetime(1970, 1, 1, tzinfo=UTC)
    tool = stix2.Identity(
        id=_id("identity", "fwforensics"), created=made, modified=made, name="fwforensics", identity_class="system"
    )
    objects: dict[str, Any] = {tool.id: tool}
    for row in rows:
        for thing in _of_pattern(row, made, tool.id):
            objects.setdefault(thing.id, thing)
    bundle = stix2.Bundle(
        id=_id("bundle", "|".join(sorted(objects))), objects=list(objects.values()), allow_custom=False
    )
    document: dict[str, object] = json.loads(bundle.serialize())
    return document


def _of_pattern(row: Row, made: datetime, tool: str) -> Iterator[Any]:
    """The objects of one pattern."""
    import stix2

    common = {"created": made, "modified": made, "created_by_ref": tool}
    first, last = _utc(row["first_ts"]), _utc(row["last_ts"])
    ends = list(_ends(row))
    observables = [*ends, *_traffic(row, ends)]
    yield from observables
    about: list[str] = []
    if observables:
        observed = stix2.ObservedData(
            id=_id("observed-data", row["pattern_id"]), first_observed=first, last_observed=last,
            number_observed=min(max(row["n_connections"], 1), MOST), object_refs=[o.id for o in observables], **common,
        )  # fmt: skip
        yield observed
        about.append(observed.id)
    techniques = [_technique(t, common) for t in row["technique"] or ()]
    yield from techniques
    about += [t.id for t in techniques]
    if ends:
        indicator = _indicator(row, ends, first, common)
        yield indicator
        yield stix2.Sighting(
            id=_id("sighting", row["pattern_id"]), sighting_of_ref=indicator.id, first_seen=first, last_seen=last,
            count=min(row["n_bouts"], MOST), observed_data_refs=about[:1], where_sighted_refs=[tool], **common,
        )  # fmt: skip
        for technique in techniques:
            yield stix2.Relationship(
                id=_id("relationship", f"{indicator.id} {technique.id}"), relationship_type="indicates",
                source_ref=indicator.id, target_ref=technique.id, **common,
            )  # fmt: skip
        about.append(indicator.id)
    yield _note(row, about or [tool], common)


def _ends(row: Row) -> Iterator[Any]:
    """The other ends that lie outside, by address and by name."""
    import stix2

    for ip in (row["outside"] or [])[:MOST_ENDS]:
        kind = stix2.IPv4Address if ipaddress.ip_address(ip).version == 4 else stix2.IPv6Address
        yield kind(value=ip)
    for name in (row["names"] or [])[:MOST_ENDS]:
        yield stix2.DomainName(value=name)


def _traffic(row: Row, ends: list[Any]) -> Iterator[Any]:
    """What went there: a network-traffic object for each service, to the first address, or from the first host."""
    import stix2

    addresses = [e for e in ends if e.type != "domain-name"]
    sources = [
        (stix2.IPv4Address if ipaddress.ip_address(h).version == 4 else stix2.IPv6Address)(value=h)
        for h in (row["hosts"] or [])[:MOST_ENDS]
    ]
    yield from sources
    if not sources:
        return
    for service in (row["services"] or [])[:MOST_ENDS]:
        ports = {} if service["port"] is None else {"dst_port": service["port"]}
        to = {"dst_ref": addresses[0].id} if addresses else {}
        yield stix2.NetworkTraffic(src_ref=sources[0].id, protocols=[service["protocol"]], **to, **ports)


def _indicator(row: Row, ends: list[Any], first: datetime, common: Mapping[str, Any]) -> Any:
    import stix2

    parts = [f"{e.type}:value = '{_quoted(e.value)}'" for e in ends]
    return stix2.Indicator(
        id=_id("indicator", row["pattern_id"]), name=f"{row['pattern_id']}: {row['target']} {row['service']}",
        description=row["verdict"], pattern="[" + " OR ".join(parts) + "]", pattern_type="stix", valid_from=first,
        indicator_types=["anomalous-activity"], labels=sorted({row["category"], *row["detections"]}),
        confidence=CONFIDENCE.get(row["tier"], 15), **common,
    )  # fmt: skip


def _technique(technique: str, common: Mapping[str, Any]) -> Any:
    """The ATT&CK technique, by its id: what it says stands there."""
    import stix2

    reference = {
        "source_name": "mitre-attack", "external_id": technique,
        "url": f"https://attack.mitre.org/techniques/{technique.replace('.', '/')}",
    }  # fmt: skip
    return stix2.AttackPattern(
        id=_id("attack-pattern", technique), name=technique, external_references=[reference], **common
    )


def _note(row: Row, about: list[str], common: Mapping[str, Any]) -> Any:
    import stix2

    exposed = "not observable" if row["runs_exposed"] is None else f"{row['runs_hit']} of {row['runs_exposed']} runs"
    content = "\n".join([
        row["verdict"] or "",
        f"Runs: {exposed}. Bouts: {row['n_bouts']}. Timing: {row['timing']}. Attribution: {row['attribution']}.",
        f"Coincides with: {row['coincides_with'] or 'nothing that stands after all tests'}.",
        f"Prove it: fwf evidence {row['pattern_id']}",
    ])  # fmt: skip
    return stix2.Note(
        id=_id("note", row["pattern_id"]), abstract=f"{row['pattern_id']}, tier {row['tier']}", content=content,
        object_refs=about, **common,
    )  # fmt: skip


def _id(kind: str, key: str) -> str:
    return f"{kind}--{uuid5(NAMESPACE, f'{kind}:{key}')}"


def _quoted(text: str) -> str:
    """A string of a STIX pattern: what an attacker names must not end it."""
    return text.replace("\\", "\\\\").replace("'", "\\'")


def _utc(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC)


EXPORTER = Exporter(
    name="stix",
    title="STIX 2.1 bundle",
    reference="https://docs.oasis-open.org/cti/stix/v2.1/os/stix-v2.1-os.html",
    suffixes=(".json",),
    sources=("patterns",),
    document=_document,
)
