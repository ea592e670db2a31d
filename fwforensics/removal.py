"""Taking a source out of the case, with everything that came from it."""

from __future__ import annotations

from collections.abc import Iterable

from fwforensics.errors import UsageError
from fwforensics.store import Case

#: Tables whose rows name the source that they came from.
FROM_SOURCES = (
    "events", "activity", "leases", "translations", "gpu_samples", "hosts", "rejects", "ignored", "source_coverage",
    "source_skips", "sources",
)  # fmt: skip


def remove_rows(case: Case, source_id: int) -> None:
    """Take a source and everything that came from it out of the case (in the caller's transaction)."""
    for table in FROM_SOURCES:
        case.execute(f"DELETE FROM {table} WHERE source_id = ?", [source_id])
    case.execute("UPDATE meta SET derived_dirty = true")


def require_independent(case: Case, ids: Iterable[int], besides: Iterable[int] = ()) -> None:
    """Raise where a source that stays holds only what came after one that would go."""
    found = case.sql(
        "SELECT owner, source_id FROM source_skips WHERE owner IN (SELECT unnest(?)) "
        "AND source_id NOT IN (SELECT unnest(?)) ORDER BY ALL",
        [list(ids) or [0], [*ids, *besides] or [0]],
    ).rows()
    if found:
        owner, leaning = found[0]["owner"], sorted({r["source_id"] for r in found})
        every = " ".join(map(str, sorted({*ids, *leaning})))
        raise UsageError(
            f"source {leaning[0]} was read only as far as source {owner} does not have it",
            remedy=f"remove them together (fwf sources remove {every}) and ingest again",
        )
