"""Run manifests: CSV, JSON or JSONL with run_id, start, end, and the hosts or addresses of each run.

Hosts and addresses stand as lists (JSON lists, or text separated by blanks, commas or semicolons) or one a row; an
address may have an interval of its own: `{"ip": …, "started_at": …, "ended_at": …}`, or the columns `address_start`
and `address_end`.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl

from fwforensics.errors import UsageError
from fwforensics.formats._finish import canonical_address
from fwforensics.reader import find
from fwforensics.store import Case, utc_of

ALIASES = {
    "run": "run_id", "id": "run_id", "start": "started_at", "start_ts": "started_at", "start_time": "started_at",
    "end": "ended_at", "end_ts": "ended_at", "end_time": "ended_at", "host": "hosts", "node": "hosts", "nodes": "hosts",
    "address": "addresses", "ip": "addresses", "ips": "addresses", "addr": "addresses",
}  # fmt: skip


@dataclass(slots=True)
class Run:
    """One run of a manifest; an address is (ip, from, to)."""

    run_id: str
    name: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    hosts: list[str] = field(default_factory=list)
    addresses: list[tuple[str, datetime | None, datetime | None]] = field(default_factory=list)
    rest: dict[str, Any] = field(default_factory=dict)


def import_manifest(case: Case, path: str, tz: str = "UTC") -> int:
    """Read a manifest into `runs` and `leases`; a run that is there already is replaced. Returns the number of runs."""
    if not Path(path).is_file():
        raise UsageError("there is no such file", where=path)
    with find(path, None).open() as content:
        text = content.read().decode("utf-8-sig", "backslashreplace")
    runs = read(text, path, tz)
    with case.transaction():
        for run in runs:
            _store(case, run)
        case.execute("UPDATE meta SET derived_dirty = true")
        case.log("runs import", {"file": path, "runs": len(runs)}, len(runs), 0.0)
    return len(runs)


def read(text: str, path: str = "manifest", tz: str = "UTC") -> list[Run]:
    """The runs of a manifest's text; rows of one run are put together."""
    try:
        zone = ZoneInfo(tz)
    except (ZoneInfoNotFoundError, ValueError):
        raise UsageError(f"there is no time zone {tz!r}", remedy="give an IANA name such as Europe/Berlin") from None
    runs: dict[str, Run] = {}
    for number, given in _records(text, path):
        row = {ALIASES.get(k.strip().lower(), k.strip()): v for k, v in given.items() if k is not None}
        where = f"{path}:{number}"
        if not row.get("run_id"):
            raise UsageError("a row has no run_id", where=where, remedy="each row needs run_id and started_at")
        run = runs.setdefault(str(row["run_id"]), Run(str(row["run_id"])))
        _merge(run, row, where, zone)
    for run in runs.values():
        if run.started_at is None:
            raise UsageError(
                f"run {run.run_id} has no start", where=path, remedy="each run needs started_at (or start)"
            )
        if run.ended_at is not None and run.ended_at < run.started_at:
            raise UsageError(f"run {run.run_id} ends before it starts", where=path)
    if not runs:
        raise UsageError(
            "there is no run in it", where=path, remedy="give a CSV, JSON or JSONL with run_id and started_at"
        )
    return list(runs.values())


def _records(text: str, path: str) -> Iterable[tuple[int, dict[str, Any]]]:
    body = text.lstrip()
    try:
        if body.startswith("["):
            yield from enumerate(json.loads(body), 1)
            return
        if body.startswith("{"):
            yield from _objects(body)
            return
    except (json.JSONDecodeError, AttributeError) as error:
        raise UsageError(f"this is no JSON: {error}", where=path) from error
    yield from enumerate(csv.DictReader(io.StringIO(text)), 2)


def _objects(body: str) -> Iterable[tuple[int, dict[str, Any]]]:
    """JSON lines, or one object that holds a list of runs."""
    try:
        whole = json.loads(body)
    except json.JSONDecodeError:
        for number, line in enumerate(body.split("\n"), 1):
            if line.strip():
                yield number, json.loads(line)
        return
    listed = next((v for v in whole.values() if isinstance(v, list) and v and isinstance(v[0], dict)), None)
    yield from enumerate(listed if listed is not None and "run_id" not in whole else [whole], 1)


