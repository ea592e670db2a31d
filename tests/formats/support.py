"""Parse text as one source, as ingest does."""

from __future__ import annotations

from datetime import datetime

from fwforensics.formats import formats
from fwforensics.formats._engine import Batch, Recogniser, parse
from fwforensics.formats._format import Context
from fwforensics.formats._lines import Lines

LATEST = datetime(2026, 11, 25)  # noqa: DTZ001 (contexts hold UTC without saying so)


def parse_text(
    text: str | bytes, *, only: str | None = None, tz: str = "UTC", year: int | None = None, latest: datetime = LATEST
) -> Batch:
    """What the engine makes of `text`; `only` forces one format."""
    content = text if isinstance(text, bytes) else text.encode()
    chosen = [f for f in formats().values() if f.binary is None and only in (None, f.name)]
    contexts = {f.name: Context(tz=tz, latest=latest, year=year) for f in chosen}
    recogniser = Recogniser(chosen, forced=only is not None)
    return parse(Lines.of(content), recogniser, contexts, Context(tz=tz, latest=latest, year=year))


def rows(text: str | bytes, table: str = "events", **options: object) -> list[dict[str, object]]:
    """The rows of one table, as dictionaries without NULLs."""
    batch = parse_text(text, **options)  # type: ignore[arg-type]
    frame = batch.frames.get(table)
    return [] if frame is None else [{k: v for k, v in r.items() if v is not None} for r in frame.to_dicts()]
