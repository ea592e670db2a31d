"""What a case holds, and small corrections to it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from fwforensics.errors import UsageError
from fwforensics.queries import listing, run_build
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
                run_build(case, "source_run", {"source": source_id, "run": run})
            if sensor is not None:
                run_build(case, "source_sensor", {"source": source_id, "device": sensor})
        case.execute("UPDATE meta SET derived_dirty = true")
        case.log("sources set", {"ids": list(ids), "run": run, "sensor": sensor}, len(ids), 0.0)


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