def _merge(run: Run, row: dict[str, Any], where: str, zone: ZoneInfo) -> None:
    begin, end = (_moment(row.get(k), where, zone) for k in ("started_at", "ended_at"))
    run.started_at = min(filter(None, (run.started_at, begin)), default=None)
    run.ended_at = max(filter(None, (run.ended_at, end)), default=None)
    run.name = row.get("name") or run.name
    run.hosts += [h for h in map(str, _listed(row.get("hosts"))) if h not in run.hosts]
    own = (_moment(row.get("address_start"), where, zone), _moment(row.get("address_end"), where, zone))
    for given in _listed(row.get("addresses")):
        run.addresses.append(_address(given, own, where, zone))
    known = {"run_id", "name", "started_at", "ended_at", "hosts", "addresses", "address_start", "address_end"}
    run.rest |= {k: v for k, v in row.items() if k not in known and v not in (None, "")}


def _listed(value: Any) -> list[Any]:
    """A list, however it is written."""
    if value is None or value == "":
        return []
    if isinstance(value, dict):
        return [{"ip": v, "host": k} for k, v in value.items()]
    if isinstance(value, list):
        return value
    text = str(value).strip()
    if text.startswith("["):
        try:
            parsed = json.loads(text)
        except json.JSONDecodeError:
            parsed = None
        if isinstance(parsed, list):
            return parsed
    return [part for part in re.split(r"[\s,;]+", text.strip("[]")) if part]


def _address(
    given: Any, own: tuple[datetime | None, datetime | None], where: str, zone: ZoneInfo
) -> tuple[str, datetime | None, datetime | None]:
    begin, end = own
    if isinstance(given, dict):
        row = {ALIASES.get(k, k): v for k, v in given.items()}
        begin, end = (
            _moment(row.get("started_at", row.get("from")), where, zone),
            _moment(row.get("ended_at", row.get("to")), where, zone),
        )
        given = row.get("addresses")
    ip = canonical_address(str(given))
    if ip is None:
        raise UsageError(f"{given!r} is no address", where=where)
    return ip, begin, end


def _moment(value: Any, where: str, zone: ZoneInfo) -> datetime | None:
    if value in (None, ""):
        return None
    try:
        if isinstance(value, int | float) or re.fullmatch(r"\d{9,10}(?:\.\d+)?", str(value)):
            return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=float(value))).replace(tzinfo=None)
        parsed = datetime.fromisoformat(str(value).strip())
    except ValueError:
        raise UsageError(f"{value!r} is no time", where=where, remedy="write 2026-11-24T00:48:00Z") from None
    return utc_of(parsed if parsed.tzinfo else parsed.replace(tzinfo=zone))


def _store(case: Case, run: Run) -> None:
    attributes = {
        **run.rest,
        **({"hosts": run.hosts} if run.hosts else {}),
        **({"addresses": [a[0] for a in run.addresses]} if run.addresses else {}),
    }
    case.execute("DELETE FROM runs WHERE run_id = ?", [run.run_id])
    case.execute("DELETE FROM leases WHERE owner_kind = 'run' AND run_id = ? AND source_id IS NULL", [run.run_id])
    case.execute(
        "INSERT INTO runs VALUES (?, ?, ?, ?, 'manifest', ?)",
        [run.run_id, run.name, run.started_at, run.ended_at, json.dumps(attributes, default=str)],
    )
    if run.addresses:
        rows = [(ip, "run", run.run_id, run.run_id, begin, end) for ip, begin, end in run.addresses]
        texts = ("ip", "owner_kind", "owner_id", "run_id")
        schema = {**dict.fromkeys(texts, pl.String()), **dict.fromkeys(("started_at", "ended_at"), pl.Datetime("us"))}
        case.append("leases", pl.DataFrame(rows, schema=schema, orient="row"))
