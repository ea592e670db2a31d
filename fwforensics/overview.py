"""What a case holds, and small corrections to it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from fwforensics.errors import UsageError
from fwforensics.queries import listing
from fwforensics.store import Case, network_range

#: Sections of `fwf info`: title → listing.
SECTIONS = {
    "case": "contents", "formats": "formats-read", "ignored": "lines-ignored", "rejects": "lines-rejected",
    "runs": "run-list", "sensors": "sensor-coverage",
}  # fmt: skip


def overview(case: Case) -> dict[str, pl.DataFrame]:
    """Sections of `fwf info`, by title."""
    parts = {title: listing(case, name) for title, name in SECTIONS.items()}
    return {title: frame for title, frame in parts.items() if frame.height}


def require_sources(case: Case, ids: Sequence[int]) -> None:
    """Raise where a source is not in the case."""
    known = set(case.sql("SELECT source_id FROM sources").pl()["source_id"])
    if missing := set(ids) - known:
        raise UsageError(f"there is no source {min(missing)}", remedy="see: fwf sources")


def set_sources(case: Case, ids: Sequence[int], *, run: str | None, sensor: str | None) -> None:
    """Correct run or sensor of sources; audited."""
    require_sources(case, ids)
    with case.transaction():
        for source_id in ids:
            if run is not None:
                case.execute(
                    "UPDATE sources SET run_id = nullif(?, ''), options = json_merge_patch(options, json_object('run', nullif(?, ''))) "
                    "WHERE source_id = ?", [run, run, source_id],
                )  # fmt: skip
            if sensor is not None:
                _set_sensor(case, source_id, sensor)
        case.execute("UPDATE meta SET derived_dirty = true")
        case.log("sources set", {"ids": list(ids), "run": run, "sensor": sensor}, len(ids), 0.0)


def _set_sensor(case: Case, source_id: int, sensor: str) -> None:
    """A source has one sensor then, whatever its records say."""
    case.execute(
        "UPDATE sources SET sensor = ?, sensor_basis = 'option', options = json_merge_patch(options, json_object('sensor', ?)) "
        "WHERE source_id = ?", [sensor, sensor, source_id],
    )  # fmt: skip
    for table in ("events", "translations"):
        case.execute(f"UPDATE {table} SET sensor = ? WHERE source_id = ?", [sensor, source_id])  # noqa: S608
    merged = case.sql(
        "SELECT source_id, ?::VARCHAR AS sensor, bucket, sum(records)::UBIGINT AS records, sum(events)::UBIGINT AS events, "
        "sum(lost)::UBIGINT AS lost FROM source_coverage WHERE source_id = ? GROUP BY source_id, bucket ORDER BY bucket",
        [sensor, source_id],
    ).pl()
    case.execute("DELETE FROM source_coverage WHERE source_id = ?", [source_id])
    case.append("source_coverage", merged)


def remove_network(case: Case, cidr: str) -> None:
    """Forget a network; audited."""
    text = network_range(cidr)[0]
    if not case.sql("SELECT count(*) FROM networks WHERE cidr = ?", [text]).scalar():
        raise UsageError(f"{cidr} is not declared", remedy="see: fwf networks")
    with case.transaction():
        case.execute("DELETE FROM networks WHERE cidr = ?", [text])
        case.execute("UPDATE meta SET derived_dirty = true")
        case.log("networks remove", {"cidr": text}, 1, 0.0)


def import_networks(case: Case, file: str) -> int:
    """Declare the networks of a CSV file with cidr and, if given, name and zone."""
    if not Path(file).is_file():
        raise UsageError("there is no such file", where=file)
    try:
        frame = pl.read_csv(file, infer_schema=False)
    except pl.exceptions.PolarsError as error:
        raise UsageError(f"this is no CSV: {error}", where=file) from error
    if "cidr" not in frame.columns:
        raise UsageError("the file has no column cidr", where=file, remedy="it needs cidr, and may have name and zone")
    with case.transaction():
        for row in frame.to_dicts():
            zone = row.get("zone") or "internal"
            if zone not in ("internal", "external"):
                raise UsageError(f"{zone!r} is no zone", where=file, remedy="write internal or external")
            case.add_network(row["cidr"], row.get("name"), zone)
        case.execute("UPDATE meta SET derived_dirty = true")
        case.log("networks import", {"file": file}, frame.height, 0.0)
    return frame.height


def check(case: Case) -> list[str]:
    """What must hold in every case and does not."""
    return listing(case, "faults")["fault"].to_list()
