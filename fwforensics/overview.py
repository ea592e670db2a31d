"""What a case holds, and small corrections to it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from fwforensics.errors import UsageError
from fwforensics.store import Case

SECTIONS = {
    "case": "SELECT (SELECT count(*) FROM sources) AS sources, (SELECT count(*) FROM events) AS events, "
    "(SELECT count(*) FROM connections) AS connections, (SELECT count(*) FROM activity) AS activity, "
    "(SELECT count(*) FROM runs) AS runs, (SELECT min(ts) FROM events) AS first_ts, (SELECT max(ts) FROM events) AS last_ts, "
    "(SELECT count(*) FROM rejects) AS rejects",
    "formats": "SELECT format, count(*) AS sources, sum(lines)::BIGINT AS lines, sum(rows)::BIGINT AS rows, "
    "sum(rejects)::BIGINT AS rejects, sum(ignored)::BIGINT AS ignored, string_agg(DISTINCT tz || ' (' || tz_basis || ')', ', ') AS tz, "
    "string_agg(DISTINCT year_basis, ', ') AS year FROM sources GROUP BY format ORDER BY rows DESC, format",
    "ignored": "SELECT reason, program, sum(lines)::BIGINT AS lines, any_value(sample) AS sample FROM ignored "
    "GROUP BY reason, program ORDER BY lines DESC, reason, program",
    "rejects": "SELECT reason, count(*) AS lines, any_value(left(raw, 100)) AS sample FROM rejects GROUP BY reason ORDER BY lines DESC, reason",
    "runs": "SELECT r.run_id, r.started_at, r.ended_at, r.basis, round(sum(e.seconds) / epoch(r.ended_at - r.started_at), 3) AS "
    "sensor_time_share, count(DISTINCT e.sensor) AS sensors FROM runs AS r LEFT JOIN exposures AS e USING (run_id) "
    "GROUP BY r.run_id, r.started_at, r.ended_at, r.basis ORDER BY r.started_at, r.run_id",
}


def overview(case: Case) -> dict[str, pl.DataFrame]:
    """Sections of `fwf info`, by title."""
    parts = {name: case.sql(sql).pl() for name, sql in SECTIONS.items()}
    parts["sensors"] = coverage(case)
    return {name: frame for name, frame in parts.items() if frame.height}


def coverage(case: Case) -> pl.DataFrame:
    """Each sensor's first and last minute, records, lost records and longest gap."""
    return case.sql(
        "SELECT sensor, min(bucket) AS first_minute, max(bucket) AS last_minute, sum(records)::BIGINT AS records, "
        "sum(events)::BIGINT AS events, sum(lost)::BIGINT AS lost, count(*) AS minutes_with_records, "
        "max(gap) AS longest_gap_s FROM (SELECT *, epoch(lead(bucket) OVER (PARTITION BY sensor ORDER BY bucket) - bucket) - 60 AS gap "
        "FROM coverage) GROUP BY sensor ORDER BY sensor"
    ).pl()


def exposures(case: Case) -> pl.DataFrame:
    """When each run could have been seen."""
    return case.sql("SELECT * FROM exposures ORDER BY run_id, sensor, started_at").pl()


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
    from fwforensics.store import network_range

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


#: Things that must hold in every case: name → query that counts the violations.
INVARIANTS = {
    "lines are parsed, rejected or ignored": "SELECT count(*) FROM sources WHERE lines <> parsed + rejects + ignored",
    "rejects are counted": "SELECT count(*) FROM sources AS s WHERE rejects <> (SELECT count(*) FROM rejects AS r WHERE r.source_id = s.source_id)",
    "ignored lines are counted": "SELECT count(*) FROM sources AS s WHERE ignored <> "
    "(SELECT coalesce(sum(lines), 0) FROM ignored AS i WHERE i.source_id = s.source_id)",
    "events have a source": "SELECT count(*) FROM events WHERE source_id NOT IN (SELECT source_id FROM sources)",
    "connections stand on events": "SELECT count(*) FROM (SELECT source_id FROM connection_events EXCEPT SELECT source_id FROM sources)",
}


def check(case: Case) -> list[str]:
    """Which invariants do not hold."""
    return [name for name, sql in INVARIANTS.items() if case.sql(sql).scalar()]
