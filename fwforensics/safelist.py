"""What the analyst has accepted: applied at query time, with reason, owner and expiry; counted, never dropped."""

from __future__ import annotations

import hashlib
import ipaddress
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import polars as pl

from fwforensics import queries
from fwforensics.errors import UsageError
from fwforensics.schema import TABLES, WORDS
from fwforensics.store import Case, network_range, now

FIELDS = tuple(TABLES["safelist"].dtypes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that is accepted.

    Attributes:
        kind: address, cidr, domain (with what is below it), port or detection.
        value: the thing, in its canonical form.
        side: which end an address or network must be: client, server or either.
        port: only to this port.
        detection: only what this detection marked.
    """

    kind: str
    value: str
    side: str | None = None
    port: int | None = None
    detection: str | None = None
    reason: str | None = None
    owner: str | None = None
    expires_at: datetime | None = None

    @property
    def entry_id(self) -> str:
        """Stable: the same acceptance has the same id."""
        key = "|".join(str(p) for p in (self.kind, self.value, self.side, self.port, self.detection))
        return f"S-{hashlib.sha256(key.encode()).hexdigest()[:12]}"

    def row(self) -> dict[str, Any]:
        """The entry as the table holds it."""
        low, high = network_range(self.value)[1:] if self.kind in ("address", "cidr") else (None, None)
        return {**asdict(self), "entry_id": self.entry_id, "added_at": now(), "low": low, "high": high}


def entry(value: str, *, kind: str | None = None, side: str | None = None, **more: Any) -> Entry:
    """An entry of what a user wrote; the kind follows from the value unless it is given."""
    chosen = kind or _kind(value)
    if chosen not in WORDS["safelist_kind"]:
        raise UsageError(f"{chosen!r} is no kind of entry", remedy=f"known: {', '.join(WORDS['safelist_kind'])}")
    ended = chosen in ("address", "cidr")
    if side is not None and not ended:
        raise UsageError("--side is for addresses and networks")
    if side is not None and side not in WORDS["side"]:
        raise UsageError(f"{side!r} is no side", remedy=f"known: {', '.join(WORDS['side'])}")
    for name in filter(None, (more.get("detection"), value if chosen == "detection" else None)):
        _require_detection(name)
    return Entry(kind=chosen, value=_canonical(chosen, value), side=(side or "either") if ended else None, **more)


def _kind(value: str) -> str:
    """What a value is: a network, an address, a port, a detection, else a name."""
    head = value.partition("/")[0]
    try:
        ipaddress.ip_address(head)
    except ValueError:
        if head.isdigit():
            return "port"
        return "domain" if "." in value else "detection"
    return "cidr" if "/" in value else "address"


def _canonical(kind: str, value: str) -> str:
    if kind in ("address", "cidr"):
        text = network_range(value)[0]
        return text.rpartition("/")[0] if kind == "address" else text
    if kind == "port":
        number, _, protocol = value.lower().partition("/")
        if not number.isdigit() or not 0 < int(number) < 65536:
            raise UsageError(f"{value!r} is no port", remedy="give one like 3333 or 514/udp")
        return f"{int(number)}/{protocol}" if protocol else str(int(number))
    return value.lower().strip(".").removeprefix("*.") if kind == "domain" else value


def _require_detection(name: str) -> None:
    known = {q.name for q in queries.library().values() if q.kind == "detection"}
    if name not in known:
        raise UsageError(f"there is no detection {name!r}", remedy="see: fwf queries")


def add(case: Case, new: Entry) -> str:
    """Accept something, or renew an acceptance; what the last hunt found is hidden or shown accordingly at once."""
    with case.transaction():
        case.execute("DELETE FROM safelist WHERE entry_id = ?", [new.entry_id])
        case.append("safelist", _frame(new))
        apply(case)
        case.log("safelist add", new.row(), 1, 0.0)
    return new.entry_id


def remove(case: Case, entry_id: str) -> None:
    """Take an acceptance back."""
    if not case.sql("SELECT count(*) FROM safelist WHERE entry_id = ?", [entry_id]).scalar():
        raise UsageError(f"there is no entry {entry_id}", remedy="see: fwf safelist")
    with case.transaction():
        case.execute("DELETE FROM safelist WHERE entry_id = ?", [entry_id])
        apply(case)
        case.log("safelist remove", {"entry_id": entry_id}, 1, 0.0)


def mark(case: Case) -> None:
    """Work out which of the `marked` connections the entries in force accept, into `accepted`."""
    _match(case, case.sql("SELECT * FROM safelist WHERE expires_at IS NULL OR expires_at > ?", [now()]).pl())


def apply(case: Case) -> None:
    """Bring `suppressed_by` of violations and patterns in line with the safelist as it is now."""
    queries.run_build(case, "remarked")
    mark(case)
    queries.run_build(case, "resuppressed")
    queries.run_build(case, "suppressed")


def test(case: Case, new: Entry) -> pl.DataFrame:
    """What an entry would have hidden of the last hunt: one row a pattern."""
    queries.run_build(case, "remarked")
    _match(case, _frame(new))
    return queries.listing(case, "safelist-test")


def hidden(case: Case) -> dict[str, int]:
    """How much of the last hunt the entries in force hide: `violations`, `patterns`."""
    return next(iter(queries.listing(case, "hidden", moment=now()).to_dicts()))


def _match(case: Case, entries: pl.DataFrame) -> None:
    # Row by row: a case that is open for reading takes no frames.
    case.execute("CREATE OR REPLACE TEMP TABLE in_force AS SELECT * FROM safelist LIMIT 0")
    for row in entries.select(FIELDS).iter_rows():
        case.execute(f"INSERT INTO in_force VALUES ({', '.join('?' * len(FIELDS))})", row)
    queries.run_build(case, "accepted")


def _frame(new: Entry) -> pl.DataFrame:
    return pl.DataFrame([new.row()], schema=TABLES["safelist"].dtypes)
