"""What follows from the events: addresses, hosts, connections, exposures. Built anew whenever events have changed."""

from __future__ import annotations

import polars as pl

from fwforensics import knowledge
from fwforensics.queries import build_statements, install_views
from fwforensics.store import Case, ip_key

#: In this order: each may read what the ones before it wrote.
STEPS = ("addresses", "hosts", "claims", "networks", "scopes", "runs", "leases", "connections", "exposures",
         "source_capabilities")  # fmt: skip


def refresh(case: Case, *, force: bool = False) -> bool:
    """Bring derived tables up to date; returns whether there was anything to do."""
    if not (force or is_stale(case)):
        return False
    with case.transaction():
        install_views(case)
        _new_addresses(case)
        for step in STEPS:
            for statement in _statements(case, step):
                case.execute(statement)
        knowledge.refresh(case, lists=False)
        case.execute("UPDATE meta SET derived_dirty = false")
    return True


def _statements(case: Case, step: str) -> list[str]:
    """The statements of a step; where no run is, none was exposed, however long the log."""
    statements = build_statements(step)
    if step == "exposures" and not case.sql("SELECT count(*) FROM runs").scalar():
        return statements[:1]
    return statements


def is_stale(case: Case) -> bool:
    """Have the events changed since the derived tables were built?"""
    return bool(case.sql("SELECT derived_dirty FROM meta").scalar())


def _new_addresses(case: Case) -> None:
    """Keys of IPv6 addresses are worked out here; SQL does IPv4."""
    fresh = case.sql(build_statements("new_addresses")[0]).pl()
    if fresh.height:
        keys = pl.Series("ip_key", [ip_key(t) for t in fresh["ip"]], pl.String)
        case.append("addresses", fresh.with_columns(keys, pl.lit(6, pl.UInt8).alias("version")))
