"""What the sources can show: a detection whose needs nobody fills is "not evaluable", which is no all-clear.

A need names columns, of any of which one must be filled: `events.signature|events.app`. What `connections` has comes
from events, in either direction; other tables meet a need by having it filled in any row. `indicators.value:mining` is
met where indicators of that category name addresses or networks.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from fwforensics.queries import Query, run_build
from fwforensics.store import Case

#: Column of `connections` → columns of events that it is worked out of.
MADE_OF = {
    "client_ip": ("src_ip",), "server_ip": ("dst_ip",), "server_port": ("dst_port",), "server_name": ("dst_name",),
    "duration": ("duration", "ts_end"), "bytes_out": ("bytes_out", "bytes_in"), "bytes_in": ("bytes_in", "bytes_out"),
    "packets_out": ("packets_out", "packets_in"), "packets_in": ("packets_in", "packets_out"), "action": ("action",),
    "app": ("app",), "protocol": ("protocol",),
}  # fmt: skip
#: Columns of events that `source_capabilities` keeps; of others it is asked when a query needs them.
TRACKED = (
    "action", "src_ip", "dst_ip", "dst_port", "protocol", "bytes_out", "bytes_in", "packets_out", "packets_in",
    "duration", "ts_end", "app", "dst_name", "signature", "icmp_type", "user_name", "rule",
)  # fmt: skip


def evaluate(case: Case, chosen: Sequence[Query]) -> pl.DataFrame:
    """Fill `evaluability` for the chosen detections.

    Returns:
        One row a detection, as the whole case answers it: `detection`, `state` (evaluated, not evaluable), `missing`
        (what no source fills), `runs` (runs that it could not be evaluated in although a sensor saw them).
    """
    rows = [(q.name, need, _filled_by(case, need)) for q in chosen for need in q.needs or ("events.src_ip",)]
    columns: dict[str, type[pl.DataType] | pl.DataType] = {
        "detection": pl.String, "need": pl.String, "filled_by": pl.List(pl.String),
    }  # fmt: skip
    case.temporary("needed", pl.DataFrame(rows, schema=columns, orient="row"))
    run_build(case, "evaluability")
    return case.sql(
        """
        SELECT detection,
            CASE WHEN bool_or(run_id IS NULL AND state = 'evaluable') THEN 'evaluated' ELSE 'not evaluable' END
                AS state,
            coalesce(max(missing) FILTER (run_id IS NULL), '') AS missing,
            count(*) FILTER (run_id IS NOT NULL AND state = 'not evaluable') AS runs
        FROM evaluability GROUP BY detection ORDER BY detection
        """
    ).pl()


def unmet(case: Case, query: Query) -> list[str]:
    """Needs of a query that nothing in the case meets."""
    return [need for need in query.needs if not _is_met(case, need)]


def _is_met(case: Case, need: str) -> bool:
    columns = _filled_by(case, need)
    if columns is None:
        return True
    found = case.sql("SELECT bool_or(list_has_any(fills, ?)) FROM source_capabilities", [columns]).scalar()
    return bool(found)


def _filled_by(case: Case, need: str) -> list[str] | None:
    """Columns of events that meet a need; NULL where it is met already, none where nothing can meet it any more."""
    columns: list[str] = []
    for part in need.split("|"):
        table, _, column = part.rpartition(".")
        column, _, category = column.partition(":")
        if category:
            if _has_addresses(case, category):
                return None
        elif table == "connections" and column in MADE_OF:
            columns += MADE_OF[column]
        elif table == "events" and column in TRACKED:
            columns.append(column)
        elif case.sql(f"SELECT EXISTS (SELECT 1 FROM {table or 'events'} WHERE {column} IS NOT NULL)").scalar():
            return None
    return columns


def _has_addresses(case: Case, category: str) -> bool:
    """Do indicators of a category name addresses, so that no name is needed to see one?"""
    known = "SELECT EXISTS (SELECT 1 FROM indicators WHERE category = ? AND kind IN ('ip', 'cidr'))"
    return bool(case.sql(known, [category]).scalar())
